"""Appending through the façade and the loaders needs a custodian's key."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from loaders.__main__ import main
from tests.demo import ROOT
from trigpoint.errors import KeyRequired, NoSigningKey, NotPermitted
from trigpoint.identity import signer_of
from trigpoint.log.entry import Batch, BatchKey
from trigpoint.register import Registers
from trigpoint.rights import OWNER, OWNER_FILE, Custodians
from trigpoint.staging import Load

BATCH = Batch("test", "A test")
FCDO = "Foreign Office"
LOADS = [Load("country", pl.DataFrame({"country": ["FR"], "name": ["France"]}))]


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    """A new data directory, made by being opened."""
    return Registers.open(tmp_path / "data", write=True)


@pytest.fixture
def custodians(registers: Registers) -> Custodians:
    return Custodians(signer_of(registers.data).keys.path)


def without_owner(custodians: Custodians) -> None:
    (custodians.folder / OWNER_FILE).unlink()


def test_who_can_read_the_keys_folder_appends_as_the_owner(
    registers: Registers,
) -> None:
    """Without a key named the owner's is taken, and the log says so."""
    assert registers.load(LOADS, BATCH).appended
    (batch,) = registers.log.batches()
    assert batch.key is not None
    assert batch.key.name == OWNER


def test_the_log_says_which_key_a_batch_was_appended_with(
    registers: Registers, custodians: Custodians
) -> None:
    """Id and organisation, of rows and of archives."""
    token = custodians.add(FCDO, ["country"])
    assert registers.load(LOADS, BATCH, key=token.reveal()).appended
    (batch,) = registers.log.batches()
    assert batch.key == BatchKey(token.id, FCDO)


def test_without_any_key_nothing_is_appended(
    registers: Registers, custodians: Custodians
) -> None:
    """The refusal comes first, and leaves no trace; a dry run needs no key."""
    without_owner(custodians)
    with pytest.raises(KeyRequired, match="--key"):
        registers.load(LOADS, BATCH)
    with pytest.raises(KeyRequired):
        registers.import_rsf([registers.data / "nothing.rsf"], BATCH)
    assert registers.log.sizes() == {}
    assert registers.load(LOADS, BATCH, dry_run=True).counts["country"].added == 1


def test_a_keys_folder_that_is_gone_is_named(
    registers: Registers, custodians: Custodians, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another key would not help, so none is asked for."""
    shutil.move(custodians.folder, registers.data.parent / "elsewhere")
    for key in (None, "no-key"):
        with pytest.raises(NoSigningKey, match=str(custodians.folder)):
            registers.permit(key)
    rows = registers.data.parent / "rows.csv"
    rows.write_text("country,name\nFR,France\n")
    words = ["rows", str(rows), "--register", "country", "--data", str(registers.data)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert str(custodians.folder) in said
    assert "--key" not in said


def test_one_register_that_the_key_is_not_for_keeps_all_out(
    registers: Registers, custodians: Custodians
) -> None:
    """A batch over two registers needs a key for both, and says which is missing."""
    token = custodians.add(FCDO, ["country"]).reveal()
    territories = pl.DataFrame({"territory": ["GI"], "name": ["Gibraltar"]})
    loads = [*LOADS, Load("territory", territories)]
    with pytest.raises(NotPermitted, match="not for the register territory"):
        registers.load(loads, BATCH, key=token)
    with pytest.raises(NotPermitted, match="not for the register territory"):
        registers.load(loads, BATCH, key=token, dry_run=True)
    assert registers.log.sizes() == {}


def test_an_archive_needs_a_key_for_the_register_it_is_of(
    registers: Registers, custodians: Custodians
) -> None:
    """What is in the file counts, not what it is called."""
    token = custodians.add(FCDO, ["territory"]).reveal()
    shutil.copy(ROOT / "data/country.rsf", registers.data / "territory.rsf")
    with pytest.raises(NotPermitted, match="not for the register country"):
        registers.import_rsf([registers.data / "territory.rsf"], BATCH, key=token)
    assert registers.log.sizes() == {}


def test_loaders_take_a_key_from_a_file(
    registers: Registers,
    custodians: Custodians,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--key` or TRIGPOINT_KEY name a file; a key that is not for it is exit code 2."""
    without_owner(custodians)
    folder = registers.data.parent
    rows, key = folder / "rows.csv", folder / "key"
    rows.write_text("country,name\nFR,France\n")
    words = ["rows", str(rows), "--register", "country", "--data", str(registers.data)]
    assert main(words) == 2
    assert "--key or TRIGPOINT_KEY" in capsys.readouterr().err
    token = custodians.add("Department for Education", ["school-eng"])
    key.write_text(token.reveal())
    key.chmod(0o600)
    assert main([*words, "--key", str(key)]) == 2
    said = capsys.readouterr().err
    assert "not for the register country" in said
    assert token.secret not in said
    key.write_text(custodians.add(FCDO, ["country"]).reveal())
    monkeypatch.setenv("TRIGPOINT_KEY", str(key))
    assert main(words) == 0
    (batch,) = registers.log.batches()
    assert batch.key is not None
    assert batch.key.name == FCDO
