"""RSF of a part of a log: what has to be added to have it at a greater size.

As the GDS v1 API gave it: the root hash at the first size, the items and entries that
follow, the root hash at the second size. From size 0 on it is the whole register as it
was, system entries too; between equal sizes it is the one root hash.
"""

from __future__ import annotations

from collections.abc import Iterator

from trigpoint.errors import InvalidParameter, Withheld
from trigpoint.log.entry import Entry
from trigpoint.log.reader import LogReader
from trigpoint.log.rsf import rsf_lines
from trigpoint.schema.items import format_hash

_PAGE = 1000


def check_sizes(log: LogReader, register: str, first: int, second: int) -> None:
    """Raises InvalidParameter unless 0 <= first <= second <= the size of the log."""
    size = log.size(register)
    if not 0 <= first <= second <= size:
        raise InvalidParameter(
            f"{register} cannot be had from {first} to {second} entries: expected two "
            f"sizes from 0 to {size}, the second not smaller than the first"
        )


def rsf_range(log: LogReader, register: str, first: int, second: int) -> Iterator[str]:
    """The lines that lead from size `first` to size `second`.

    Nothing between two sizes changes, but for what is withheld, so a part that does not
    begin at 0 may be read as slowly as one likes, by any thread; a whole register is
    read within `log.snapshot()`. An item that several entries name may come again.
    Raises InvalidParameter as `check_sizes` does.
    """
    check_sizes(log, register, first, second)
    then = log.as_of({register: second})
    if first == 0 < second:
        yield from rsf_lines(then, register)
        return
    yield _assertion(log, register, first)
    if first == second:
        return
    for page in _pages(then, register, first):
        for digest in dict.fromkeys(entry.item_hash for entry in page):
            yield from _item(log, digest)
    for page in _pages(then, register, first):
        for entry in page:
            name = format_hash(entry.item_hash)
            yield f"append-entry\tuser\t{entry.key}\t{entry.timestamp}\t{name}\n"
    yield _assertion(log, register, second)


def _assertion(log: LogReader, register: str, size: int) -> str:
    return f"assert-root-hash\t{format_hash(log.root(register, size))}\n"


def _pages(log: LogReader, register: str, after: int) -> Iterator[list[Entry]]:
    while page := log.entries(register, after + 1, _PAGE):
        yield page
        after = page[-1].number


def _item(log: LogReader, digest: bytes) -> Iterator[str]:
    try:
        yield f"add-item\t{log.item(digest)}\n"
    except Withheld:
        return  # its entries stay, as in a whole register (trigpoint.log.rsf)
