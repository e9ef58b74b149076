"""Dumps as answers: made once for a log size, sent with checksum and ranges."""

from __future__ import annotations

import base64
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.past import reading_at, readings_at
from api.reading import Reading
from api.replies import FileReply, Link
from api.service import Service
from trigpoint.dump import EVERYTHING, Dumps

MEDIA_TYPES = {
    "nt": "application/n-triples",
    "ttl": "text/turtle; charset=utf-8",
    "jsonld": "application/ld+json",
    "csv": "text/csv; charset=utf-8; header=present",
    "csv-metadata.json": "application/csvm+json",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
    "gpkg": "application/geopackage+sqlite3",
    "fgb": "application/flatgeobuf",
    "rsf": "application/uk-gov-rsf",
    "trig": "application/trig",
}


async def dump_reply(
    here: Service, register: str, suffix: str, size: str | None = None
) -> Response:
    """A dump of the log as it is now, or was at a size, with its SHA-256 in
    `Repr-Digest` (RFC 9530)."""
    then, dumps = await run_in_threadpool(_at, here, register, size)
    dump = await run_in_threadpool(dumps.held, register, suffix)
    if dump is None:  # making one is work that has its own limit
        dump = await here.hard.run(partial(dumps.file, register, suffix))
    digest = base64.b64encode(bytes.fromhex(dump.sha256)).decode()
    everything = register == EVERYTHING
    licence = None if everything else here.registers.schema(register).licence
    links = [Link(licence, "license")] if licence else []
    if suffix == "csv":
        metadata = then.path(f"/dumps/{register}.csv-metadata.json")
        kind = MEDIA_TYPES["csv-metadata.json"]
        links.append(Link(metadata, "describedby", kind))
    return FileReply(
        dump.path,
        dump.bytes,
        MEDIA_TYPES[suffix],
        etag=dump.sha256,
        sizes=then.sizes if everything else {register: dump.size},
        links=links,
        cache=then.lifetime,
        headers={"Repr-Digest": f"sha-256=:{digest}:"},
    )


def _at(here: Service, register: str, size: str | None) -> tuple[Reading, Dumps]:
    """What a dump speaks for, and the dumps of that."""
    if size is None:
        return here, here.dumps
    if register == EVERYTHING:
        then = readings_at(here, size)
    else:
        then = reading_at(here, register, size)
    return then, here.dumps.as_of(then.registers.log.sizes())
