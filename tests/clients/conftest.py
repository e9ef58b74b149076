"""One real server over the embedded sample, for real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import installed
from tests.served import served
from trigpoint.register import Registers


@pytest.fixture(scope="session")
def endpoint(demo: Path) -> Iterator[str]:
    """The URL of the SPARQL endpoint of a server in processes of its own."""
    with served(demo) as server:
        yield f"{server.home}/sparql"


@pytest.fixture(scope="session")
def known(demo: Path) -> Iterator[Registers]:
    """The registers that are served, to know what is right."""
    registers = Registers.open(demo)
    yield registers
    registers.log.close()


@pytest.fixture(scope="session")
def comunica() -> Path:
    """The folder in which comunica is installed."""
    folder = installed.comunica()
    assert folder is not None
    return folder
