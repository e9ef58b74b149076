"""HTTP: look-ups and a record through a real server, against its floor and core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from statistics import median
from urllib.parse import quote

from bench.inputs import Inputs
from bench.measure import Comparison, Side
from bench.server import Load, serving
from trigpoint.lookup import answer, day_of
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.spatial.crs import point_from_lon_lat

_REQUESTS = 200
_CONNECTIONS = 4
_ABOUT = (
    "`python -m api` as its own process. The load is a loop over `http.client` in this "
    "process, a thread for each connection, connections kept open, the next request "
    "sent when the last is answered; it takes a core for itself. “uvicorn alone” "
    "answers with as many bytes and does nothing else. The core is the same look-up or "
    "record made JSON, in this process."
)


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Three doors, with one connection and with several."""
    registers = inputs.registers
    wanted = inputs.size(_REQUESTS)
    with (
        serving("bench.floor") as floor,
        serving("api", "--data", str(registers.data), "--port", "0") as server,
    ):
        doors = (
            ("GET /lookup/point", *_points(inputs, wanted)),
            ("GET /lookup/postcode/…", *_postcodes(registers, wanted)),
            ("GET /registers/school-eng/records/…", *_schools(registers, wanted)),
        )
        for door, paths, core in doors:
            size = int(median(len(server.get(path)) for path in paths[:20]))
            given = f"{len(paths)} different requests, answers of about {size:,} B"
            for connections in (1, _CONNECTIONS):
                loads = {
                    "uvicorn alone": Load(
                        floor, [f"/{size}"] * len(paths), connections
                    ),
                    "trigpoint": Load(server, paths, connections),
                }
                title = f"{door}, {connections} connection{'s'[: connections - 1]}"
                yield _compared(title, given, loads, core)


def _compared(
    title: str, given: str, loads: Mapping[str, Load], core: Callable[[], None]
) -> Comparison:
    sides = [
        Side(name, len(load.paths), load.run, remark=load.remark)
        for name, load in loads.items()
    ]
    requests = sides[0].count
    sides.append(Side("the core, without HTTP", requests, core))
    return Comparison(title, given, "requests", sides, about=_ABOUT)


def _points(inputs: Inputs, wanted: int) -> tuple[list[str], Callable[[], None]]:
    registers = inputs.registers
    places = list(islice(inputs.postcodes(_REQUESTS).pairs(), wanted))
    paths = [f"/lookup/point?lon={lon:.6f}&lat={lat:.6f}" for lon, lat in places]

    def core() -> None:
        areas = Areas(registers, registers.view().boundaries, day_of(None))
        for lon, lat in places:
            json.dumps(answer(areas, point_from_lon_lat(lon, lat)))

    return paths, core


def _postcodes(
    registers: Registers, wanted: int
) -> tuple[list[str], Callable[[], None]]:
    records = registers.log.iter_records("postcode")
    keys = [one.entry.key for one in records if "point" in one.item][:wanted]

    def core() -> None:
        areas = Areas(registers, registers.view().boundaries, day_of(None))
        for key in keys:
            record = registers.log.record("postcode", key)
            place = lon_lat_of(str(record.item["point"]))
            assert place is not None
            body = answer(areas, point_from_lon_lat(*place))
            json.dumps({"record": registers.document(record), **body})

    return [f"/lookup/postcode/{quote(key)}" for key in keys], core


def _schools(registers: Registers, wanted: int) -> tuple[list[str], Callable[[], None]]:
    register = "school-eng"
    records = islice(registers.log.iter_records(register), wanted)
    keys = [record.entry.key for record in records]

    def core() -> None:
        for key in keys:
            json.dumps(registers.document(registers.log.record(register, key)))

    return [f"/registers/{register}/records/{quote(key)}" for key in keys], core
