"""RSF out, in and out again: every copy is the same, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.log.drafts import by_hand
from trigpoint.archive import append_archive, read_archives
from trigpoint.errors import BadRelease, Withheld
from trigpoint.log.entry import Batch, Draft, SystemEntry
from trigpoint.log.reader import LogReader
from trigpoint.log.rsf import rsf_lines
from trigpoint.log.store import Log
from trigpoint.register import Registers
from trigpoint.schema.items import canonical_json, format_hash, item_hash

BATCH = Batch("rsf", "Copies")
TIMES = [f"2019-04-0{day}T12:00:00Z" for day in range(1, 6)]
# As long as the outlines of a coastline are; items that long are hashed whole.
OUTLINE = "51.5 -0.1, " * 60_000

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1)
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["", "\t\r\n", OUTLINE]))
ENTRIES = st.lists(
    st.tuples(st.sampled_from(TIMES), KEYS, st.sampled_from(["name", "links"]), TEXTS),
    max_size=12,
)
METADATA = st.lists(
    st.tuples(st.sampled_from(TIMES), st.sampled_from(["name", "field:name"]), TEXTS),
    max_size=6,
)


def write(log: LogReader, register: str, folder: Path) -> Path:
    """One register as a file in `folder`."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{register}.rsf"
    with log.snapshot():
        lines = "".join(rsf_lines(log, register))
    path.write_text(lines, encoding="utf-8", newline="")
    return path


def copy(path: Path, folder: Path) -> Log:
    """A new log of what one file says, without a gate or views."""
    log = Log(folder / "log.sqlite")
    with log.appending(BATCH) as appender:
        for archive in read_archives([path], log):
            append_archive(archive, None, log, appender)
    return log


def drafts(rows: list[tuple[str, str, str, str]]) -> list[Draft]:
    """Entries in the order of their times; every other one has the item before it."""
    found: list[Draft] = []
    for number, (time, key, name, text) in enumerate(sorted(rows)):
        if number % 2 and found:
            found.append(
                Draft(time, found[-1].key, found[-1].item, found[-1].item_hash)
            )
        item = canonical_json({"town": key, name: [text] if name == "links" else text})
        found.append(Draft(time, key, item, item_hash(item)))
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ENTRIES, METADATA)
def test_a_copy_of_a_copy_is_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str, str]],
    metadata: list[tuple[str, str, str]],
) -> None:
    """Whatever a register holds, what is written is read and written alike."""
    folder = tmp_path_factory.mktemp("copies")
    log = Log(folder / "log.sqlite")
    system = [
        SystemEntry(key, time, canonical_json({"name": "town", "text": text}))
        for time, key, text in metadata
    ]
    with log.appending(BATCH) as appender:
        appender.declare("town")
        appender.append("town", drafts(rows))
        appender.set_system_entries("town", system)
    first = write(log, "town", folder / "first")
    again = copy(first, folder / "again")
    second = write(again, "town", folder / "second")
    assert second.read_bytes() == first.read_bytes()
    assert again.root("town") == log.root("town")
    log.close()
    again.close()


def round_trip(data: Path, folder: Path) -> int:
    """Write all registers of a data directory, load them elsewhere and write them
    again; how many there were."""
    registers = Registers.open(data)
    elsewhere = Registers.open(folder / "data", write=True)
    names = registers.log.registers()
    first = [write(registers.log, name, folder / "first") for name in names]
    assert elsewhere.import_rsf(first, BATCH).appended
    for path in first:
        again = write(elsewhere.log, path.stem, folder / "second")
        assert again.read_bytes() == path.read_bytes(), path.stem
    assert elsewhere.log.sizes() == registers.log.sizes()
    registers.log.close()
    elsewhere.log.close()
    return len(first)


def test_archived_registers_survive_copying(archived: Path, tmp_path: Path) -> None:
    """Each of the 51 archived registers is the same after two journeys."""
    assert round_trip(archived, tmp_path) == 51


def test_our_registers_survive_copying(demo: Path, tmp_path: Path) -> None:
    """Each register of the sample, boundaries and all, is the same too."""
    assert round_trip(demo, tmp_path) == 25


# ---- metadata ----------------------------------------------------------------

A = canonical_json({"town": "a"})
NAME = SystemEntry("name", TIMES[0], canonical_json({"name": "town"}))
LATER = SystemEntry("register-name", TIMES[1], canonical_json({"register-name": "T"}))
OTHER = SystemEntry("register-name", TIMES[1], canonical_json({"register-name": "U"}))


def town(folder: Path, *system: SystemEntry, entries: int = 1) -> Path:
    """A file of a register with these system entries and `entries` entries."""
    folder.mkdir()
    log = Log(folder / "log.sqlite")
    with log.appending(BATCH) as appender:
        appender.declare("town")
        appender.append("town", [Draft(TIMES[0], "a", A, item_hash(A))] * entries)
        appender.set_system_entries("town", system)
    path = write(log, "town", folder)
    log.close()
    return path


def load(log: Log, path: Path) -> int:
    """Load one file into a log that may have the register; how many batches it has."""
    with log.appending(BATCH) as appender:
        (archive,) = read_archives([path], log)
        append_archive(archive, None, log, appender)
    return len(log.batches())


def test_metadata_alone_is_kept(tmp_path: Path) -> None:
    """A file whose entries are all known still brings its newer system entries."""
    log = copy(town(tmp_path / "old", NAME), tmp_path)
    newer = town(tmp_path / "new", NAME, LATER)
    assert load(log, newer) == 2
    assert log.system_entries("town") == [NAME, LATER]
    assert log.size("town") == 1
    assert load(log, newer) == 2, "the same file again appends no batch"
    assert write(log, "town", tmp_path / "out").read_bytes() == newer.read_bytes()


def test_an_older_file_takes_no_metadata_back(tmp_path: Path) -> None:
    """Metadata only grows: an older list is part of the one that is held."""
    log = copy(town(tmp_path / "new", NAME, LATER), tmp_path)
    assert load(log, town(tmp_path / "old", NAME)) == 1
    assert log.system_entries("town") == [NAME, LATER]


def test_other_metadata_is_refused(tmp_path: Path) -> None:
    """A file that lacks metadata of the log and has other tells another history."""
    log = copy(town(tmp_path / "one", NAME, LATER), tmp_path)
    other = town(tmp_path / "two", NAME, OTHER, entries=2)
    with pytest.raises(BadRelease, match=r"lacks the system entry register-name of"):
        load(log, other)
    assert log.size("town") == 1
    assert log.system_entries("town") == [NAME, LATER]


# ---- withheld items ----------------------------------------------------------

B = canonical_json({"name": "Bath", "town": "b"})
WITHHOLD = (
    "UPDATE item SET content = NULL, withheld = 'a person', "
    "withheld_on = '2026-01-01' WHERE hash = ?"
)


def test_a_withheld_item_is_left_out_and_its_entries_stay(tmp_path: Path) -> None:
    """What is written of a register with a withheld item has no content of it, and
    the root that it always had."""
    log = copy(town(tmp_path / "old", NAME), tmp_path)
    with log.appending(BATCH) as appender:
        appender.append("town", [Draft(TIMES[1], "b", B, item_hash(B))])
    before = write(log, "town", tmp_path / "before")
    root = log.root("town")
    by_hand(log, WITHHOLD, item_hash(B))
    after = write(log, "town", tmp_path / "after").read_text("utf-8").splitlines()
    left_out = set(before.read_text("utf-8").splitlines()) - set(after)
    assert left_out == {f"add-item\t{B}"}
    assert after[-1] == f"assert-root-hash\t{format_hash(root)}"


def test_only_a_log_that_withholds_an_item_takes_its_entries(tmp_path: Path) -> None:
    """Elsewhere the file is refused with the item's hash; where the item is withheld
    too, its entries are loaded, and no file brings the content back."""
    log = copy(town(tmp_path / "old", NAME), tmp_path)
    older = write(log, "town", tmp_path / "older")
    with log.appending(BATCH) as appender:
        appender.append("town", [Draft(TIMES[1], "b", B, item_hash(B))] * 2)
    open_file = write(log, "town", tmp_path / "open")
    by_hand(log, WITHHOLD, item_hash(B))
    without = write(log, "town", tmp_path / "without")
    assert load(log, without) == 2, "a log takes its own file, and has it all"

    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRelease, match=format_hash(item_hash(B))) as told:
        copy(without, tmp_path / "empty")
    assert "its publisher withholds it" in str(told.value)

    (tmp_path / "knows").mkdir()
    other = copy(older, tmp_path / "knows")
    with other.appending(BATCH) as appender:
        appender.append("village", [Draft(TIMES[1], "b", B, item_hash(B))])
    by_hand(other, WITHHOLD, item_hash(B))
    assert load(other, without) == 3
    assert other.root("town") == log.root("town")
    assert load(other, open_file) == 3
    with pytest.raises(Withheld):
        other.record("town", "b")
    again = write(other, "town", tmp_path / "again")
    assert again.read_bytes() == without.read_bytes()
