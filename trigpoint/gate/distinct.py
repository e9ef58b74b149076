"""Distinct texts of long columns, gathered batch by batch.

Texts are told apart by fingerprints: 64-bit hashes that polars makes some hundreds of
millions of a second. They are seeded anew by each process, so nobody can write two
texts that share one.
"""

from __future__ import annotations

import secrets

import polars as pl

_SEED, _OTHER_SEED = secrets.randbits(64), secrets.randbits(64)
_STEP = 200_000  # rows; unique() is three times as fast on so few as on a million


def fingerprint(text: pl.Expr) -> pl.Expr:
    """A hash of texts (UInt64), the same throughout this process. Not of nulls."""
    return text.hash(_SEED)


class Distinct:
    """The distinct texts of a column whose rows come in parts.

    A text is passed over if two independent fingerprints of it are known: by mistake
    once in 10^18 columns of ten million distinct texts.
    """

    def __init__(self) -> None:
        self._texts = pl.Series("value", [], pl.String)
        self._one = pl.Series("one", [], pl.UInt64)
        self._other = pl.Series("other", [], pl.UInt64)

    def add(self, texts: pl.Series) -> None:
        """Take in more rows, none of them null."""
        start = 0
        while start < len(texts):
            # What is known is made a table for each step: no larger than the step.
            step = max(_STEP, len(self._texts))
            self._add(texts.slice(start, step).alias("value").to_frame())
            start += step

    def _add(self, part: pl.DataFrame) -> None:
        text = pl.col("value")
        one, other = fingerprint(text), text.hash(_OTHER_SEED)
        if len(self._texts):
            known = one.is_in(self._one.implode()) & other.is_in(self._other.implode())
            part = part.filter(~known)
        new = part.unique()
        if len(new):
            self._texts.append(new["value"])
            hashes = new.select(one.alias("one"), other.alias("other"))
            self._one.append(hashes["one"])
            self._other.append(hashes["other"])

    def texts(self) -> pl.Series:
        """Each text once, in no order."""
        return self._texts.rechunk()
