"""Log sizes as text: `361`, or `boundary=361, country=210`.

The second is how answers name the registers that they speak for (`Trigpoint-Log-Size`),
so what one answer said can be asked of again. The first counts the entries of all
registers together, in the order in which their batches were appended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trigpoint.errors import InvalidParameter, NoSuchEntry
from trigpoint.log.reader import LogReader

_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


def format_sizes(sizes: Mapping[str, int]) -> str:
    """The sizes of some registers, in the order of their names."""
    return ", ".join(f"{name}={size}" for name, size in sorted(sizes.items()))


def parse_size(text: str) -> int:
    """The size of one register; raises InvalidParameter."""
    if not _NUMBER.fullmatch(text):
        raise InvalidParameter(
            f"size is “{text[:40]}”: expected a number of entries such as 361",
            parameter="size",
        )
    return int(text)


def parse_sizes(text: str, log: LogReader) -> dict[str, int]:
    """The size of each register that the text speaks of: of every one for a number.

    Raises InvalidParameter for what is neither, and NoSuchEntry for a number of entries
    that the log does not have.
    """
    if "=" not in text:
        return sizes_at(log, parse_size(text))
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        if not name or name in found or not _NUMBER.fullmatch(number):
            raise InvalidParameter(
                f"size is “{text[:40]}”: expected a number of entries of all registers "
                "together, or each register once as in boundary=361, country=210",
                parameter="size",
            )
        found[name] = int(number)
    return found


def sizes_at(log: LogReader, total: int) -> dict[str, int]:
    """The size of every register when all together had `total` entries.

    Batches count in their order, and the registers within one in the order of their
    names; entries that no batch tells of, as a replica may have some, come last. Raises
    NoSuchEntry when the log has fewer entries.
    """
    now = log.sizes()
    if total > sum(now.values()):
        raise NoSuchEntry(
            f"all registers together have {sum(now.values())} entries, not {total}",
            number=total,
        )
    found, left = dict.fromkeys(now, 0), total
    ranges = [item for batch in log.batches() for item in sorted(batch.ranges.items())]
    for register, (_, last) in [*ranges, *((name, (1, now[name])) for name in now)]:
        taken = min(left, last - found[register])
        found[register] += taken
        left -= taken
    return found
