"""One feature of GeoJSON on a line (RFC 7946, RFC 8142), cut into what is read of it.

Coordinates are taken as the file writes them, digit for digit, and from the geometry
of the feature only: a property may be called `coordinates` or `geometry`, or hold text
that looks like them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from loaders.decoding import SourceFile

PROPERTIES = "properties"
KIND = "kind"
COORDINATES = "coordinates"
COLUMNS = (PROPERTIES, KIND, COORDINATES)
_DECODER = json.JSONDecoder()
_MARK = re.compile(r"\s*[{},:]\s*")
_NUMBERS = re.compile(r"\[[\[\]0-9\s.,eE+-]*\]")


@dataclass(frozen=True)
class Feature:
    """A feature: the names of its properties, and its `cells` in the `COLUMNS`.

    Properties and coordinates are JSON as in the file, the kind is that of the
    geometry; what the feature does not have is the empty text.
    """

    names: tuple[str, ...]
    cells: tuple[str, str, str]


def read_feature(text: str, number: int, file: SourceFile) -> Feature:
    """The feature on a line (RFC 7946, section 3.2).

    Raises BadRelease for a line that is no feature, or names a member twice, so that
    readers could differ about which one counts.
    """
    lines_please = "write one feature a line: ogr2ogr -f GeoJSONSeq"
    try:
        feature = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise file.refuse(f"is not JSON ({error})", lines_please, number) from error
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        kind = feature.get("type") if isinstance(feature, dict) else type(feature)
        raise file.refuse(f"is a {kind}, not a Feature", lines_please, number)
    properties = feature.get("properties")
    if not isinstance(properties, dict) or "geometry" not in feature:
        raise file.refuse("has no properties or no geometry", lines_please, number)
    start = _value(text, "properties")
    _, end = _DECODER.raw_decode(text, start)
    cells = (text[start:end], *_outline(text, feature["geometry"]))
    return Feature(tuple(properties), cells)


def _outline(text: str, geometry: Any) -> tuple[str, str]:
    """The kind of a feature's geometry, and its coordinates as the text has them."""
    if not isinstance(geometry, dict) or geometry.get("type") is None:
        return "", ""
    # As JSON, in which no line can end.
    kind = json.dumps(geometry["type"]).strip('"')
    if "coordinates" not in geometry:
        return kind, ""
    start = _value(text, "coordinates", _value(text, "geometry"))
    numbers = _NUMBERS.match(text, start)
    return kind, numbers[0] if numbers else ""


def _value(text: str, name: str, at: int = 0) -> int:
    """Where the value of a member starts, in an object that is known to be sound and
    to have it, and that starts `at`."""
    at = _past_mark(text, at)
    while True:
        found, at = _DECODER.raw_decode(text, at)
        at = _past_mark(text, at)
        if found == name:
            return at
        _, at = _DECODER.raw_decode(text, at)
        at = _past_mark(text, at)


def _past_mark(text: str, at: int) -> int:
    return next(_MARK.finditer(text, at)).end()


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name “{twice}” stands twice in one object")
    return members


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is neither JSON nor a coordinate")
