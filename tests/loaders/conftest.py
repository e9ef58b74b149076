"""A data directory with authorities and areas, and the loader as a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.__main__ import main
from tests.copies import copy_data


@pytest.fixture(scope="session")
def areas(
    archived: Path, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Archived registers, and authorities and areas as of 2026. Copy it to write."""
    data = tmp_path_factory.mktemp("areas") / "data"
    copy_data(archived, data)
    assert main(["area-codes", str(real_data / "codes"), "--data", str(data)]) == 0
    return data


@pytest.fixture
def data(areas: Path, tmp_path: Path) -> Path:
    """A copy of `areas` that a test may write to."""
    return copy_data(areas, tmp_path / "data")


Load = Callable[..., tuple[int, str, str]]


@pytest.fixture
def load(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Run `python -m loaders …` here: exit code, standard output and error."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
