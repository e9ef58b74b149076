"""A table of points over HTTP, in each format, against the core without HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from bench.inputs import Inputs
from bench.measure import Comparison, Side
from bench.server import Server, serving
from trigpoint.dates import today
from trigpoint.locating import Locator, answered
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.tables.formats import ARROW_STREAM, CSV, LINES, TableFormat

_ROWS = 1_000_000
_ABOUT = (
    "`python -m api` as its own process; the client is `http.client` in this one, on "
    "the same cores, which sends the whole table and reads the whole answer. Every row "
    "has a key and a position, and is answered with all layers, councils and errors. "
    "The core is what the server does between the two, from a file."
)


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Real postcodes as Arrow, CSV and lines of JSON, and the core on Arrow."""
    at = inputs.postcodes(_ROWS)
    table = pa.table({"postcode": at.keys, "lon": at.lons, "lat": at.lats})
    bodies = _bodies(table)
    registers = inputs.registers
    with (
        serving("api", "--data", str(registers.data), "--port", "0") as server,
        tempfile.TemporaryDirectory(dir=inputs.folder) as folder,
    ):
        path = Path(folder) / "table"
        path.write_bytes(bodies[ARROW_STREAM])
        _check(server, bodies, _core(registers, path))
        sides = [
            Side(
                f"POST /lookup/points, {form.media_type}",
                len(table),
                partial(_discard, server, form, body),
            )
            for form, body in bodies.items()
        ]
        core = Side(
            "the core, Arrow, without HTTP",
            len(table),
            partial(_discard_core, registers, path),
        )
        given = (
            f"{len(table):,} postcodes in {len(inputs.districts.boundaries)} districts"
        )
        yield Comparison(
            "A table of points", given, "points", [*sides, core], about=_ABOUT
        )


def _bodies(table: pa.Table) -> dict[TableFormat, bytes]:
    frame = pl.DataFrame(pl.from_arrow(table))
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {
        ARROW_STREAM: bytes(sink.getvalue()),
        CSV: frame.write_csv().encode(),
        LINES: frame.write_ndjson().encode(),
    }


def _check(server: Server, bodies: dict[TableFormat, bytes], core: bytes) -> None:
    """That all give the same districts."""
    expected = ipc.open_stream(core).read_all()["district"].to_pylist()
    csv = pl.read_csv(_post(server, CSV, bodies[CSV]), infer_schema=False)
    arrow = ipc.open_stream(_post(server, ARROW_STREAM, bodies[ARROW_STREAM]))
    lines = pl.read_ndjson(
        _post(server, LINES, bodies[LINES]), infer_schema_length=None
    )
    for found in (
        csv["district"].to_list(),
        arrow.read_all()["district"].to_pylist(),
        lines["district"].to_list(),
    ):
        if found != expected:
            raise RuntimeError("a table is answered differently over HTTP")


def _post(server: Server, form: TableFormat, body: bytes) -> bytes:
    connection = HTTPConnection(server.host, server.port, timeout=120)
    headers = {"Content-Type": form.media_type}
    connection.request("POST", "/lookup/points", body, headers)
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"a table was answered {answer.status}: {found[:200]!r}")
    return found


def _discard(server: Server, form: TableFormat, body: bytes) -> None:
    _post(server, form, body)


def _core(registers: Registers, path: Path) -> bytes:
    areas = Areas(registers, registers.view().boundaries, today())
    reader = ARROW_STREAM.open(path)
    locator = Locator(areas, reader.pair)
    return b"".join(answered(reader, locator, ARROW_STREAM.writer()))


def _discard_core(registers: Registers, path: Path) -> None:
    _core(registers, path)
