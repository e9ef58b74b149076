"""RSF of a part of a log: read on top of what came before, it gives the same tree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.log.drafts import by_hand
from trigpoint.errors import InvalidParameter
from trigpoint.log import rsf_range as rsf_range_module
from trigpoint.log.entry import leaf
from trigpoint.log.merkle import Frontier, leaf_hash
from trigpoint.log.rsf import read_rsf, rsf_lines
from trigpoint.log.rsf_range import rsf_range
from trigpoint.log.store import Log
from trigpoint.schema.items import format_hash

SIZES = [(first, second) for second in range(6) for first in range(second + 1)]


def tree(log: Log, size: int) -> Frontier:
    """The tree of the first entries."""
    known = Frontier()
    known.add(leaf_hash(leaf(one)) for one in log.entries("town", 1, size))
    return known


@pytest.mark.parametrize(("first", "second"), SIZES)
def test_every_part_reads_on_from_what_came_before(
    log: Log, tmp_path: Path, first: int, second: int
) -> None:
    """A part is believed by a reader that has the tree at its first size."""
    file = tmp_path / "town.rsf"
    file.write_text("".join(rsf_range(log, "town", first, second)), encoding="utf-8")
    archive = read_rsf(file, tree(log, first))
    entries = log.entries("town", first + 1, second - first)
    assert [one.item_hash for one in archive.entries] == [e.item_hash for e in entries]
    assert [one.key for one in archive.entries] == [e.key for e in entries]
    last = file.read_text(encoding="utf-8").splitlines()[-1]
    assert last == f"assert-root-hash\t{format_hash(log.root('town', second))}"


def test_from_nothing_it_is_the_whole_register(log: Log) -> None:
    """From size 0 a part is the file of the register as it was."""
    assert list(rsf_range(log, "town", 0, 5)) == list(rsf_lines(log, "town"))
    then = log.as_of({"town": 3})
    assert list(rsf_range(log, "town", 0, 3)) == list(rsf_lines(then, "town"))


@pytest.mark.parametrize(("first", "second"), [(-1, 2), (3, 2), (0, 6), (6, 6)])
def test_sizes_that_there_are_not(log: Log, first: int, second: int) -> None:
    """Sizes out of order or beyond the log are refused, with what was expected."""
    with pytest.raises(InvalidParameter, match="from 0 to 5"):
        list(rsf_range(log, "town", first, second))


def test_withheld_items_are_left_out(log: Log) -> None:
    """A withheld item has no line, and its entry stays."""
    entry = log.entry("town", 4)
    by_hand(
        log,
        "UPDATE item SET content = NULL, withheld = 'personal data', "
        "withheld_on = '2020-01-01' WHERE hash = ?",
        entry.item_hash,
    )
    lines = list(rsf_range(log, "town", 3, 5))
    assert [line.split("\t")[0] for line in lines] == [
        "assert-root-hash",
        "add-item",
        "append-entry",
        "append-entry",
        "assert-root-hash",
    ]
    assert format_hash(entry.item_hash) in lines[2]


def test_any_thread_may_read_on(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines may be taken by one thread after another, as a server sends them."""
    monkeypatch.setattr(rsf_range_module, "_PAGE", 1)
    lines = rsf_range(log, "town", 1, 5)
    taken = []
    while True:
        with ThreadPoolExecutor(1) as other:
            line = other.submit(next, lines, None).result()
        if line is None:
            break
        taken.append(line)
    assert taken == list(rsf_range(log, "town", 1, 5))
    assert len(taken) == 10
