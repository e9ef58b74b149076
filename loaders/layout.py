"""How a file of a source is laid out, and the column that numbers its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ROW = "_row"


@dataclass(frozen=True)
class Layout:
    """One way in which a file of a source is laid out.

    A release file belongs to the first layout whose `columns` it has, in any order.
    `unread` names the columns that hold people's details, by regular expression: they
    are dropped while the file is decoded. With `strict`, a column that is neither in
    `columns`, `optional` nor `unread` is refused; without it, it is dropped.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    unread: str | None = None
    strict: bool = True
    kind: Literal["table", "geojson-lines"] = "table"
    separator: str = ","
    quoted: bool = True
    header: bool = True
    encoding: str = "utf-8"
    attribution: str | None = None  # when it is not the source's own
