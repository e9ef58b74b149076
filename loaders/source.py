"""What a source is, and what its `read` is given and gives back.

A source module is constants, one `SOURCE` and one pure `read(given)`. Everything
that all sources share (decoding, counting, gating, appending) is done by others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from loaders.layout import ROW, Layout
from loaders.release import Release
from trigpoint.schema.shape import Schema

OGL = "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
LEFT_OUT = "_left_out"
PROBLEM = "_problem"
REMARK = "_remark"


@dataclass(frozen=True)
class Rows:
    """Rows for one register, in its columns, with `_row` (and `_left_out`, `_problem`).

    `_remark`, if there, says what the reader did to a row that its source did not say;
    remarks are counted in the summary.
    `partial` rows amend records that the register holds, and blank nothing: what is
    null stays as the record has it.
    """

    register: str
    frame: pl.LazyFrame
    partial: bool = False


@dataclass(frozen=True)
class Given:
    """What `read` works on: the opened files, the options, the current records.

    `held(register)` is a frame of the register's current records: the key and every
    field as text, lists joined by `;`; without rows when the register is empty.
    `schemas` are those of all registers, by name.
    """

    releases: Sequence[Release]
    options: argparse.Namespace
    held: Callable[[str], pl.DataFrame]
    schemas: Mapping[str, Schema]

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


LayoutsOf = Callable[[argparse.Namespace, Mapping[str, Schema]], tuple[Layout, ...]]


def no_options(parser: argparse.ArgumentParser) -> None:
    """A source without options of its own."""


@dataclass(frozen=True)
class Source:
    """A supplier's product: where it comes from, on what terms, and how it is read.

    `needs` names layouts of which a file must be given. A release that is `whole`
    holds all that its registers should, so that a record missing from it is a drop.
    `layouts_of` takes the place of `layouts` where these depend on the options, and
    `find_files` is asked when no file is named. A source without `read` is an archive
    of registers, whose entries are appended as they are.
    """

    name: str
    title: str
    registers: tuple[str, ...]
    licence: str
    attribution: str
    landing_page: str
    layouts: tuple[Layout, ...] = ()
    read: Callable[[Given], Sequence[Rows]] | None = None
    add_options: Callable[[argparse.ArgumentParser], None] = no_options
    needs: tuple[str, ...] = ()
    whole: bool = True
    layouts_of: LayoutsOf | None = None
    find_files: Callable[[], Sequence[Path]] | None = None
