"""Dumps: a whole register in each format, made once for a log size.

A dump lies in `{data}/dumps` under a name that says its register, size, base and
shapes, so it never changes; its SHA-256 stands beside it. It is cut in one transaction,
and nothing is held in memory but a page of records.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import shapely.geometry

from trigpoint.catalogue import catalogue_lines, provenance_lines
from trigpoint.errors import InvalidParameter
from trigpoint.iris import graph_iri
from trigpoint.log.entry import Record
from trigpoint.log.rsf import rsf_lines
from trigpoint.register import Registers
from trigpoint.schema import csvw
from trigpoint.schema.geojson import feature
from trigpoint.schema.items import item_hash
from trigpoint.schema.jsonld import context, document
from trigpoint.schema.rdf import prefix_lines, turtle_body, wkt_of
from trigpoint.spatial.geometry import parse_wkt_literal, to_crs84

EVERYTHING = "everything"
_PAGE = 1000


@dataclass(frozen=True)
class DumpFile:
    """A finished dump. `size` is the log size it was cut at: the number of entries of
    its register, or of all registers together."""

    path: Path
    register: str
    format: str
    size: int
    bytes: int
    sha256: str


def feature_of(registers: Registers, record: Record) -> dict[str, Any]:
    """A record as a GeoJSON Feature in CRS84; without geometry, with null."""
    schema = registers.schemas[record.register]
    value = record.item.get(schema.geometry) if schema.geometry else None
    geometry = None
    if schema.geometry and isinstance(value, str):
        drawn = parse_wkt_literal(wkt_of(value, schema.field(schema.geometry)))
        geometry = shapely.geometry.mapping(to_crs84(drawn))
    return feature(record.item, schema, registers.base, geometry)


class Dumps:
    """The dumps of a data directory; each is made when it is first asked for."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._folder = registers.data / "dumps"
        self._locks: dict[str, threading.Lock] = {}

    def formats(self, register: str) -> tuple[str, ...]:
        """The formats that a register can be had in, as file suffixes."""
        if register == EVERYTHING:
            return ("trig",)
        spatial = self._registers.schema(register).geometry is not None
        return tuple(f for f in _WRITERS if f != "geojson" or spatial)

    def held(self, register: str, suffix: str) -> DumpFile | None:
        """The dump of the log as it is now, if it has been made; raises as `file`."""
        if suffix not in self.formats(register):
            raise InvalidParameter(
                f"{register} does not come as .{suffix}: "
                f"there are {', '.join(self.formats(register))}",
                parameter="format",
            )
        return _read(self._path(register, suffix))

    def file(self, register: str, suffix: str) -> DumpFile:
        """The dump of the log as it is now; raises InvalidParameter for a format that
        the register does not come in, NoSuchRegister for a register not held."""
        with self._locks.setdefault(f"{register}.{suffix}", threading.Lock()):
            return self.held(register, suffix) or self._make(register, suffix)

    def _sizes(self, register: str) -> dict[str, int]:
        sizes = self._registers.log.sizes()
        return sizes if register == EVERYTHING else {register: sizes[register]}

    def _path(self, register: str, suffix: str) -> Path:
        sizes = self._sizes(register)
        made_by = (self._registers.base, self._registers.schemas.fingerprint)
        state = json.dumps([*made_by, sizes], sort_keys=True)
        name = f"{register}-{sum(sizes.values())}-{item_hash(state).hex()[:12]}"
        return self._folder / suffix / register / f"{name}.{suffix}"

    def _make(self, register: str, suffix: str) -> DumpFile:
        with self._registers.log.snapshot():
            path = self._path(register, suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.{os.getpid()}.new")
            digest, length = hashlib.sha256(), 0
            with beside.open("wb") as out:
                for piece in self._pieces(register, suffix):
                    data = piece.encode()
                    digest.update(data)
                    length += len(data)
                    out.write(data)
            size = sum(self._sizes(register).values())
        dump = DumpFile(path, register, suffix, size, length, digest.hexdigest())
        _write_facts(dump)
        beside.rename(path)
        self._clear(path)
        return dump

    def _clear(self, keep: Path) -> None:
        """Remove the dumps of earlier states; a download of one goes on. What another
        process is writing just now is left to it."""
        for old in keep.parent.iterdir():
            if not old.name.startswith(keep.name) and old.suffix != ".new":
                old.unlink(missing_ok=True)

    def _pieces(self, register: str, suffix: str) -> Iterator[str]:
        if register == EVERYTHING:
            return _trig(self._registers)
        return _WRITERS[suffix](self._registers, register)


def _facts(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _write_facts(dump: DumpFile) -> None:
    facts = _facts(dump.path)
    beside = facts.with_name(f"{facts.name}.{os.getpid()}.new")
    beside.write_text(json.dumps({**asdict(dump), "path": str(dump.path)}))
    beside.rename(facts)


def _read(path: Path) -> DumpFile | None:
    try:
        facts = json.loads(_facts(path).read_text())
        if path.stat().st_size != facts["bytes"]:
            return None
        return DumpFile(**{**facts, "path": path})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _pages(registers: Registers, register: str) -> Iterator[list[Record]]:
    records = registers.log.iter_records(register)
    while page := list(islice(records, _PAGE)):
        yield page


def _ntriples(registers: Registers, register: str) -> Iterator[str]:
    for page in _pages(registers, register):
        lines = chain.from_iterable(registers.lines(record) for record in page)
        yield "".join(f"{line}\n" for line in lines)


def _turtle(registers: Registers, register: str) -> Iterator[str]:
    yield prefix_lines()
    yield from _turtle_bodies(registers, register)


def _turtle_bodies(registers: Registers, register: str) -> Iterator[str]:
    """Turtle of a register, a page at a time, without the prefixes."""
    for page in _pages(registers, register):
        lines = chain.from_iterable(registers.lines(record) for record in page)
        yield turtle_body(lines)


def _jsonld(registers: Registers, register: str) -> Iterator[str]:
    schema, names = registers.schemas[register], tuple(registers.schemas)
    head = context(schema, names, registers.base)["@context"]
    yield '{"@context":' + _compact(head) + ',"@graph":['
    comma = ""
    for record in registers.log.iter_records(register):
        body = document(
            record.item, schema, registers.base, registers=names, typed=True
        )
        del body["@context"]
        yield f"{comma}\n{_compact(body)}"
        comma = ","
    yield "\n]}\n"


def _csv(registers: Registers, register: str) -> Iterator[str]:
    records = registers.log.iter_records(register)
    items = (record.item for record in records)
    return csvw.csv_lines(items, registers.schemas[register])


def _csv_metadata(registers: Registers, register: str) -> Iterator[str]:
    schema = registers.schemas[register]
    body = csvw.metadata(schema, registers.base, f"{register}.csv")
    yield json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _geojson(registers: Registers, register: str) -> Iterator[str]:
    yield '{"type":"FeatureCollection","features":['
    comma = ""
    for record in registers.log.iter_records(register):
        yield f"{comma}\n{_compact(feature_of(registers, record))}"
        comma = ","
    yield "\n]}\n"


def _rsf(registers: Registers, register: str) -> Iterator[str]:
    return rsf_lines(registers.log, register)


def _trig(registers: Registers) -> Iterator[str]:
    log, base = registers.log, registers.base
    held = [name for name in registers.schemas if log.size(name)]
    yield prefix_lines()
    for name in held:
        yield from _turtle_bodies(registers, name)
    schemas = [registers.schemas[name] for name in held]
    yield from _graph(base, "catalogue", catalogue_lines(log, schemas, base))
    yield from _graph(base, "provenance", provenance_lines(log, base))


def _graph(base: str, name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"<{graph_iri(base, name)}> {{\n"
    yield from (f"{line}\n" for line in lines)
    yield "}\n"


def _compact(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


_WRITERS: dict[str, Callable[[Registers, str], Iterator[str]]] = {
    "nt": _ntriples,
    "ttl": _turtle,
    "jsonld": _jsonld,
    "csv": _csv,
    "csv-metadata.json": _csv_metadata,
    "geojson": _geojson,
    "rsf": _rsf,
}
