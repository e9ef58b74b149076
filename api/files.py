"""Dumps as answers: made once for a log size, sent with checksum and ranges."""

from __future__ import annotations

import base64
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.replies import FileReply, Link
from api.service import Service
from trigpoint.dump import EVERYTHING

MEDIA_TYPES = {
    "nt": "application/n-triples",
    "ttl": "text/turtle; charset=utf-8",
    "jsonld": "application/ld+json",
    "csv": "text/csv; charset=utf-8; header=present",
    "csv-metadata.json": "application/csvm+json",
    "geojson": "application/geo+json",
    "rsf": "application/uk-gov-rsf",
    "trig": "application/trig",
}


async def dump_reply(here: Service, register: str, suffix: str) -> Response:
    """A dump of the log as it is now, with its SHA-256 in `Repr-Digest` (RFC 9530)."""
    dump = await run_in_threadpool(here.dumps.held, register, suffix)
    if dump is None:  # making one is work that has its own limit
        dump = await here.hard.run(partial(here.dumps.file, register, suffix))
    digest = base64.b64encode(bytes.fromhex(dump.sha256)).decode()
    everything = register == EVERYTHING
    licence = None if everything else here.registers.schema(register).licence
    links = [Link(licence, "license")] if licence else []
    if suffix == "csv":
        metadata = here.path(f"/dumps/{register}.csv-metadata.json")
        kind = MEDIA_TYPES["csv-metadata.json"]
        links.append(Link(metadata, "describedby", kind))
    return FileReply(
        dump.path,
        dump.bytes,
        MEDIA_TYPES[suffix],
        etag=dump.sha256,
        sizes=here.sizes if everything else {register: dump.size},
        links=links,
        headers={"Repr-Digest": f"sha-256=:{digest}:"},
    )
