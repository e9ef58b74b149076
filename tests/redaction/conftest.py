"""A data directory with something to withhold, made once and copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.copies import copy_data
from tests.redaction.secret import build, make_copies
from trigpoint.register import Registers


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `data` is a copy of."""
    data = tmp_path_factory.mktemp("redaction") / "data"
    registers = build(data)
    make_copies(registers)
    registers.log.close()
    return data


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    """A data directory with views, dumps and refused rows."""
    return copy_data(original, tmp_path / "data")


@pytest.fixture
def registers(data: Path) -> Registers:
    return Registers.open(data, write=True)
