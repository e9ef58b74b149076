"""One directory, to be copied and changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tamper.directory import build


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that verifies; `copy` it to change it."""
    return build(tmp_path_factory.mktemp("origin")).data
