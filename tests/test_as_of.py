"""As known then: what is answered at a size is what a log that ends there answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api.sample import BOROUGH, BOROUGHS, BOUNDARIES, COUNCILS, TYPES, Row, frame
from tests.log.drafts import append, by_hand, draft, log_of
from trigpoint.build import boundary_index
from trigpoint.dump import AS_OF, EVERYTHING, KEPT, Dumps
from trigpoint.errors import InvalidParameter, NoSuchEntry, NoSuchRegister
from trigpoint.log.entry import Batch, Draft
from trigpoint.log.reader import LogReader
from trigpoint.log.sizes import format_sizes, parse_size, parse_sizes, sizes_at
from trigpoint.log.store import Log
from trigpoint.lookup import answer
from trigpoint.placing import Areas
from trigpoint.register import LOG_FILE, Registers
from trigpoint.serialisation import WRITERS, everything
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.crs import point_from_lon_lat
from trigpoint.staging import Load

BATCH = Batch("test", "As known then", release_date="2026-01-01")


def shorter(log: LogReader, sizes: Mapping[str, int], folder: Path) -> Registers:
    """A data directory of its own, with only the first entries of each register."""
    beginning = Log(folder / LOG_FILE)
    shapes = log.derived_shapes()
    with beginning.appending(BATCH) as appender:
        for register, size in sizes.items():
            appender.declare(register, shapes.get(register))
            entries = log.entries(register, 1, size) if size else []
            appender.append(
                register,
                [
                    Draft(e.timestamp, e.key, log.item(e.item_hash), e.item_hash)
                    for e in entries
                ],
            )
            appender.set_system_entries(register, log.system_entries(register))
    beginning.close()
    return Registers.open(folder)


def said(registers: Snapshot, register: str) -> Iterator[tuple[str, Any]]:
    """All that can be asked of one register, with what is answered."""
    log, schema = registers.log, registers.schema(register)
    records = list(log.iter_records(register))
    dates = (schema.start, schema.end)
    yield "root", log.root(register)
    yield "count", log.count(register)
    yield "documents", [registers.document(record) for record in records]
    yield "one by one", [log.record(register, r.entry.key) for r in records]
    yield "trails", [log.trail(register, r.entry.key) for r in records[:20]]
    yield "held in 2018", log.records(register, at="2018", dates=dates)
    where = {"name": str(records[-1].item["name"])} if _named(records) else {}
    yield "filtered", log.records(register, where=where, limit=5)
    for suffix, write in WRITERS.items():
        if suffix != "geojson" or schema.geometry:
            yield suffix, "".join(write(registers, register))


def _named(records: list[Any]) -> bool:
    return bool(records) and isinstance(records[-1].item.get("name"), str)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_archived_registers_as_of_any_size(
    archived: Path, tmp_path: Path, seed: int
) -> None:
    """At random sizes, records, trails, filters and every dump of all 51 registers are
    those of a log that was loaded up to there and no further."""
    registers = Registers.open(archived)
    pick = np.random.default_rng(seed)
    now = registers.log.sizes()
    sizes = {name: int(pick.integers(0, size + 1)) for name, size in now.items()}
    then = registers.as_of(sizes)
    alone = shorter(registers.log, sizes, tmp_path / "data")
    assert len(sizes) == 51
    for register in sizes:
        found, wanted = dict(said(then, register)), dict(said(alone, register))
        different = [what for what in wanted if found[what] != wanted[what]]
        assert (register, different) == (register, [])
    provenance = "/graph/provenance> {"
    whole = ["".join(everything(one)).split(provenance)[0] for one in (then, alone)]
    assert whole[0] == whole[1]


PLACES = [(-0.1276, 51.5072), (-0.3354, 51.7469), (-3.18, 51.48), (0.0, 50.0)]


@pytest.mark.parametrize("size", [0, 1, 187, 360, 361])
def test_the_sample_is_looked_up_in_the_boundaries_of_then(
    demo: Path, tmp_path: Path, size: int
) -> None:
    """Point look-ups as of a size are those of a log whose boundaries end there."""
    registers = Registers.open(demo)
    sizes = registers.log.sizes() | {"boundary": size}
    then = registers.as_of({"boundary": size})
    alone = shorter(registers.log, sizes, tmp_path / "data")
    drawn = [boundary_index(one.log, one.schemas) for one in (then, alone)]
    assert len(drawn[0].boundaries) == size
    for place in PLACES:
        point = point_from_lon_lat(*place)
        for at in ("2026-01-01", "2021-06-30"):
            found = answer(Areas(then, drawn[0], at), point)
            assert found == answer(Areas(alone, drawn[1], at), point)


# ---- two sets of boundaries, one after the other ------------------------------

# In the older set the outlines of the two boroughs are the other way round.
OLDER: list[Row] = [
    {
        **one,
        "boundary": str(one["boundary"]).replace("2025", "2020"),
        "geometry": other["geometry"],
        "vintage": "2020",
        "start-date": "2020-04-01",
    }
    for one, other in zip(BOUNDARIES, reversed(BOUNDARIES), strict=True)
]


@pytest.fixture(scope="module")
def drawn_twice(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    """Boroughs with their older boundaries, and in a second load the newer."""
    registers = Registers.open(tmp_path_factory.mktemp("twice") / "data", write=True)
    first = {
        "local-authority-type": TYPES,
        "local-authority-eng": COUNCILS,
        BOROUGH: BOROUGHS,
        "boundary": OLDER,
    }
    loads = [Load(name, frame(rows)) for name, rows in first.items()]
    assert registers.load(loads, BATCH).appended
    newer = [Load("boundary", frame(BOUNDARIES), whole=False)]
    assert registers.load(newer, BATCH).appended
    return registers


def codes(registers: Snapshot, at: str) -> list[str]:
    """Which boroughs hold a place in the west of the two, on a day."""
    boundaries = boundary_index(registers.log, registers.schemas)
    place = point_from_lon_lat(-0.1, 51.5)
    found = answer(Areas(registers, boundaries, at), place)
    return [area["code"] for area in found["areas"]]


def test_size_says_what_the_log_said_and_at_what_held(drawn_twice: Registers) -> None:
    """Before the second set was loaded the log knew only the first, of whatever day it
    is asked; since then it knows both, each of its own days."""
    total = sum(drawn_twice.log.sizes().values())
    before = drawn_twice.as_of(sizes_at(drawn_twice.log, total - 2))
    assert before.log.size("boundary") == 2
    assert codes(before, "2021-01-01") == codes(before, "2026-01-01") == ["E09000001"]
    assert codes(drawn_twice, "2021-01-01") == ["E09000001"]
    assert codes(drawn_twice, "2026-01-01") == ["E09000033"]


def test_a_number_counts_batches_in_their_order(drawn_twice: Registers) -> None:
    """Entries of all registers count by batch, and within one by name of register."""
    log = drawn_twice.log
    now = {"boundary": 4, "local-authority-eng": 4, "local-authority-type": 3}
    now[BOROUGH] = 2
    assert log.sizes() == now
    assert sizes_at(log, 0) == dict.fromkeys(now, 0)
    assert sizes_at(log, 3) == {**dict.fromkeys(now, 0), "boundary": 2} | {
        "local-authority-eng": 1
    }
    assert sizes_at(log, 11) == {**now, "boundary": 2}
    assert sizes_at(log, 12) == {**now, "boundary": 3}
    assert sizes_at(log, 13) == now
    totals = [sum(sizes_at(log, total).values()) for total in range(14)]
    assert totals == list(range(14))
    with pytest.raises(NoSuchEntry, match="together have 13 entries, not 14"):
        sizes_at(log, 14)


def test_entries_that_no_batch_tells_of_come_last(tmp_path: Path) -> None:
    """In a replica whose statement is behind, a number still counts every entry."""
    log = log_of(tmp_path, *(draft(key) for key in "abc"))
    append(log, [draft("d")], "city")
    assert sizes_at(log, 2) == {"city": 0, "town": 2}
    by_hand(log, "DELETE FROM batch_range WHERE batch = 1")
    assert sizes_at(log, 2) == {"city": 1, "town": 1}
    assert sizes_at(log, 4) == log.sizes()


def test_what_an_answer_says_of_sizes_can_be_asked(drawn_twice: Registers) -> None:
    """The text of a header is read as it was written; a number stands for all."""
    log = drawn_twice.log
    sizes = {"local-authority-eng": 0, "boundary": 2}
    assert format_sizes(sizes) == "boundary=2, local-authority-eng=0"
    assert parse_sizes(format_sizes(sizes), log) == sizes
    assert parse_sizes("boundary=2,local-authority-eng=0", log) == sizes
    assert parse_sizes("11", log) == sizes_at(log, 11)
    assert parse_size("011") == 11


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "1.0", "x", "٣", "1" * 16, "a=", "=1", "a=x", "a=1,a=2", "a=1,"],
)
def test_sizes_that_are_none_are_refused(drawn_twice: Registers, text: str) -> None:
    """What is no number, and no list of registers with numbers, is said to be so."""
    with pytest.raises(InvalidParameter, match="size is “") as told:
        parse_sizes(text, drawn_twice.log)
    assert told.value.members["parameter"] == "size"


def test_registers_and_sizes_that_there_are_not(drawn_twice: Registers) -> None:
    """A register that is not held, and a size beyond the log, are said to be so."""
    with pytest.raises(NoSuchRegister, match="“hamlet”"):
        drawn_twice.as_of({"hamlet": 0})
    with pytest.raises(NoSuchEntry, match="boundary has 4 entries, not 5"):
        drawn_twice.as_of({"boundary": 5})


# ---- dumps -------------------------------------------------------------------


def test_dumps_of_earlier_sizes_are_few_and_the_last_asked_for(
    drawn_twice: Registers,
) -> None:
    """A dump of a size is kept while few others are asked for, and never in the place
    of the one of now."""
    dumps = Dumps(drawn_twice)
    now = dumps.file("boundary", "csv")
    first = dumps.as_of({"boundary": 1}).file("boundary", "csv")
    assert (first.size, len(first.path.read_text().splitlines())) == (1, 2)
    for suffix in ("nt", "ttl", "jsonld", "rsf"):
        for size in (2, 3):
            dumps.as_of({"boundary": size}).file("boundary", suffix)
            again = dumps.as_of({"boundary": 1}).held("boundary", "csv")
            assert again == first, "what is asked for is not cleared away"
    kept = [f for f in first.path.parent.iterdir() if f.suffix != ".json"]
    assert len(kept) == KEPT
    assert {file.parent.name for file in kept} == {AS_OF}
    assert Dumps(drawn_twice).held("boundary", "csv") == now


def test_a_dump_at_the_present_size_is_the_one_of_now(drawn_twice: Registers) -> None:
    """The size that the log has names the dump that is there already."""
    dumps = Dumps(drawn_twice)
    made = dumps.file("boundary", "nt")
    assert dumps.as_of({"boundary": 4}).held("boundary", "nt") == made
    whole = dumps.as_of(sizes_at(drawn_twice.log, 11)).file(EVERYTHING, "trig")
    assert whole.size == 11
    assert "2025-full" not in whole.path.read_text("utf-8")


def test_a_dump_that_cannot_be_finished_leaves_nothing(
    drawn_twice: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a dump is removed when the other half fails."""

    def torn(registers: Snapshot, register: str) -> Iterator[str]:
        yield register
        raise OSError("no space left")

    monkeypatch.setitem(WRITERS, "nt", torn)
    dumps = Dumps(drawn_twice).as_of({"local-authority-type": 1})
    with pytest.raises(OSError, match="no space left"):
        dumps.file("local-authority-type", "nt")
    folder = drawn_twice.data / "dumps" / AS_OF
    assert folder.is_dir()
    assert not list(folder.glob("local-authority-type*"))
