"""Fixtures shared by all tests; nothing global but the folders of real files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.installed import comunica
from tests.demo import build_demo
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas

REAL_DATA = os.environ.get("TRIGPOINT_REAL_DATA")
SUITES = os.environ.get("TRIGPOINT_SUITES")
OGR2OGR = shutil.which("ogr2ogr")
VIRTUOSO = shutil.which("virtuoso-t")
# Looked for when a test that runs needs it, since some take a while.
_NEEDS: dict[str, tuple[str, Callable[[], object]]] = {
    "real_data": ("TRIGPOINT_REAL_DATA is not set", lambda: REAL_DATA),
    "suites": ("TRIGPOINT_SUITES is not set", lambda: SUITES),
    "ogr2ogr": ("ogr2ogr is not installed (gdal-bin)", lambda: OGR2OGR),
    "virtuoso_program": ("Virtuoso is not installed", lambda: VIRTUOSO),
    "comunica": ("comunica needs node, and npm with a network", comunica),
}
_left_out: dict[str, int] = {}


@pytest.hookimpl(trylast=True)  # after -k and -m have left out theirs
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect what needs a folder or a program that is not there, and count it."""
    kept = []
    for item in items:
        missing = [
            why
            for fixture, (why, find) in _NEEDS.items()
            if fixture in getattr(item, "fixturenames", ()) and find() is None
        ]
        for why in missing[:1]:
            _left_out[why] = _left_out.get(why, 0) + 1
        if not missing:
            kept.append(item)
    config.hook.pytest_deselected(items=[i for i in items if i not in set(kept)])
    items[:] = kept


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # a process of pytest-xdist, untyped
    """Take over what a test process has left out; each of them counts all tests."""
    _left_out.update(node.workeroutput.get("left_out", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell it to the process that started this one, if one did."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = _left_out


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> None:
    """Say in one loud line how many tests were left out, and why."""
    for why, count in sorted(_left_out.items()):
        terminalreporter.write_line(
            f"!!! {count} TESTS LEFT OUT: {why.upper()} !!!",
            yellow=True,
            bold=True,
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real source files, named by TRIGPOINT_REAL_DATA."""
    assert REAL_DATA is not None
    return Path(REAL_DATA)


@pytest.fixture(scope="session")
def suites() -> Path:
    """The folder of outside test suites, named by TRIGPOINT_SUITES."""
    assert SUITES is not None
    return Path(SUITES)


@pytest.fixture(scope="session")
def ogr2ogr() -> str:
    """GDAL's converter, which reads what we write as others would."""
    assert OGR2OGR is not None
    return OGR2OGR


@pytest.fixture(scope="session")
def virtuoso_program() -> str:
    """A SPARQL server that is not like ours, which can keep our graph."""
    assert VIRTUOSO is not None
    return VIRTUOSO


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """The schemas of the project's own registers."""
    return Schemas([resource_folder("shapes")], [resource_folder("ontology")])


@pytest.fixture(scope="session")
def rsf_files(real_data: Path) -> list[Path]:
    """The archived GOV.UK Registers, one file each."""
    return sorted((real_data / "registers").glob("*.rsf"))


@pytest.fixture(scope="session")
def archived(rsf_files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with every archived register, published. Written to after
    `copy_data` only."""
    data = tmp_path_factory.mktemp("archived")
    registers = Registers.open(data, write=True)
    summary = registers.import_rsf(rsf_files, Batch("rsf", "Archived registers"))
    assert summary.appended
    registers.log.close()
    return data


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the embedded sample, published: `copy_data` to write."""
    data = tmp_path_factory.mktemp("demo") / "data"
    build_demo(data)
    return data
