"""What was found for positions: few different answers, and which row has which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trigpoint.spatial.grids import Floats
from trigpoint.tables.batch import dumps

BETWEEN = ";"  # codes and councils in one cell
RELATIONS = ("inside", "border", "within", "outside")
REFUSED = 0  # the answer of a row that is no position
Numbers = npt.NDArray[np.int64]


class Answers:
    """The different answers to a table, by numbers.

    An answer is texts by the names of columns, without those that are empty; that of
    the number `REFUSED` has none. `codes` are those of the areas that there may be, by
    their layers in order.
    """

    def __init__(self, codes: Mapping[str, Sequence[str]]) -> None:
        self.codes = codes
        self._cells: list[dict[str, str]] = [{}]
        self._members = [""]

    @property
    def names(self) -> list[str]:
        """The columns of an answer, in order."""
        parts = ("", "-relation", "-others")
        return [
            *(f"{layer}{part}" for layer in self.codes for part in parts),
            "councils",
        ]

    def add(self, cells: dict[str, str]) -> int:
        """Keep an answer; gives its number."""
        self._cells.append(cells)
        self._members.append(dumps(cells)[1:-1])
        return len(self._cells) - 1

    def members(self, rows: Numbers) -> list[str]:
        """The answer of each row as JSON members, without braces."""
        return [self._members[number] for number in rows.tolist()]

    def columns(self, rows: Numbers) -> dict[str, pa.Array]:
        """The answers as columns; codes and relations are dictionaries of the same
        values for all rows that are ever asked for."""
        values: dict[str, Sequence[str]] = dict(self.codes)
        values |= {f"{layer}-relation": RELATIONS for layer in self.codes}
        return {
            name: self._coded(name, values[name], rows)
            if name in values
            else self._texts(name, rows)
            for name in self.names
        }

    def _coded(
        self, name: str, values: Collection[str], rows: Numbers
    ) -> pa.DictionaryArray:
        places = {value: place for place, value in enumerate(values)}
        cells = [answer.get(name) for answer in self._cells]
        fewest = np.min_scalar_type(-len(places) - 1)  # bytes of a number that fits
        numbers = [-1 if one is None else places[one] for one in cells]
        indices = np.array(numbers, fewest)[rows]
        return pa.DictionaryArray.from_arrays(
            pa.array(indices, mask=indices < 0), pa.array(list(values), pa.string())
        )

    def _texts(self, name: str, rows: Numbers) -> pa.Array:
        cells = [answer.get(name) for answer in self._cells]
        if not any(cells):
            return pa.nulls(len(rows), pa.string())
        return pa.array(cells, pa.string()).take(pa.array(rows))


@dataclass
class Located:
    """What was found for the rows of a batch.

    `lons` and `lats` are CRS84 degrees, `rows` the number of each row's answer, `out`
    the columns of positions in the system that was asked for (NaN where there is none),
    and `errors` a sentence for each row that is refused.
    """

    answers: Answers
    lons: Floats
    lats: Floats
    rows: Numbers
    errors: dict[int, str]
    out: dict[str, Floats] = field(default_factory=dict)

    def table(self) -> pa.Table:
        """The answers as columns."""
        columns = self.answers.columns(self.rows)
        for name, numbers in self.out.items():
            columns[name] = pa.array(numbers, mask=np.isnan(numbers))
        columns["error"] = self._errors()
        return pa.table(columns)

    def members(self) -> list[str]:
        """The answers as JSON members without braces, a text a row."""
        rows = self.answers.members(self.rows)
        for name, numbers in self.out.items():
            for row, value in enumerate(numbers.tolist()):
                if value == value:  # no NaN
                    rows[row] += f'{"," * bool(rows[row])}"{name}":{value}'
        for row, error in self.errors.items():
            rows[row] = dumps({"error": error})[1:-1]
        return rows

    def _errors(self) -> pa.Array:
        if not self.errors:
            return pa.nulls(len(self.rows), pa.string())
        cells: list[str | None] = [None] * len(self.rows)
        for row, text in self.errors.items():
            cells[row] = text
        return pa.array(cells, pa.string())
