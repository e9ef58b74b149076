"""A small log that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log.drafts import draft, log_of
from trigpoint.log.store import Log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Three towns in five entries."""
    log = log_of(
        tmp_path,
        draft("a", name="Ayr", start_date="1974", tags=["port", "old"]),
        draft("b", name="Bath"),
        draft("a", name="Ayr", end_date="1996-04", tags=["old"]),
        draft("c", name="Bath", start_date="2000-05-17", end_date="2009-03-31"),
        draft("b", name="Bath Spa"),
    )
    yield log
    log.close()
