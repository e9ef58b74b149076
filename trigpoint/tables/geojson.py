"""GeoJSON (RFC 7946): a FeatureCollection of Points, read feature by feature.

Features come out as they went in, with the answers among their properties. Positions
are longitude and latitude (section 4); a collection that says otherwise, as drafts of
2008 allowed, is refused. Features are counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from trigpoint.errors import InvalidTable
from trigpoint.tables.batch import (
    MAX_ROW,
    SHOWN,
    Answered,
    Batch,
    Pair,
    check_rows,
    dumps,
    shown,
)
from trigpoint.tables.documents import (
    Features,
    NotJson,
    check_writable,
    decode_from,
    feature_batch,
)

_BLOCK = 1 << 20  # characters
_IN_BATCH = 10_000  # features
_SPACE = re.compile(r"[ \t\r\n]*")
_CRS84 = re.compile(r"(urn:ogc:def:crs:)?OGC:(1\.3|2)?:?CRS84|EPSG:4326", re.IGNORECASE)


class GeoJsonReader:
    """A FeatureCollection; raises InvalidTable when it does not begin as an object."""

    pair: Pair = Features.PAIR

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open(encoding="utf-8-sig") as file:
            _Text(file).expect("{")

    def batches(self) -> Iterator[Batch]:
        names: list[str] = []
        number = 1
        with self._path.open(encoding="utf-8-sig") as file:
            for found in self._parts(_Text(file)):
                yield feature_batch(found, {}, number, names)
                number += len(found)
                check_rows(number - 1)
        if number == 1:
            yield feature_batch([], {}, number, names)

    def _parts(self, text: _Text) -> Iterator[list[object]]:
        said: dict[str, Any] = {}
        for name in text.members():
            if name == "features" and name not in said:
                said[name] = None
                yield from _batches(text.elements())
            elif name in said:
                raise InvalidTable(f"the collection says {shown(name)} twice")
            else:
                said[name] = text.value()
                _check(name, said[name])
        if said.get("type") != "FeatureCollection" or "features" not in said:
            raise InvalidTable(
                "expected a FeatureCollection: an object with type and features"
            )


def _check(name: str, value: object) -> None:
    """Refuse a collection that is in another system than GeoJSON's."""
    if name == "crs" and value is not None:
        found = value.get("properties") if isinstance(value, dict) else None
        code = found.get("name") if isinstance(found, dict) else None
        if not isinstance(code, str) or not _CRS84.fullmatch(code):
            raise InvalidTable(
                f"the collection says that its crs is {shown(value)}: expected "
                "longitude and latitude (OGC:CRS84), as RFC 7946 section 4 has it"
            )


def _batches(features: Iterator[object]) -> Iterator[list[object]]:
    batch: list[object] = []
    for feature in features:
        batch.append(feature)
        if len(batch) == _IN_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class _Text:
    """JSON text that is read as it comes, one value after the other."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._held = ""
        self._at = 0

    def members(self) -> Iterator[str]:
        """The names of an object's members; whoever asks reads each value. Nothing may
        stand after the object."""
        self.expect("{")
        closed = self._next() == "}"
        while not closed:
            name = self.value()
            if not isinstance(name, str):
                raise self._refusal("a member has no name")
            self.expect(":")
            yield name
            closed = self._closes("}")
        self.expect("}")
        if self._next():
            raise self._refusal("something stands after the collection")

    def elements(self) -> Iterator[object]:
        """The values of an array."""
        self.expect("[")
        closed = self._next() == "]"
        while not closed:
            yield self.value()
            closed = self._closes("]")
        self.expect("]")

    def value(self) -> Any:
        """The next value, whatever it is."""
        self._next()
        while True:
            try:
                value, end = decode_from(self._held, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._held) - self._at > MAX_ROW:
                    raise self._refusal(
                        f"over {MAX_ROW} characters of a value"
                    ) from error
                if not self._more():
                    raise self._refusal(str(error)) from error
                continue
            # A number may go on in what has not been read yet.
            if end < len(self._held) or not self._more():
                break
        if "\\ud" in self._held[self._at : end].lower():
            _check_characters(value)
        self._at = end
        return value

    def expect(self, mark: str) -> None:
        """Pass over a mark that has to come next."""
        found = self._next()
        if found != mark:
            had = f"“{found}”" if found else "the end"
            raise self._refusal(f"“{mark}” was expected, not {had}")
        self._at += 1

    def _closes(self, mark: str) -> bool:
        """Whether a list ends here; passes over the comma when it does not."""
        if self._next() == mark:
            return True
        self.expect(",")
        return False

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on; False at the end."""
        try:
            block = self._file.read(_BLOCK)
        except UnicodeDecodeError as error:
            raise InvalidTable("the collection is not in UTF-8") from error
        if block:
            self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)

    def _refusal(self, why: str) -> InvalidTable:
        near = self._held[self._at : self._at + SHOWN]
        place = f", at {shown(near)}" if near else ""
        return InvalidTable(f"the body is not GeoJSON: {why[:200]}{place}")


def _check_characters(value: object) -> None:
    try:
        check_writable(value)
    except NotJson as error:
        raise InvalidTable(f"the collection is not Unicode: {error}") from error


class GeoJsonWriter:
    """A FeatureCollection, a feature a line."""

    def __init__(self) -> None:
        self._before = '{"type":"FeatureCollection","features":[\n'

    def write(self, batch: Batch, found: Answered) -> bytes:
        return self._put(batch.features(found.members(), found.lons, found.lats))

    def _put(self, features: list[str]) -> bytes:
        if not features:
            return b""
        text = self._before + ",\n".join(features)
        self._before = ",\n"
        return text.encode()

    def end(self) -> bytes:
        nothing = self._before != ",\n"
        return ((self._before if nothing else "\n") + "]}\n").encode()

    def broken(self, message: str) -> bytes:
        properties = dumps({"error": message})
        return self._put(
            [f'{{"type":"Feature","geometry":null,"properties":{properties}}}']
        )
