"""A byte that was changed on disk is found and named, or it says nothing.

Bytes of the database are changed all over it: each must either be found, or lie where
nothing reads it, so that all that the database says, by table and by index, is as it
was. In an export, each byte of each file is covered.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.tamper.directory import content, copy, put_file, verified
from trigpoint.log.bundle import canonical_bytes, make_bundle
from trigpoint.log.keys import parse_keys, register_key
from trigpoint.log.reader import LogReader
from trigpoint.replica.export import export_static

PAGE = 4096


def other(byte: int, chance: random.Random) -> bytes:
    """Another byte: one that differs in a single bit, or any."""
    if chance.random() < 0.5:
        return bytes([byte ^ 1 << chance.randrange(8)])
    return bytes([(byte + chance.randrange(1, 256)) % 256])


def changed(whole: bytes, at: int, chance: random.Random) -> bytes:
    return whole[:at] + other(whole[at], chance) + whole[at + 1 :]


@pytest.mark.parametrize(
    "times", [330, pytest.param(2_000, marks=pytest.mark.long)], ids=["", "long"]
)
def test_a_byte_changed_in_the_database_is_found_or_says_nothing(
    origin: Path, tmp_path: Path, times: int
) -> None:
    """Bytes are chosen in every page; the head of a page is chosen more often."""
    chance = random.Random(times)
    data = copy(origin, tmp_path / "data")
    file = data / "log.sqlite"
    whole, says = file.read_bytes(), content(file)
    states = Counter[str]()
    for turn in range(times):
        start = turn * PAGE % len(whole)
        width = 100 if chance.random() < 0.2 else PAGE
        at = start + chance.randrange(width)
        damaged = changed(whole, at, chance)
        put_file(data, damaged)
        code, said = verified(data)
        if code == 1:
            assert said
            states["found"] += 1
            continue
        assert code == 0, f"byte {at}: {said}"
        put_file(data, damaged)
        assert content(file) == says, f"byte {at} of page {at // PAGE}: not found"
        states["says nothing"] += 1
    assert states["found"] > times // 3


def test_a_byte_changed_in_an_export_is_found_and_its_file_named(
    origin: Path, tmp_path: Path
) -> None:
    """Of each file some bytes: the first, the last, and others; the lists for people
    are not signed, and neither is white space in the keys."""
    chance = random.Random(1)
    out = tmp_path / "out"
    log = LogReader(origin / "log.sqlite")
    export_static(log, out)
    log.close()
    assert verified(out)[0] == 0
    files = [file for file in sorted(out.rglob("*")) if file.is_file()]
    read = [file for file in files if file.name not in ("index.html", ".lock")]
    assert len(read) > 15
    for file in read:
        whole = file.read_bytes()
        places = {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(8))}
        for at in places if whole else ():
            damaged = changed(whole, at, chance)
            file.write_bytes(damaged)
            code, said = verified(out)
            path = file.relative_to(out).as_posix()
            if code == 0:
                assert path == "keys.json"
                assert parse_keys(damaged) == parse_keys(whole)
            else:
                # Of a register that is not there nothing is signed: a fault of usage.
                assert code == 1 or path == "registers.json", f"{path}, {at}: {said}"
                assert named(path, said), f"{path}, {at}: {said}"
        file.write_bytes(whole)
    assert verified(out)[0] == 0


def named(path: str, said: str) -> bool:
    """Whether a message names a file: the register, and the file below its folder."""
    if path in ("keys.json", "registers.json"):
        return path in said or "keys" in said or "registers/" in said
    register, _, below = path.removeprefix("registers/").partition("/")
    return f"registers/{register}" in said and below in said


@pytest.mark.parametrize("file", ["data.keys/last/town", "data.keys/last/river"])
def test_a_byte_changed_in_what_was_signed_last_is_found(
    origin: Path, tmp_path: Path, file: str
) -> None:
    """Every byte of a checkpoint in the keys folder is covered, whoever else signed."""
    copy(origin, tmp_path / "data")
    chance = random.Random(2)
    whole = (tmp_path / file).read_bytes()
    for at in range(0, len(whole), 3):
        (tmp_path / file).write_bytes(changed(whole, at, chance))
        code, said = verified(tmp_path / "data")
        assert code == 1, f"byte {at}: {said}"
        assert file.rpartition("/")[2] in said


def test_a_byte_changed_in_the_keys_is_found_or_means_the_same(
    origin: Path, tmp_path: Path
) -> None:
    """Of `keys.json` only white space can be changed without `verify` noticing."""
    data = copy(origin, tmp_path / "data")
    chance = random.Random(3)
    whole = (data / "keys.json").read_bytes()
    states = Counter[int]()
    for at in range(0, len(whole), 4):
        damaged = changed(whole, at, chance)
        (data / "keys.json").write_bytes(damaged)
        code, said = verified(data)
        states[code] += 1
        if code == 0:
            assert parse_keys(damaged) == parse_keys(whole)
        else:
            assert (code, "key" in said) == (1, True), f"byte {at}: {said}"
    assert states[1] > len(whole) // 8


def test_a_byte_changed_in_a_single_file_is_found(origin: Path, tmp_path: Path) -> None:
    """Bytes of a checkpoint and of a bundle are covered by the key that is given."""
    chance = random.Random(4)
    public = parse_keys((origin / "keys.json").read_bytes())
    log = LogReader(origin / "log.sqlite")
    key = register_key(public.current, "river")
    files = {
        "checkpoint": log.checkpoint("river").encode(),
        "bundle.json": canonical_bytes(make_bundle(log, "river", "r3", [key])),
    }
    log.close()
    for name, whole in files.items():
        file = tmp_path / name
        file.write_bytes(whole)
        assert verified(file, "--key", str(key))[0] == 0
        for at in range(0, len(whole), 7):
            file.write_bytes(changed(whole, at, chance))
            code, said = verified(file, "--key", str(key))
            assert code == 1, f"{name}, byte {at}: {said}"
            assert name in said or name.partition(".")[0] in said


def test_an_index_that_disagrees_with_its_table_is_named(
    origin: Path, tmp_path: Path
) -> None:
    """Wherever a key or an item's hash stands, changing it there alone is found: also
    where only look-ups would meet it."""
    data = copy(origin, tmp_path / "data")
    whole = (data / "log.sqlite").read_bytes()
    log = LogReader(origin / "log.sqlite")
    found = log.trail("river", "r42")[0].item_hash
    log.close()
    for value, index in ((b"r42", "entry_key"), (found, "sqlite_autoindex_item_1")):
        said = []
        for place in re.finditer(re.escape(value), whole):
            at = place.end() - 1
            damaged = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            put_file(data, damaged)
            code, message = verified(data)
            assert code == 1, f"byte {at}: {message}"
            said.append(message)
        assert any(index in message for message in said), said
