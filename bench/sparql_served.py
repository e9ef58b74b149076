"""SPARQL over HTTP, side by side with `oxigraph serve` over the same store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import quote

from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, Store

from bench.busy import Busy
from bench.download import Download
from bench.inputs import Inputs
from bench.measure import Comparison, Side, SidesDisagree
from bench.oxigraph import QUERY, oxigraph
from bench.server import Load, Server, serving
from bench.wrk import Wrk
from bench.wrk import version as wrk_version
from trigpoint.graph.child import ALLOCATOR
from trigpoint.iris import record_iri
from trigpoint.register import Registers

_ENGINE = 24  # requests of a run of queries that keep the engine busy
_SHORT = 200
_ROWS = 1_000_000
_CONNECTIONS = 32
_SECONDS = 2
_BUSY = 12
_POINTS = 200
_PREFIXES = """\
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX tp: <https://w3id.org/trigpoint/def#>
"""
_AREAS = "/graph/areas/district-2025-50m"
_DISTRICT = """SELECT ?area WHERE { GRAPH <%s> { ?place geo:sfWithin ?area } }
GROUP BY ?area ORDER BY DESC(COUNT(?place)) ?area LIMIT 1"""
# Each takes the engine 20 ms or more on any machine of now.
_WORK = {
    "aggregate over a register": """SELECT ?area (COUNT(?place) AS ?places)
WHERE { GRAPH <%(areas)s> { ?place geo:sfWithin ?area } }
GROUP BY ?area ORDER BY DESC(?places) ?area LIMIT 10""",
    "join filtered by a regular expression": """SELECT (COUNT(?place) AS ?places)
WHERE { GRAPH <%(areas)s> { ?place geo:sfWithin <%(district)s> }
?place skos:notation ?key FILTER REGEX(?key, "^[A-Z]+1[0-9]? .*[A-F]$") }""",
    "sort": """SELECT ?key WHERE {
GRAPH <%(areas)s> { ?place geo:sfWithin <%(district)s> }
?place skos:notation ?key } ORDER BY DESC(STRAFTER(?key, " ")) ?key LIMIT 20""",
    "property path": """SELECT (SUM(STRLEN(STR(?wkt))) AS ?letters)
WHERE { GRAPH <%(areas)s> { ?place geo:sfWithin <%(district)s> }
?place geo:hasGeometry/geo:asWKT ?wkt }""",
    "count of everything": """SELECT ?class (COUNT(?thing) AS ?things)
WHERE { ?thing a ?class } GROUP BY ?class ORDER BY DESC(?things) ?class""",
}
_LONG = {
    "JSON": ("SELECT", "application/sparql-results+json"),
    "TSV": ("SELECT", "text/tab-separated-values"),
    "N-Triples": ("CONSTRUCT", "application/n-triples"),
}
_WORST = (
    "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f "
    'FILTER REGEX(STR(?c), "(a|b)*$") }',
    "SELECT DISTINCT ?s WHERE { ?s (!<a:a>|^!<a:a>)* ?o }",
)
_ALLOCATORS = {
    True: "Here our workers allocate memory by jemalloc, which this system has",
    False: "This system has no jemalloc, with which ours would take less time",
}
_ABOUT = (
    "Both servers are of their own processes and read the same files, which hold the "
    "sample and {places:,} postcodes: {triples:,} quads. `python -m api` guards each "
    "query and bounds its time (here to a minute), rows, bytes and memory; `oxigraph "
    "serve-read-only` does not. pyoxigraph is the engine that ours runs: the same "
    "code as theirs, as its publisher builds it for Python. {allocator}."
)


@dataclass(frozen=True)
class _Doors:
    """The two servers, and what is in their stores."""

    theirs: Server
    ours: Server
    registers: Registers
    store: Store
    about: str

    def sides(self, query: str) -> dict[str, tuple[Server, str]]:
        """Each side's server and the path that asks it; the first is the reference."""
        asked = quote(_PREFIXES + query, safe="")
        return {
            "oxigraph serve": (self.theirs, f"{QUERY}?query={asked}"),
            "trigpoint": (self.ours, f"/sparql?query={asked}"),
        }


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Work for the engine, long answers, short ones, and point look-ups meanwhile."""
    with _serving(inputs) as doors:
        yield from _working(doors, inputs)
        yield from _long(doors)
        yield from _short(doors, inputs)
        yield _looking_up(doors, inputs)


@contextmanager
def _serving(inputs: Inputs) -> Iterator[_Doors]:
    registers = inputs.with_postcodes
    copy = inputs.folder / "served"
    if not copy.exists():
        shutil.copytree(registers.view().graph, copy)
    store = Store.read_only(str(copy))
    about = _ABOUT.format(
        places=registers.log.count("postcode"),
        triples=len(store),
        allocator=_ALLOCATORS[find_library(ALLOCATOR) is not None],
    )
    data = ("--data", str(registers.data), "--port", "0", "--query-seconds", "60")
    with oxigraph(copy, read_only=True) as theirs, serving("api", *data) as ours:
        yield _Doors(theirs, ours, registers, store, about)


def _working(doors: _Doors, inputs: Inputs) -> Iterator[Comparison]:
    areas = doors.registers.base + _AREAS
    given = {"areas": areas, "district": _largest(doors.registers.view().graph, areas)}
    texts = {name: text % given for name, text in _WORK.items()}
    for text in texts.values():
        _check_same(doors, text)
    requests = inputs.size(_ENGINE)
    for name, text in texts.items():
        yield _loaded(doors, f"SPARQL, {name}", [text] * (requests // 3), 1)
    every = list(islice(cycle(texts.values()), requests))
    for connections in (1, 2, 4):
        title = f"SPARQL, all of these in turn, {connections} at a time"
        yield _loaded(doors, title, every, connections)


def _loaded(
    doors: _Doors, title: str, queries: list[str], connections: int
) -> Comparison:
    asked = [doors.sides(query) for query in queries]
    loads = {
        name: Load(asked[0][name][0], [one[name][1] for one in asked], connections)
        for name in asked[0]
    }
    sides = [
        Side(name, len(queries), load.run, remark=load.remark)
        for name, load in loads.items()
    ]
    if connections == 1:
        engine = partial(_answered, doors.store, queries)
        sides.append(Side("pyoxigraph, without HTTP", len(queries), engine))
    given = f"{len(queries)} queries"
    return Comparison(title, given, "queries", sides, about=doors.about)


def _long(doors: _Doors) -> Iterator[Comparison]:
    for name, (form, accept) in _LONG.items():
        everything = f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {_ROWS}"
        query = {
            "SELECT": everything,
            "CONSTRUCT": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ {everything} }} }}",
        }[form]
        sides = {
            side: Download(server, path, accept)
            for side, (server, path) in doors.sides(query).items()
        }
        if len({one.check() for one in sides.values()}) > 1:
            raise SidesDisagree(f"a long answer in {name}")
        megabytes = sides["trigpoint"].size / 1e6
        yield Comparison(
            f"SPARQL, everything in {name}",
            f"as many as {_ROWS:,} rows or triples, {megabytes:.0f} MB in chunks",
            "MB",
            [
                Side(side, max(1, int(megabytes)), one.run, remark=one.remark)
                for side, one in sides.items()
            ],
            about="Memory is what the processes hold of their own, before and at most "
            "while one answer is read.",
        )


def _short(doors: _Doors, inputs: Inputs) -> Iterator[Comparison]:
    records = doors.registers.log.iter_records("school-eng")
    keys = [one.entry.key for one in islice(records, inputs.size(_SHORT))]
    iris = [record_iri(doors.registers.base, "school-eng", key) for key in keys]
    queries = [f"SELECT ?p ?o WHERE {{ <{iri}> ?p ?o }}" for iri in iris]
    _check_same(doors, queries[0])
    yield _loaded(doors, "SPARQL, one record, 1 connection", queries, 1)
    if wrk_version() is None:
        return
    asked = [doors.sides(query) for query in queries]
    seconds = _SECONDS if len(queries) == _SHORT else 1
    loads = {
        name: Wrk(
            asked[0][name][0], [one[name][1] for one in asked], _CONNECTIONS, seconds
        )
        for name in asked[0]
    }
    yield Comparison(
        f"SPARQL, one record, {_CONNECTIONS} connections",
        f"{len(queries)} different queries, by {wrk_version()} on the same cores",
        "queries",
        [
            Side(name, partial(_done, load), load.run, remark=load.remark)
            for name, load in loads.items()
        ],
        about=doors.about,
    )


def _looking_up(doors: _Doors, inputs: Inputs) -> Comparison:
    places = islice(inputs.postcodes(_POINTS).pairs(), inputs.size(_POINTS))
    paths = [f"/lookup/point?lon={lon:.6f}&lat={lat:.6f}" for lon, lat in places]
    busy = Busy(doors.ours, _WORST, _BUSY)
    quiet, pressed = Load(doors.ours, paths), Load(doors.ours, paths)

    def pressed_for() -> str:
        busy.stop()
        return pressed.remark()

    return Comparison(
        "GET /lookup/point while SPARQL has all it can do",
        f"{len(paths)} look-ups over one connection; {_BUSY} clients whose queries end "
        "at the time limit only",
        "look-ups",
        (
            Side("quiet", len(paths), quiet.run, busy.stop, quiet.remark),
            Side(
                "all query workers busy",
                len(paths),
                pressed.run,
                busy.start,
                pressed_for,
            ),
        ),
        about="Query workers run at a low priority: they have what is left.",
    )


def _largest(graph: Path, areas: str) -> str:
    """The area in which most is."""
    found = Store.read_only(str(graph)).query(_PREFIXES + _DISTRICT % areas)
    assert isinstance(found, QuerySolutions)
    area = next(found)["area"]
    assert isinstance(area, NamedNode)
    return area.value


def _check_same(doors: _Doors, query: str) -> None:
    """Raises SidesDisagree when the servers answer differently."""
    theirs, ours = (
        json.loads(server.get(path)) for server, path in doors.sides(query).values()
    )
    if theirs != ours:
        raise SidesDisagree(f"{query}: {str(theirs)[:200]}, and {str(ours)[:200]}")


def _answered(store: Store, queries: list[str]) -> None:
    """The engine alone, in this process, with the answers written as JSON."""
    for query in queries:
        found = store.query(_PREFIXES + query)
        assert isinstance(found, QuerySolutions)
        found.serialize(format=QueryResultsFormat.JSON)


def _done(load: Wrk) -> int:
    return load.done
