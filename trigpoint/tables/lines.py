"""Lines of JSON (NDJSON): an object a line, or a GeoJSON feature a line (RFC 8142).

Objects come out as the text that went in, with the answers as further members. A line
that cannot be read is answered in its place. Lines are counted from 1, empty ones not.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from trigpoint.errors import InvalidTable
from trigpoint.tables.batch import (
    MAX_ROW,
    Answered,
    Batch,
    Pair,
    check_rows,
    dumps,
    pair_of,
)
from trigpoint.tables.documents import (
    Documents,
    Features,
    NotJson,
    decoded,
    feature_batch,
    row_batch,
)

_BLOCK = 1 << 20  # bytes
_FIRST = 100  # rows that may name the columns of the position
_RECORD_SEPARATOR = b"\x1e"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LinesReader:
    """Lines of JSON of which the first have been read; raises InvalidTable when they
    have no position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        first = [
            row
            for line in islice(chain.from_iterable(_blocks(path)), _FIRST)
            if isinstance(row := _read(line)[1], dict)
        ]
        if not first:
            raise InvalidTable("expected lines of JSON, each an object; none is there")
        self._features = first[0].get("type") == "Feature" and "geometry" in first[0]
        self.pair: Pair = Features.PAIR
        if not self._features:
            self.pair = pair_of(dict.fromkeys(name for row in first for name in row))

    def batches(self) -> Iterator[Batch]:
        number, names = 1, list[str]()
        for lines in _blocks(self._path):
            batch = self._batch(lines, number, names)
            number += len(lines)
            check_rows(number - 1)
            yield batch

    def _batch(self, lines: list[bytes], number: int, names: list[str]) -> Documents:
        problems: dict[int, str] = {}
        texts, rows = [], list[Any]()
        for offset, line in enumerate(lines):
            text, row, wrong = _read(line)
            if not isinstance(row, dict):
                problems[offset] = wrong or "expected a JSON object"
                text, row = "", None
            texts.append(text)
            rows.append(row)
        if self._features:
            return feature_batch(rows, problems, number, names)
        return row_batch(texts, rows, problems, number, self.pair, names)


def _blocks(path: Path) -> Iterator[list[bytes]]:
    """The lines with anything on them, some at a time."""
    with path.open("rb") as file:
        rest = file.read(len(_BYTE_ORDER_MARK)).removeprefix(_BYTE_ORDER_MARK)
        while block := file.read(_BLOCK):
            *whole, rest = (rest + block).split(b"\n")
            if len(rest) > MAX_ROW:
                raise InvalidTable(f"a line has more than {MAX_ROW} bytes")
            if lines := _filled(whole):
                yield lines
        if lines := _filled([rest]):
            yield lines


def _filled(lines: list[bytes]) -> list[bytes]:
    stripped = (line.removeprefix(_RECORD_SEPARATOR).strip() for line in lines)
    return [line for line in stripped if line]


def _read(line: bytes) -> tuple[str, Any, str]:
    """The members of an object as text, the value of the line, and what is wrong."""
    try:
        text = line.decode()
        return text[1:-1].strip(), decoded(text), ""
    except UnicodeDecodeError as error:
        return "", None, f"not UTF-8: byte {error.start + 1} of the line"
    except NotJson as error:
        return "", None, str(error)


class LinesWriter:
    """An object a line; features as features."""

    def write(self, batch: Batch, found: Answered) -> bytes:
        rows = batch.objects(found.members())
        return "".join(f"{row}\n" for row in rows).encode()

    def end(self) -> bytes:
        return b""

    def broken(self, message: str) -> bytes:
        return (dumps({"error": message}) + "\n").encode()
