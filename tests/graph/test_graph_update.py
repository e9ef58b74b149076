"""What an update may do: decided on its parse, and written for the engine."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from pyoxigraph import Store

from trigpoint.errors import InvalidParameter, QueryRejected, QueryTooLarge
from trigpoint.graph import check_update

BASE = "http://localhost:8000"
G = "http://test/g"
CALL = "SERVICE <http://evil.example/> { ?s ?p ?o }"
ONE = "INSERT DATA { <http://test/a> <http://test/b> 1 }"


def run(store: Store, text: str, **graphs: list[str]) -> list[str]:
    """The quads of a store after an update that was checked."""
    store.update(check_update(text, **graphs).text, base_iri=BASE)  # type: ignore[arg-type]  # one type for both names
    return sorted(str(quad) for quad in store)


@pytest.mark.parametrize(
    "text",
    [
        f"INSERT {{ ?s ?p ?o }} WHERE {{ {CALL} }}",
        f"DELETE {{ ?s ?p ?o }} WHERE {{ {{ SELECT * {{ {CALL} }} }} }}",
        f"WITH <{G}> DELETE {{ ?s ?p 1 }} WHERE {{ FILTER EXISTS {{ {CALL} }} }}",
        f"{ONE} ; INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE SILENT ?x {{ ?s ?p ?o }} }}",
        "INSERT { ?s ?p ?o } WHERE { sErViCe#\n<http://evil.example/>{?s ?p ?o} }",
        "LOAD <http://evil.example/data.ttl>",
        "load <file:///etc/passwd> INTO GRAPH <http://test/g>",
        f"{ONE} ; # LOAD SILENT\nLOAD <http://evil.example/data.ttl>",
        "PREFIX e: <http://evil.example/> LOAD e:data",
    ],
)
def test_nothing_is_fetched_by_an_update(text: str) -> None:
    """SERVICE anywhere and LOAD are refused by name, with the place."""
    with pytest.raises(QueryRejected, match=r"line \d, column \d+: (SERVICE|LOAD)"):
        check_update(text)


@pytest.mark.parametrize(
    ("text", "triples"),
    [
        ("LOAD SILENT <http://127.0.0.1:1/data.ttl>", 0),
        ("LOAD SILENT <file:///etc/hostname> INTO GRAPH <http://test/g>", 0),
        (f"LOAD SILENT <http://127.0.0.1:1/> ; {ONE}", 1),
        (f"{ONE} ; LOAD SILENT <http://127.0.0.1:1/>", 1),
        (f"{ONE} ; LOAD SILENT <http://127.0.0.1:1/> ;", 1),
        (f"LOAD SILENT <http://a/> ; LOAD SILENT <http://b/> ; {ONE} ;", 1),
        ("PREFIX a: <http://127.0.0.1:1/> LOAD SILENT a:b", 0),
        (
            "PREFIX a: <http://127.0.0.1:1/> LOAD SILENT a:b ; "
            "INSERT DATA { a:a a:b a:c }",
            1,
        ),
    ],
)
def test_a_silent_load_does_nothing(text: str, triples: int) -> None:
    """It may fail silently, so it passes and what stands around it is done."""
    assert len(run(Store(), text)) == triples


@pytest.mark.parametrize(
    "text", ["", "# nothing", "PREFIX a: <http://a/>", f"{ONE};", f"{ONE};PREFIX a:<b>"]
)
def test_an_end_without_an_operation_is_allowed(text: str) -> None:
    """No operation, a last semicolon and a last prologue are within the grammar."""
    assert len(run(Store(), text)) == int(ONE in text)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("SELECT * { ?s ?p ?o }", "line 1, column 1"),
        ("INSERT {\n ?s <http://b> } WHERE {}", "line 2, column 16"),
        ("INSERT DATA\n{ <http://a> <http://b> 'c }", "line 2, column 1: this block"),
        ("DELETE DATA { <http://a> <http://b> <c }", "is not closed"),
        ("INSERT DATA { GRAPH <a> { { } } }", "is not closed"),
        (r"INSERT DATA { a:\u007D b: c: }", "is not closed"),
        ("DELETE WHERE { ?s ?p ?o", "ends too early"),
        (f"{ONE} {ONE}", "line 1, column 51"),
        ("ASK {} ; DROP ALL", "line 1, column 1"),
    ],
)
def test_what_is_no_update_says_where(text: str, where: str) -> None:
    """A syntax error names line and column; so does a query."""
    with pytest.raises(QueryRejected, match=where):
        check_update(text)


@pytest.mark.parametrize(
    "data",
    [
        "<http://a/#x> <http://b/> '}', \"}\", '''}'}''' , \"\"\"\"}\"\"\" # }\n",
        "<http://a/> <http://b/> 'it\\'s }', '''''', '' . # '\n",
        r"<http://a/> <http://b/> ':\u0022 }', c:\'d\#e\,f, c:%7Dg",
        "_:a <http://b/> 'x'@en, 1.5, '1'^^<http://c/>, [ c:d ( 1 2 ) ], true . # }",
        "GRAPH <http://g/> { c: <http://b/> '}' } c: c: c:d GRAPH c: { c: c: 1 }",
    ],
)
def test_data_is_read_as_the_engine_reads_it(data: str) -> None:
    """What looks like the end of the data within a string, an IRI or a comment is not:
    the engine finds the same triples, and no second operation."""
    text = f"PREFIX c: <http://c/> INSERT DATA {{ c: c: c: . {data}\n}}"
    assert _checked(text) == _done(text)
    assert len(_done(text)) in range(3, 12)


def test_long_data_is_checked_quickly() -> None:
    """A million characters take no parser apart from the engine's."""
    begun = time.process_time()
    check_update("INSERT DATA {" + "<a> <b> 'c'@en, [ a 1 ] . " * 38_000 + "}")
    assert time.process_time() - begun < 5


def test_an_update_is_read_within_bounds() -> None:
    """Length, nesting and patterns have limits that are told."""
    with pytest.raises(QueryTooLarge, match="at most 50 are read"):
        check_update(ONE + " " * 50, max_length=50)
    with pytest.raises(QueryTooLarge, match="64 deep"):
        check_update("INSERT { ?s ?p ?o } WHERE " + "{" * 70)
    with pytest.raises(QueryTooLarge, match="64 deep"):
        check_update(r"INSERT DATA { a:\) <b> " + "[<c>" * 70 + "]" * 70 + "}")
    with pytest.raises(QueryTooLarge, match="at most 2000 are read"):
        check_update("DELETE WHERE {" + "?s ?p ?o ." * 2001 + "}")


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("DELETE WHERE { ?s ?p ?o }", "DELETE { ?s ?p ?o }"),
        ("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "DELETE { ?s ?p ?o }"),
        (
            "DELETE { GRAPH <http://test/h> { ?s ?p ?o } } WHERE { ?s ?p ?o }",
            "DELETE { GRAPH <http://test/h> { ?s ?p ?o } }",
        ),
    ],
)
def test_graphs_of_the_protocol_become_using(text: str, template: str) -> None:
    """The pattern matches the graph that the client named, as if by USING."""
    expected, store = Store(), Store()
    for one in (expected, store):
        one.update(
            "INSERT DATA { <http://s/> <http://p/> 0, 1 . "
            "GRAPH <http://test/g> { <http://s/> <http://p/> 1 } "
            "GRAPH <http://test/h> { <http://s/> <http://p/> 1, 2 } }"
        )
    before = len(store)
    expected.update(f"{template} USING <{G}> WHERE {{ ?s ?p ?o }}")
    after = run(store, text, default_graphs=[G])
    assert after == sorted(str(quad) for quad in expected)
    assert len(after) == before - 1


def test_a_named_graph_of_the_protocol_is_the_only_one() -> None:
    """With named graphs only, the default graph of the patterns is empty."""
    text = (
        "INSERT { <http://s/> <http://p/> ?o } WHERE { GRAPH ?g { ?s ?p ?o } } ; "
        "INSERT { <http://s/> <http://q/> ?o } WHERE { ?s ?p ?o }"
    )
    store = Store()
    store.update(
        f"INSERT DATA {{ GRAPH <{G}> {{ <http://a/> <http://b/> 1 }} "
        "GRAPH <http://test/h> { <http://a/> <http://b/> 2 } "
        "<http://a/> <http://b/> 3 }"
    )
    after = run(store, text, named_graphs=[G])
    assert len(after) == 4
    assert any("<http://p/>" in line and '"1"' in line for line in after)


@pytest.mark.parametrize(
    "text",
    [
        f"WITH <{G}> DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}",
        f"INSERT {{ ?s ?p 1 }} USING <{G}> WHERE {{ ?s ?p ?o }}",
        f"{ONE}; DELETE {{ ?s ?p 1 }} USING NAMED <{G}> WHERE {{ ?s ?p ?o }}",
    ],
)
def test_graphs_are_named_in_one_place(text: str) -> None:
    """USING or WITH in the text and graphs of the protocol do not go together."""
    assert check_update(text).text
    with pytest.raises(InvalidParameter, match="may not be given as well"):
        check_update(text, default_graphs=["http://test/other"])


@pytest.mark.parametrize("graph", ["", "g", "/g", "http://a> WHERE {} #", "a b:c", "é"])
def test_a_graph_of_the_protocol_is_an_absolute_iri(graph: str) -> None:
    """What is no IRI cannot get into the text that the engine reads."""
    with pytest.raises(InvalidParameter, match="expected an absolute IRI"):
        check_update(ONE, named_graphs=[graph])


def test_no_w3c_update_is_lost(suites: Path) -> None:
    """Every update of the W3C suites leaves the same store, checked or not."""
    files = sorted((suites / "sparql11").rglob("*.ru"))
    fetching = 0
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        if "LOAD" in text:  # the engine would try to fetch
            fetching += 1
        else:
            assert _checked(text) == _done(text), file.name
    assert len(files) > 100
    assert fetching < 15


def _checked(text: str) -> list[str] | str:
    try:
        return _done(check_update(text).text)
    except QueryRejected:
        return "not well-formed"


def _done(text: str) -> list[str] | str:
    """What the engine makes of an update of an empty store."""
    store = Store()
    try:
        store.update(text, base_iri=BASE)
    except SyntaxError:
        return "not well-formed"
    except RuntimeError as error:  # a graph that does not exist
        return str(error)
    return sorted(re.sub(r"_:[0-9a-f]+", "_:b", str(quad)) for quad in store)
