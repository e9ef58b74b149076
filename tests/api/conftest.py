"""One small data directory and one running application for all tests of the doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.sample import build
from tests.testclient import TestClient
from trigpoint.graph import QueryLimits
from trigpoint.register import Registers


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the sample registers, published."""
    folder = tmp_path_factory.mktemp("registers") / "data"
    build(folder).log.close()
    return folder


@pytest.fixture(scope="session")
def registers(data: Path) -> Registers:
    """The sample registers, opened as a server opens them."""
    return Registers.open(data)


@pytest.fixture(scope="session")
def client(registers: Registers) -> Iterator[TestClient]:
    """A client of the application; it follows no redirect by itself."""
    app = create_app(registers, workers=1, limits=QueryLimits(time=5))
    with TestClient(
        app,
        base_url="http://localhost:8000",
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as running:
        yield running
