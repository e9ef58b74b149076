"""Numbers of refused rows: one bit for each row, however many are refused."""

from __future__ import annotations

import numpy as np
import polars as pl

_PAGE = 1 << 16  # rows; a page is 8 KiB, and there is none where no row is refused


class RowNumbers:
    """A set of row numbers from 0 up to 2³²-1, in the room of one bit a row of the
    file at most: 5 MB for 41 million rows."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, row: int) -> None:
        page = self._pages.get(row >> 16)
        if page is None:
            page = self._pages[row >> 16] = bytearray(_PAGE // 8)
        page[(row & 0xFFFF) >> 3] |= 1 << (row & 7)

    def update(self, other: RowNumbers) -> None:
        for number, theirs in other._pages.items():
            own = self._pages.get(number)
            joined = theirs if own is None else np.bitwise_or(_bits(own), _bits(theirs))
            self._pages[number] = bytearray(joined)

    def has(self, rows: pl.Series) -> pl.Series:
        """Which of these numbers are in the set (Boolean), in time that does not grow
        with the set."""
        numbers = rows.to_numpy()
        found = np.zeros(len(numbers), dtype=np.bool_)
        pages = numbers >> 16
        for number in np.unique(pages):
            page = self._pages.get(int(number))
            if page is not None:
                here = pages == number
                low = numbers[here] & 0xFFFF
                found[here] = (_bits(page)[low >> 3] >> (low & 7)) & 1
        return pl.Series("_row", found)

    def series(self) -> pl.Series:
        """The numbers (UInt32), each once, in their order."""
        found = [np.empty(0, np.uint32)]
        for number in sorted(self._pages):
            bits = np.unpackbits(_bits(self._pages[number]), bitorder="little")
            rows = np.flatnonzero(bits) + number * _PAGE
            found.append(rows.astype(np.uint32))
        return pl.Series("_row", np.concatenate(found))


def _bits(page: bytearray) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(page, np.uint8)
