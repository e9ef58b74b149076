"""Verbs that look into a data directory: status, records, entries, places, dumps."""

from __future__ import annotations

import json
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.build import boundary_index
from trigpoint.cli.app import Data, Key, RegisterName, app, print_json
from trigpoint.dump import EVERYTHING, Dumps
from trigpoint.erasure import is_due
from trigpoint.errors import TrigpointError
from trigpoint.identifiers import parse_postcode
from trigpoint.log.sizes import parse_size, parse_sizes
from trigpoint.lookup import answer, day_of
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash
from trigpoint.schema.rdf import lon_lat_of, turtle
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.crs import (
    BRITISH_GRID,
    CRS84,
    Point,
    point_from_easting_northing,
    point_from_lon_lat,
)

Sizes = Annotated[
    str | None,
    typer.Option(
        help="As of so many entries of all registers together, or “boundary=361”."
    ),
]


class RecordFormat(StrEnum):
    """How a record can be printed."""

    json = "json"
    jsonld = "jsonld"
    nt = "nt"
    ttl = "ttl"


@app.command()
def status(data: Data) -> None:
    """Print size, records and root hash of each register, and who appended last."""
    registers = Registers.open(data)
    log = registers.log
    names = log.registers()
    width = max(map(len, names), default=0)
    print(f"{'register':<{width}}  entries  records  {'root hash':<72}  appended by")
    for name in names:
        size, records = log.size(name), log.count(name)
        root = format_hash(log.root(name))
        by = log.custodians(name, size, size).get(size)
        last = f"  {by.name}" if by else ""
        print(f"{name:<{width}}  {size:>7}  {records:>7}  {root}{last}")
    view = registers.views.current()
    now = (log.sizes(), log.withheld_count())
    behind = view is None or (view.sizes, view.withheld) != now
    print(f"views: {'behind the log' if behind else 'up to date'}")
    if is_due(data):
        print("withheld content is not erased from all files: run `trigpoint rebuild`")


@app.command()
def record(
    register: RegisterName,
    key: Key,
    data: Data,
    format: Annotated[RecordFormat, typer.Option()] = RecordFormat.json,
    size: Annotated[
        int | None, typer.Option(min=0, help="As of so many entries of the register.")
    ] = None,
) -> None:
    """Print a record: its latest entry with its item."""
    registers: Snapshot = Registers.open(data)
    registers.schema(register)
    if size is not None:
        registers = registers.as_of({register: size})
    found = registers.log.record(register, registers.canonical_key(register, key))
    if format in (RecordFormat.nt, RecordFormat.ttl):
        lines = registers.lines(found)
        if format is RecordFormat.ttl:
            print(turtle(lines).decode(), end="")
        else:
            print("\n".join(lines))
    else:
        print_json(registers.document(found, typed=format is RecordFormat.jsonld))


@app.command()
def entry(
    register: RegisterName,
    number: Annotated[int, typer.Argument(help="Entry number; the first is 1.")],
    data: Data,
) -> None:
    """Print one entry of a register, and its item."""
    log = Registers.open(data).log
    found = log.entry(register, number)
    print_json(found.as_json() | {"item": json.loads(log.item(found.item_hash))})


@app.command()
def trail(register: RegisterName, key: Key, data: Data) -> None:
    """Print all entries of one key, oldest first."""
    registers = Registers.open(data)
    registers.schema(register)
    entries = registers.log.trail(register, registers.canonical_key(register, key))
    print_json([one.as_json() for one in entries])


@app.command()
def lookup(
    data: Data,
    postcode: Annotated[str | None, typer.Argument(help="A postcode.")] = None,
    lon: Annotated[float | None, typer.Option(help="Degrees.")] = None,
    lat: Annotated[float | None, typer.Option(help="Degrees.")] = None,
    easting: Annotated[float | None, typer.Option(help="Metres.")] = None,
    northing: Annotated[float | None, typer.Option(help="Metres.")] = None,
    crs: Annotated[
        str | None, typer.Option(help="Of the pair: EPSG:27700 for metres if left out.")
    ] = None,
    out_crs: Annotated[
        str | None, typer.Option(help="Also say the point in this system.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="A date; today if left out.")] = None,
    size: Sizes = None,
) -> None:
    """Print the areas of a point or a postcode, and the councils that govern them."""
    now = Registers.open(data)
    registers = now if size is None else now.as_of(parse_sizes(size, now.log))
    point = _point_of(registers, postcode, (lon, lat), (easting, northing), crs)
    if size is None:
        boundaries = now.view().boundaries
    else:
        boundaries = boundary_index(registers.log, registers.schemas)
    areas = Areas(registers, boundaries, day_of(at))
    print_json(answer(areas, point, out_crs=out_crs))


@app.command()
def dump(
    register: Annotated[str, typer.Argument(help=f"A register, or “{EVERYTHING}”.")],
    suffix: Annotated[str, typer.Argument(metavar="FORMAT", help="nt, ttl, csv, …")],
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="A file; standard output else.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="As of so many entries; of “everything”, as for lookup."),
    ] = None,
) -> None:
    """Write a whole register in one format."""
    registers = Registers.open(data)
    dumps = Dumps(registers)
    if size is not None and register == EVERYTHING:
        dumps = dumps.as_of(parse_sizes(size, registers.log))
    elif size is not None:
        dumps = dumps.as_of({register: parse_size(size)})
    made = dumps.file(register, suffix)
    if out is not None:
        shutil.copyfile(made.path, out)
    else:
        with made.path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    print(
        f"sha-256:{made.sha256}  {made.bytes} bytes, log size {made.size}",
        file=sys.stderr,
    )


Pair = tuple[float | None, float | None]


def _point_of(
    registers: Snapshot,
    postcode: str | None,
    degrees: Pair,
    metres: Pair,
    crs: str | None,
) -> Point:
    """The one place that is given: a postcode's, or that of a pair in a system."""
    given = [value is not None for value in (postcode, *degrees, *metres)]
    if given == [True, False, False, False, False] and crs is None:
        return _postcode_point(registers, postcode or "")
    if given == [False, True, True, False, False]:
        lon, lat = (value or 0.0 for value in degrees)
        return point_from_lon_lat(lon, lat, crs or CRS84)
    if given == [False, False, False, True, True]:
        easting, northing = (value or 0.0 for value in metres)
        return point_from_easting_northing(easting, northing, crs or BRITISH_GRID)
    raise typer.BadParameter(
        "give a postcode, or --lon and --lat, or --easting and --northing; --crs goes "
        "with a pair"
    )


def _postcode_point(registers: Snapshot, postcode: str) -> Point:
    found = registers.log.record("postcode", parse_postcode(postcode))
    value = found.item.get("point")
    place = lon_lat_of(value) if isinstance(value, str) else None
    if place is None:
        raise TrigpointError(f"the position of {postcode} is not known")
    return point_from_lon_lat(*place)
