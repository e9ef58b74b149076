"""`trigpoint key`: making, listing and revoking custodians' keys."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trigpoint.cli import app
from trigpoint.errors import (
    InvalidInput,
    KeyRequired,
    NoSigningKey,
    NoSuchRegister,
    NotPermitted,
)
from trigpoint.identity import signer_of
from trigpoint.register import Registers
from trigpoint.rights import OWNER, Custodians, read_token

DFE = "Department for Education"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that was just initialised."""
    data = tmp_path / "data"
    Registers.open(data, write=True).log.close()
    return data


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["key", *words, "--data", str(data)])


def add(data: Path, *words: str) -> Result:
    return run(data, "add", "--name", DFE, *words)


def custodians_of(data: Path) -> Custodians:
    return Custodians(signer_of(data).keys.path)


def test_a_key_is_printed_once_and_listed_without_its_secret(data: Path) -> None:
    """Standard output has the token and nothing else; the list has what it is for."""
    made = add(data, "--register", "school-eng", "--expires", "2999-01-01")
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert re.fullmatch(r"tp_[0-9a-f]{12}_[0-9a-f]{64}", token)
    assert custodians_of(data).permit(token, ["school-eng"]).name == DFE
    secret = token.split("_")[2]
    assert secret not in made.stderr
    listed = run(data, "list").output
    assert secret not in listed
    owner, line = listed.splitlines()
    assert owner.endswith(OWNER)
    words = [token.split("_")[1], "in", "force", "until", "2999-01-01"]
    assert line.split()[:5] == words
    assert line.endswith(f"school-eng  {DFE}")


def test_a_key_is_written_to_a_file_of_ones_own(data: Path) -> None:
    """Mode 0600, and never over what is there."""
    out = data.parent / "key"
    made = add(data, "--register", "*", "--out", str(out))
    assert made.stdout == ""
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert custodians_of(data).permit(read_token(out), ["country"]).name == DFE
    before = out.read_text()
    again = add(data, "--register", "*", "--out", str(out))
    assert isinstance(again.exception, InvalidInput)
    assert out.read_text() == before


def test_a_key_that_could_not_be_written_is_not_in_force(data: Path) -> None:
    """Nobody has it, so it is revoked at once."""
    out = data.parent / ("k" * 250)  # the file beside it has a longer name
    assert isinstance(
        add(data, "--register", "*", "--out", str(out)).exception, OSError
    )
    assert [key.revoked is None for key in custodians_of(data).known()] == [True, False]


def test_a_key_for_a_folder_that_is_not_there_is_not_made(data: Path) -> None:
    """The folder is named, and the list has the owner's key alone."""
    out = data.parent / "nothing" / "key"
    made = add(data, "--register", "*", "--out", str(out))
    assert isinstance(made.exception, InvalidInput)
    assert str(out.parent) in str(made.exception)
    assert len(custodians_of(data).known()) == 1


def test_a_revoked_key_is_refused_and_listed_as_such(data: Path) -> None:
    """The list says since when."""
    token = add(data, "--register", "*").stdout.strip()
    assert run(data, "revoke", token.split("_")[1]).exit_code == 0
    assert re.search(r"revoked \d{4}-.*Department", run(data, "list").output)
    with pytest.raises(NotPermitted, match="revoked"):
        custodians_of(data).permit(token, [])
    assert isinstance(run(data, "revoke", "0" * 12).exception, InvalidInput)


def test_a_name_of_a_person_or_no_register_makes_no_key(data: Path) -> None:
    """A misspelt register would be a key for nothing."""
    wrong = run(data, "add", "--name", "jane@example.org", "--register", "*")
    assert isinstance(wrong.exception, InvalidInput)
    wrong = add(data, "--register", "school-egn")
    assert isinstance(wrong.exception, NoSuchRegister)
    assert "school-eng" in str(wrong.exception)
    assert len(custodians_of(data).known()) == 1


def test_without_the_keys_folder_there_are_no_keys(data: Path) -> None:
    """A copy of the data alone lets nobody append, and no verb makes another folder,
    which would stand where the one that is missing is to be put back."""
    folder = custodians_of(data).folder
    assert run(data, "list").output.count("\n") == 1
    shutil.rmtree(folder)
    for words in (["list"], ["revoke", "0" * 12], ["add", "--name", DFE]):
        words += ["--register", "*"] if words[0] == "add" else []
        assert isinstance(run(data, *words).exception, NoSigningKey), words
    assert not folder.exists()
    with pytest.raises(KeyRequired):
        custodians_of(data).permit(None, ["country"])
