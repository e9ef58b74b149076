"""Open one file of a release: in the columns of its source, or refused.

A file passes once (`decoding`), is compared with the layouts of its source, cut into
rows (RFC 4180 for CSV, one feature a line for GeoJSON) and written to a temporary
Arrow file that polars scans. Nothing is guessed: what is wrong is said with the file,
the row and what to do. Columns that hold people's details stop here.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from loaders.cells import CellWriter
from loaders.decoding import Advance, SourceFile, Undecodable
from loaders.geojson import COLUMNS, read_feature
from loaders.layout import Layout
from trigpoint.errors import BadRelease

# The longest line of the files at hand is 0.9 MB (the district with most islands).
MAX_LINE = 32 << 20
# The largest open file in view, all UPRNs, is about 2 GB unpacked.
MAX_BYTES = 8 << 30


@dataclass(frozen=True)
class Release:
    """One file of a release, decoded and ready to be scanned.

    `checksum` is the SHA-256 (hex) of the file as given; `rows` counts without the
    header, `last_row` is the number of the last row with it; `unread` names columns
    dropped because they hold people's details; `properties` are those that every
    feature of a GeoJSON file has.
    """

    path: Path
    checksum: str
    layout: Layout
    columns: tuple[str, ...]
    rows: int
    last_row: int
    clean: Path
    unread: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    def scan(self) -> pl.LazyFrame:
        """`_row` (UInt32; a header is row 1) and the columns read, as String.

        Cells without text are null; the text of the others is as in the file.
        """
        return pl.scan_ipc(self.clean)


def open_release(
    path: Path,
    layouts: Sequence[Layout],
    folder: Path,
    *,
    max_line: int = MAX_LINE,
    max_bytes: int = MAX_BYTES,
    advance: Advance = lambda _: None,
) -> Release:
    """Decode one file into `folder`, and say which of the `layouts` it has.

    UTF-8 is tried first, with or without a byte order mark; a layout's own legacy
    encoding only when the bytes are not UTF-8. Raises BadRelease for a file that
    cannot be read, unpacked, decoded or cut into the rows of one of the layouts.
    """
    clean = folder / f"{len(list(folder.iterdir()))}.arrow"
    encodings = ["utf-8", *sorted({x.encoding for x in layouts} - {"utf-8"})]
    for encoding in encodings:
        file = SourceFile(path, advance, max_line, max_bytes)
        cut = _features if layouts[0].kind == "geojson-lines" else _table
        try:
            return cut(path, file, file.lines(encoding), layouts, clean)
        except Undecodable:
            if encoding == encodings[-1]:
                raise
            advance = _no_advance  # the bytes were counted already
    raise ValueError("a source needs a layout")


def _no_advance(_: int) -> None:
    """Count nothing."""


def _cells(
    lines: Iterable[str], layout: Layout, file: SourceFile
) -> Iterator[tuple[int, list[str]]]:
    """Rows with their number from 1; blank lines are counted and passed over."""
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(
        lines,
        delimiter=layout.separator,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        strict=True,
    )
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if cells:
                yield number, cells
    except csv.Error as error:
        if "new-line character" in str(error):
            raise file.refuse(
                "has a carriage return without a line feed after it",
                "end each row in a line feed, and quote a cell that has several lines",
                number + 1,
            ) from error
        raise file.refuse(
            f"the row cannot be cut into cells ({error})",
            "look for a quotation mark that is not closed or not doubled",
            number + 1,
        ) from error


def _table(
    path: Path,
    file: SourceFile,
    lines: Iterator[str],
    layouts: Sequence[Layout],
    clean: Path,
) -> Release:
    first = next(lines, "")
    if not first.strip():
        raise file.refuse("is empty, or starts with an empty line", "check the file")
    layout, header = _layout(first, layouts, file)
    people = re.compile(layout.unread or r"(?!)")
    read = [*layout.columns, *(c for c in layout.optional if c in header)]
    places = [header.index(name) for name in read]
    rows = _cells(itertools.chain([first], lines), layout, file)
    if layout.header:
        next(rows)
    count = number = 0
    with CellWriter(clean, read) as out:
        for number, cells in rows:
            if len(cells) != len(header):
                raise _ragged(file, number, len(cells), len(header))
            out.write(number, [cells[place] for place in places])
            count += 1
    return Release(
        path=path,
        checksum=file.checksum,
        layout=layout,
        columns=tuple(read),
        rows=count,
        last_row=number,
        clean=clean,
        unread=tuple(name for name in header if people.search(name)),
    )


def _ragged(file: SourceFile, row: int, cells: int, expected: int) -> BadRelease:
    do = "look for a separator in the text that is not quoted"
    if cells < expected:
        do = (
            "check that the file is whole and the row was not cut, or add what it lacks"
        )
    return file.refuse(f"the row has {cells} cells, expected {expected}", do, row)


def _layout(
    first: str, layouts: Sequence[Layout], file: SourceFile
) -> tuple[Layout, list[str]]:
    """The layout that a file has, and all its columns in their order."""
    misfits = []
    for layout in layouts:
        _, header = next(_cells([first], layout, file))
        if not layout.header:
            header = list(layout.columns) if len(header) == len(layout.columns) else []
        header = [name.strip() for name in header]
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise file.refuse(
                f"names columns twice: {', '.join(twice)}", "name each once"
            )
        missing = [name for name in layout.columns if name not in header]
        unexpected = _unexpected(layout, header)
        if not missing and not unexpected:
            return layout, header
        misfits.append((len(missing) - len(layout.columns), missing, unexpected))
    _, missing, unexpected = min(misfits)
    raise _wrong_columns(file, missing, unexpected)


def _unexpected(layout: Layout, header: list[str]) -> list[str]:
    if not layout.strict:
        return []
    people = re.compile(layout.unread or r"(?!)")
    known = {*layout.columns, *layout.optional}
    return [name for name in header if name not in known and not people.search(name)]


def _wrong_columns(
    file: SourceFile, missing: list[str], unexpected: list[str]
) -> BadRelease:
    said = [
        f"{word} {', '.join(names)}"
        for word, names in (("missing", missing), ("unexpected", unexpected))
        if names
    ]
    return file.refuse(
        f"has other columns than expected: {'; '.join(said)}",
        "check that this is a file of this source (docs/sources.md)",
        1,
    )


def _features(
    path: Path,
    file: SourceFile,
    lines: Iterator[str],
    layouts: Sequence[Layout],
    clean: Path,
) -> Release:
    properties: tuple[str, ...] = ()
    count = number = 0
    with CellWriter(clean, COLUMNS) as out:
        for number, line in enumerate(lines, 1):
            text = line.strip("\x1e\r\n\t ")
            if not text:
                continue
            feature = read_feature(text, number, file)
            if not count:
                properties = feature.names
            _check_alike(feature.names, properties, number, file)
            out.write(number, feature.cells)
            count += 1
    if not count:
        raise file.refuse("is empty", "check the file")
    return Release(
        path=path,
        checksum=file.checksum,
        layout=layouts[0],
        columns=COLUMNS,
        rows=count,
        last_row=number,
        clean=clean,
        properties=properties,
    )


def _check_alike(
    names: Sequence[str], properties: Sequence[str], number: int, file: SourceFile
) -> None:
    if set(names) == set(properties):
        return
    missing = sorted(set(properties) - set(names))
    unexpected = sorted(set(names) - set(properties))
    raise file.refuse(
        f"the feature has other properties than the first: missing {missing}, "
        f"unexpected {unexpected}",
        "give every feature the same properties",
        number,
    )
