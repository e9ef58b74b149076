"""Records with the newest first, any page of them: the order of the GDS v1 API.

Pages are counted, as its `page-index` and `page-size` do, so a page far down reads all
those before it; `LogReader.records` is for going through a whole register.
"""

from __future__ import annotations

from trigpoint.log.entry import Entry, Record
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import parse_item

# The numbers are found first, so that the items of skipped records are never read.
_NEWEST = """
    SELECT e.number, e.timestamp, e.key, i.hash, i.content
    FROM (
        SELECT number FROM entry one
        WHERE register = :register AND number <= :size AND NOT EXISTS (
            SELECT 1 FROM entry later
            WHERE later.register = :register AND later.key = one.key
                AND later.number > one.number AND later.number <= :size
        )
        ORDER BY number DESC LIMIT :limit OFFSET :offset
    ) chosen
    CROSS JOIN entry e ON e.register = :register AND e.number = chosen.number
    CROSS JOIN item i ON i.id = e.item
    ORDER BY e.number DESC
"""


def newest_records(
    log: LogReader, register: str, limit: int, offset: int
) -> list[Record]:
    """Records by the number of their entry, the greatest first, `offset` passed over.

    A record whose item is withheld has its place and is left out, so the pages of all
    others stay as they were. Raises NoSuchRegister, and QueryTimedOut for a page so far
    down that too much would have to be read.
    """
    bound = {
        "register": log.register_id(register),
        "size": log.size(register),
        "limit": limit,
        "offset": offset,
    }
    return [
        Record(register, Entry(*row[:4]), parse_item(row[4]))
        for row in log.read_bounded(_NEWEST, bound)
        if row[4] is not None
    ]
