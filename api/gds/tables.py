"""CSV and TSV as the old service wrote them.

CSV quotes a cell that is longer than 24 characters or has a character below the hyphen
in ASCII, and no other; lines end in CR LF. (These are the rules of Jackson's CSV
encoder, which wrote it.) TSV quotes nothing and its lines end in LF, so tabs and line
ends within a value, which would tear the row, become spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SEPARATOR = ";"
_SHORT = 24
_UNSAFE = re.compile(r"[\x00-,]")
_TEARING = re.compile(r"[\t\r\n]")

Row = Sequence[str]


def cell(value: str | list[str] | None) -> str:
    """A value as one cell: several are joined by semicolons, none is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else SEPARATOR.join(value)


def csv_text(rows: Iterable[Row]) -> str:
    """Rows, the header first, as comma-separated values."""
    return "".join(",".join(map(_quoted, row)) + "\r\n" for row in rows)


def tsv_text(rows: Iterable[Row]) -> str:
    """Rows, the header first, as tab-separated values."""
    return "".join("\t".join(map(_flat, row)) + "\n" for row in rows)


def _quoted(text: str) -> str:
    if len(text) <= _SHORT and not _UNSAFE.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _flat(text: str) -> str:
    return _TEARING.sub(" ", text)
