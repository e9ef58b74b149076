"""HTTP: look-ups and a record through a real server, against its floor and core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from statistics import median
from urllib.parse import quote

from bench.inputs import Inputs
from bench.measure import Comparison, Side
from bench.server import Load, Server, serving
from bench.wrk import Wrk
from bench.wrk import version as wrk_version
from trigpoint.lookup import answer, day_of
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.spatial.crs import point_from_lon_lat

_REQUESTS = 200
_CONNECTIONS = 32
_SECONDS = 2
_PROCESSES = 2
_ABOUT = (
    f"`python -m api --processes {_PROCESSES}`. “uvicorn alone” answers with as many "
    "bytes, from as many processes, and does nothing else. The core is the same "
    "look-up or record made JSON, in this process. Connections are kept open, and the "
    "next request is sent when the last is answered. The load is "
)
_OWN = (
    "a loop over `http.client` in this process, a thread for each connection; it takes "
    "a core for itself."
)


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Three doors, with one connection and with several."""
    registers = inputs.registers
    wanted = inputs.size(_REQUESTS)
    with (
        serving("bench.floor", str(_PROCESSES)) as floor,
        serving(
            *("api", "--data", str(registers.data), "--port", "0"),
            *("--processes", str(_PROCESSES)),
        ) as server,
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
                    "uvicorn alone": _load(
                        floor, [f"/{size}"] * len(paths), connections
                    ),
                    "trigpoint": _load(server, paths, connections),
                }
                title = f"{door}, {connections} connection{'s'[: connections - 1]}"
                yield _compared(title, given, loads, core)


def _load(server: Server, paths: list[str], connections: int) -> Load | Wrk:
    """Over several connections by wrk, where it is installed."""
    if connections == 1 or wrk_version() is None:
        return Load(server, paths, connections)
    whole = len(paths) == _REQUESTS
    return Wrk(server, paths, connections, _SECONDS if whole else 1)


def _compared(
    title: str, given: str, loads: Mapping[str, Load | Wrk], core: Callable[[], None]
) -> Comparison:
    sides: list[Side] = []
    for name, load in loads.items():
        count = len(load.paths) if isinstance(load, Load) else partial(_done, load)
        sides.append(Side(name, count, load.run, remark=load.remark))
    requests = len(next(iter(loads.values())).paths)
    sides.append(Side("the core, without HTTP", requests, core))
    by_wrk = any(isinstance(load, Wrk) for load in loads.values())
    about = _ABOUT + (f"{wrk_version()}, on the same cores." if by_wrk else _OWN)
    return Comparison(title, given, "requests", sides, about=about)


def _done(load: Wrk) -> int:
    return load.done


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
