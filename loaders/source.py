"""What a source is, and what its `read` is given and gives back.

A source module is constants, one `SOURCE` and one pure `read(given)`. Everything
that all sources share (decoding, counting, gating, appending) is done by others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from loaders.release import Release

OGL = "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
ROW = "_row"
LEFT_OUT = "_left_out"
PROBLEM = "_problem"


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
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True)
class Rows:
    """Rows for one register, in its columns, with `_row` (and `_left_out`, `_problem`).

    `partial` rows have the key and some fields: a column that is not there leaves the
    current record's value as it is.
    """

    register: str
    frame: pl.LazyFrame
    partial: bool = False


@dataclass(frozen=True)
class Given:
    """What `read` works on: the opened files, the options, the current records.

    `held(register)` is a frame of the register's current records: the key and every
    field as text, lists joined by `;`; without rows when the register is empty.
    """

    releases: Sequence[Release]
    options: argparse.Namespace
    held: Callable[[str], pl.DataFrame]

    def of(self, layout: str) -> list[Release]:
        """The releases of this layout, in the order given."""
        return [r for r in self.releases if r.layout.name == layout]

    def scans(self, layout: str) -> list[tuple[Release, pl.LazyFrame]]:
        """Each release of this layout with its rows. When there are several files,
        `_row` counts on from one file to the next, so that a number names one row."""
        found, before = [], 0
        for release in self.of(layout):
            scan = release.scan().with_columns(pl.col(ROW) + pl.lit(before, pl.UInt32))
            found.append((release, scan))
            before += release.last_row
        return found

    def table(self, layout: str) -> pl.LazyFrame:
        """The rows of all releases of this layout, one after the other."""
        return pl.concat([scan for _, scan in self.scans(layout)])


def no_options(parser: argparse.ArgumentParser) -> None:
    """A source without options of its own."""


@dataclass(frozen=True)
class Source:
    """A supplier's product: where it comes from, on what terms, and how it is read."""

    name: str
    title: str
    registers: tuple[str, ...]
    licence: str
    attribution: str
    landing_page: str
    layouts: tuple[Layout, ...]
    read: Callable[[Given], Sequence[Rows]]
    add_options: Callable[[argparse.ArgumentParser], None] = no_options
    needs: tuple[str, ...] = ()  # layouts without which nothing can be read
    find_files: Callable[[], Sequence[str]] | None = None  # when FILE may be left out
    notes: Mapping[str, str] = field(default_factory=dict)
