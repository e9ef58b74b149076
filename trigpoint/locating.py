"""Where many are: the areas and councils of columns of positions.

Of a million positions few have different answers. Each set of boundaries that covers
some is answered once, by what answers one point, so that a row says what a look-up of
its position says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa

from trigpoint.errors import InvalidPoint
from trigpoint.located import BETWEEN, REFUSED, Answers, Located, Numbers
from trigpoint.placing import Area, Areas, governed
from trigpoint.spatial.crs import BRITISH_GRID, CRS84, Transformed, transform_many
from trigpoint.spatial.grids import (
    ReferenceSystem,
    from_lon_lat,
    reference_system,
)
from trigpoint.spatial.layers import layer_rank
from trigpoint.tables.batch import DEGREES, Batch, Pair, Reader, Writer

_EXPLAINED = 1_000  # refused rows of a table whose reason is worked out
_DEPTH = 3  # boundaries that cover a point, beyond which it is looked at by itself


class Locator:
    """Answers of one day for tables of one form. Not shared between threads."""

    def __init__(
        self,
        areas: Areas,
        pair: Pair,
        *,
        crs: str | None = None,
        out_crs: str | None = None,
        register: str | None = None,
        layers: Collection[str] | None = None,
    ) -> None:
        """`pair` names the columns of the position and `crs` their system: OGC:CRS84
        or EPSG:27700 unless it is given. `out_crs` asks for the position in another
        one. `register` keeps areas and councils of areas of that register; `layers`
        keeps the columns of some layers.

        Raises InvalidPoint when the system has not those axes, InvalidInput for one
        that is not known, InvalidParameter for a layer that is none.
        """
        self._areas = areas
        self._pair = pair
        self._system = _system_of(pair, crs)
        self._out = reference_system(out_crs, "out-crs") if out_crs else None
        self._register = register
        self._asked = None if layers is None else tuple(layers)
        if layers is not None:
            areas.check_layers(layers)
        self._drawn = areas.boundaries.vintages(areas.day)
        self._digits = 2 * len(areas.boundaries.boundaries) + 1
        self.registers: set[str] = set()  # that any answer may speak of
        self._answers = Answers(self._codes_of_layers())
        self._known: dict[int | tuple[int, ...], int] = {}
        self._explained = 0

    @property
    def names(self) -> list[str]:
        """The columns of an answer, in order."""
        out = [f"out-{axis}" for axis in _axes(self._out)] if self._out else []
        return [*self._answers.names, *out, "error"]

    def locate(self, batch: Batch) -> Located:
        """What is said of each row of a batch."""
        pairs = (batch.firsts, batch.seconds)
        if _axes(self._system) != self._system.axes:
            pairs = (batch.seconds, batch.firsts)
        at = transform_many(self._system.code, *pairs)
        errors = {
            row: f"row {batch.number + row}: {wrong}"
            for row, wrong in batch.problems.items()
        }
        for row in at.refused.tolist():
            if row not in errors:
                errors[row] = f"row {batch.number + row}: {self._reason(at, row)}"
        covers = self._areas.boundaries.locate_many(
            at.firsts, at.seconds, self._areas.day, crs=self._system.code
        )
        digits = covers.rows * 2 + covers.on_border + 1
        answers = self._numbers_of(covers.points, digits, len(batch))
        answers[at.refused] = REFUSED
        located = Located(self._answers, at.lons, at.lats, answers, errors)
        if self._out is not None:
            self._place_out(self._out, located, batch.number)
        return located

    def _reason(self, at: Transformed, row: int) -> str:
        """Why a row is refused, said of the first ones in full."""
        self._explained += 1
        if self._explained <= _EXPLAINED:
            return str(at.reason(row))
        return (
            f"{','.join(self._pair)} is no position in {self._system.code}; only the "
            f"first {_EXPLAINED} such rows are explained"
        )

    def _place_out(self, out: ReferenceSystem, located: Located, number: int) -> None:
        firsts, seconds = from_lon_lat(out.code, located.lons, located.lats)
        beyond = np.isnan(firsts) & ~np.isnan(located.lons)
        for row in np.flatnonzero(beyond).tolist():
            located.errors[row] = (
                f"row {number + row}: the position is beyond the reach of {out.code} "
                f"({out.title}), which out-crs names"
            )
        located.rows[beyond] = REFUSED
        pair = (firsts, seconds) if _axes(out) == out.axes else (seconds, firsts)
        decimals = 3 if out.projected else 8
        for axis, numbers in zip(_axes(out), pair, strict=True):
            located.out[f"out-{axis}"] = np.round(numbers, decimals)

    def _numbers_of(self, points: Numbers, digits: Numbers, total: int) -> Numbers:
        """The number of the answer of each point.

        The boundaries that cover a point, each with its relation, are the digits of a
        number: points of the same number have the same answer.
        """
        counts = np.bincount(points, minlength=total)
        starts = np.cumsum(counts) - counts
        keys = np.zeros(total, np.int64)
        for depth in range(min(int(counts.max(initial=0)), _DEPTH)):
            more = counts > depth
            keys[more] = keys[more] * self._digits + digits[starts[more] + depth]
        encoded = pa.array(keys).dictionary_encode()
        numbers = [self._answer(key) for key in encoded.dictionary.to_pylist()]
        answers: Numbers = np.array(numbers, np.int64)[encoded.indices.to_numpy()]
        for point in np.flatnonzero(counts > _DEPTH).tolist():
            start = starts[point]
            found = tuple(digits[start : start + counts[point]].tolist())
            answers[point] = self._number(found, found)
        return answers

    def _answer(self, key: int) -> int:
        """The number of the answer for a number of up to three digits."""
        digits, rest = [], key
        while rest:
            rest, digit = divmod(rest, self._digits)
            digits.append(digit)
        return self._number(key, tuple(reversed(digits)))

    def _number(self, key: int | tuple[int, ...], digits: tuple[int, ...]) -> int:
        known = self._known.get(key)
        if known is None:
            cells = self._cells_of(digits)
            known = self._known[key] = self._answers.add(cells)
        return known

    def _cells_of(self, digits: Iterable[int]) -> dict[str, str]:
        """What a look-up of a point says that these boundaries cover."""
        boundaries = self._areas.boundaries.boundaries
        found = (
            (boundaries[(digit - 1) // 2], "inside" if digit % 2 else "border")
            for digit in digits
        )
        areas = [
            area
            for area in self._areas.together(found)
            if self._register is None or area.register == self._register
        ]
        cells: dict[str, str] = {}
        for layer in self._answers.codes:
            here = [area for area in areas if area.layer == layer]
            if here:
                cells[layer] = here[0].code
                cells[f"{layer}-relation"] = here[0].relation
            elif layer in self._drawn:
                cells[f"{layer}-relation"] = "outside"
            if here[1:]:
                cells[f"{layer}-others"] = BETWEEN.join(area.code for area in here[1:])
        councils = BETWEEN.join(self._councils(areas))
        return cells | ({"councils": councils} if councils else {})

    def _councils(self, areas: list[Area]) -> Iterable[str]:
        """Register and key of each council, as look-ups of a point name them."""
        governing = governed(areas) if self._register is None else areas
        named = (area.authority for area in governing if area.authority)
        return dict.fromkeys(f"{register}:{key}" for register, key, _ in named)

    def _codes_of_layers(self) -> dict[str, list[str]]:
        """The layers of which there may be any area, with the codes of those.

        Everything that an answer may need of the log is read by this.
        """
        areas = self._areas
        found: dict[str, set[str]] = {
            layer: set() for layer in self._asked or self._drawn
        }
        for row in areas.boundaries.counting(areas.day).tolist():
            for area in areas.of(row):
                self.registers.add(area.register)
                self.registers.update(area.authority[:1] if area.authority else ())
                if self._asked is None or area.layer in self._asked:
                    found.setdefault(area.layer, set()).add(area.code)
        return {layer: sorted(found[layer]) for layer in sorted(found, key=layer_rank)}


def answered(reader: Reader, locator: Locator, writer: Writer) -> Iterator[bytes]:
    """A table with its answers, batch by batch.

    Raises InvalidTable when the table carries a column of the answers, when the rest of
    it cannot be read, or when the format cannot hold it; TableTooLong.
    """
    for batch in reader.batches():
        batch.check_free(locator.names)
        for part in batch.parts():
            yield writer.write(part, locator.locate(part))
    yield writer.end()


def _system_of(pair: Pair, crs: str | None) -> ReferenceSystem:
    degrees = pair == DEGREES
    system = reference_system(crs or (CRS84 if degrees else BRITISH_GRID))
    if system.projected == degrees:
        raise InvalidPoint(
            f"crs is {system.code}, which has no {' and '.join(pair)}: the columns of "
            f"the position must be {' and '.join(_axes(system))}",
            parameter="crs",
            value=crs,
        )
    return system


def _axes(system: ReferenceSystem) -> Pair:
    """The axes of a system, eastward first."""
    return DEGREES if not system.projected else system.axes
