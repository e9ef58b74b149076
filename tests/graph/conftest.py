"""The store that queries are asked of in these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.graph.schools import build_store


@pytest.fixture(scope="session")
def schools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 300 schools; nobody changes it."""
    path = tmp_path_factory.mktemp("graph") / "store"
    build_store(path)
    return path
