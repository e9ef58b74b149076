"""A replica withholds what the log that it follows does, and erases it as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.redaction.secret import OUTLINE, SCHOOL, left_in, make_copies
from trigpoint.cli import app
from trigpoint.redaction import find, redact
from trigpoint.register import Registers
from trigpoint.replica.export import export_static


def follow(export: Path, replica: Path, *words: str) -> Result:
    words = ("follow", str(export), str(replica), "--once", *words)
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize("words", [(), ("--no-views",)])
def test_a_replica_erases_what_is_withheld(
    registers: Registers, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Log, views, dumps and the spool of an interrupted fetch: all had it, and after
    the next round none has, whether or not the views are built again."""
    export, replica = tmp_path / "export", tmp_path / "replica"
    export_static(registers.log, export)
    follow(export, replica)
    make_copies(Registers.open(replica))
    spooled = replica / "incoming" / "address" / "items"
    spooled.parent.mkdir(parents=True)
    shutil.copy(export / "registers/boundary/tile/items/000.p/1", spooled)
    before = {name.split("/")[0].removesuffix("-wal") for name in left_in(replica)}
    assert before == {*("log.sqlite", "views", "dumps", "rejects", "incoming")}
    for register, key in (("school-eng", SCHOOL), ("boundary", OUTLINE)):
        found = find(registers.log, register, key=key, trail=True)
        redact(registers, found, "It tells of a person")
    export_static(registers.log, export)
    told = follow(export, replica, *words)
    assert "2 items withheld" in told.output
    assert left_in(replica, export) == {}
    copy = Registers.open(replica)
    assert copy.log.withheld() == registers.log.withheld()
    verified = CliRunner().invoke(app, ["verify", "--data", str(replica)])
    assert "2 items withheld, verified" in verified.output
    assert (copy.views.current() is None) == bool(words)
