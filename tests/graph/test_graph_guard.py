"""What a query may ask: decided on its parse, in every disguise."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from pyoxigraph import Store

from trigpoint.errors import QueryRejected, QueryTooLarge
from trigpoint.graph import check_query

BASE = "http://localhost:8000"
CALL = "SERVICE <http://evil.example/> { ?s ?p ?o }"

SERVICES = {
    "plain": f"SELECT * {{ {CALL} }}",
    "lower case": "select * { service <http://evil.example/> { ?s ?p ?o } }",
    "mixed case": "SELECT * { SeRvIcE <http://evil.example/> { ?s ?p ?o } }",
    "silent": "SELECT * { SERVICE SILENT <http://evil.example/> { ?s ?p ?o } }",
    "variable endpoint": "SELECT * { ?e a ?t . SERVICE ?e { ?s ?p ?o } }",
    "prefixed endpoint": "PREFIX e: <http://evil.example/> SELECT * { SERVICE e: {} }",
    "relative endpoint": "SELECT * { SERVICE </id/x> { ?s ?p ?o } }",
    "no space": "SELECT * {SERVICE<http://evil.example/>{?s ?p ?o}}",
    "after a comment": f"SELECT * {{ # a comment\n{CALL} }}",
    "comment between": "SELECT*{SERVICE#\n<http://evil.example/>#\n{?s ?p ?o}}",
    "in a subquery": f"SELECT * {{ {{ SELECT ?s {{ {CALL} }} }} }}",
    "in OPTIONAL": f"SELECT * {{ OPTIONAL {{ {CALL} }} }}",
    "in MINUS": f"SELECT * {{ ?s ?p ?o MINUS {{ {CALL} }} }}",
    "in UNION": f"SELECT * {{ {{ ?s ?p ?o }} UNION {{ {CALL} }} }}",
    "in GRAPH": f"SELECT * {{ GRAPH ?g {{ {CALL} }} }}",
    "in EXISTS": f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ {CALL} }} }}",
    "in NOT EXISTS": f"SELECT * {{ ?s ?p ?o FILTER NOT EXISTS {{ {CALL} }} }}",
    "in BIND of EXISTS": f"SELECT * {{ BIND(EXISTS {{ {CALL} }} AS ?x) }}",
    "in a projection": f"SELECT (EXISTS {{ {CALL} }} AS ?x) {{}}",
    "in HAVING": f"SELECT ?s {{ ?s ?p ?o }} GROUP BY ?s HAVING (EXISTS {{ {CALL} }})",
    "in ORDER BY": f"SELECT ?s {{ ?s ?p ?o }} ORDER BY (EXISTS {{ {CALL} }})",
    "in IF": f"SELECT * {{ FILTER(IF(EXISTS {{ {CALL} }}, true, false)) }}",
    "in ASK": f"ASK {{ {CALL} }}",
    "in CONSTRUCT": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {CALL} }}",
    "in DESCRIBE": f"DESCRIBE ?s WHERE {{ {CALL} }}",
    "within SERVICE": f"SELECT * {{ SERVICE <http://a.example/> {{ {CALL} }} }}",
    "after a string with a brace": f'SELECT * {{ ?s ?p "}}" . {CALL} }}',
    "after an unclosed-looking string": f"SELECT * {{ ?s ?p 'it\\'s' . {CALL} }}",
    "after a hash in an IRI": f"SELECT * {{ ?s <http://e/#> ?o . {CALL} }}",
    "after a less-than": f"SELECT * {{ FILTER(?a < ?b) {CALL} }}",
    "in an IRI by one reading": (
        "SELECT*{BIND(1 AS ?a)FILTER(?a<?b)SERVICE?s#>\n{?x?y?z}}"
    ),
    "spelled with an escape": r"SELECT * { \u0053ERVICE <http://evil.example/> {} }",
}
NO_SERVICES = {
    "in a string": 'SELECT ("SERVICE <http://x/> {}" AS ?x) {}',
    "in a long string": "SELECT ('''SERVICE\n<http://x/> {}''' AS ?x) {}",
    "in a comment": "SELECT * { ?s ?p ?o } # SERVICE <http://x/> {}",
    "in an IRI": "SELECT * { ?s <http://x/SERVICE> ?o }",
    "as a variable": "SELECT ?SERVICE { ?SERVICE ?p ?o }",
    "as a prefix": "PREFIX SERVICE: <http://x/> SELECT * { ?s SERVICE:SERVICE ?o }",
    "as a language tag": 'SELECT * { ?s ?p "a"@service }',
    "as a blank node": "SELECT * { _:SERVICE ?p ?o }",
}
UPDATES = [
    "INSERT DATA { <http://a/> <http://b/> 1 }",
    "DELETE WHERE { ?s ?p ?o }",
    "delete { ?s ?p ?o } where { ?s ?p ?o }",
    "PREFIX a: <http://a/> INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
    "WITH <http://g/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    "LOAD <http://evil.example/data.ttl>",
    "LOAD SILENT <file:///etc/passwd> INTO GRAPH <http://g/>",
    "CLEAR ALL",
    "DROP DEFAULT",
    "CREATE GRAPH <http://g/>",
    "# comment\nCOPY DEFAULT TO <http://g/>",
    "MOVE DEFAULT TO <http://g/>",
    "ADD DEFAULT TO <http://g/>",
]


@pytest.mark.parametrize("text", SERVICES.values(), ids=SERVICES.keys())
def test_service_is_refused_in_every_disguise(text: str) -> None:
    """No spelling or place of a federated call gets past the guard."""
    with pytest.raises(QueryRejected):
        check_query(text, base=BASE)


@pytest.mark.parametrize("text", NO_SERVICES.values(), ids=NO_SERVICES.keys())
def test_the_word_service_is_not_a_call(text: str) -> None:
    """Text, IRIs and names that hold the word pass, since nothing is searched."""
    assert check_query(text, base=BASE).form == "select"


@pytest.mark.parametrize("text", UPDATES)
def test_updates_are_refused_by_name(text: str) -> None:
    """An update says that this endpoint only reads."""
    with pytest.raises(QueryRejected, match="is an update"):
        check_query(text, base=BASE)


def test_a_query_followed_by_an_update_is_refused() -> None:
    """A semicolon does not smuggle a second request in."""
    with pytest.raises(QueryRejected, match="line 1, column 16"):
        check_query("ASK { ?s ?p 1 }; DROP ALL", base=BASE)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("SELECT * {\n  ?s ?p }", "line 2, column 9"),
        ("SELECT * { ?s ?p ?o", "ends too early"),
        ("", "ends too early"),
        ("SELECT ?x { FILTER(1 ~ 2) }", "line 1, column 22"),
        ("SELECT * { ?s ?p 'open }", "line 1, column 18"),
    ],
)
def test_syntax_errors_say_where(text: str, where: str) -> None:
    """A syntax error names line and column."""
    with pytest.raises(QueryRejected, match=where):
        check_query(text, base=BASE)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT ?s { ?s ?p ?o }", "select"),
        ("ask {}", "ask"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "construct"),
        ("CONSTRUCT { ?s ?p ?o } { SELECT * { ?s ?p ?o } }", "construct"),
        ("DESCRIBE <http://a/>", "describe"),
        ("BASE <http://a/> PREFIX b: <c> ASK { { SELECT * {} } }", "ask"),
    ],
)
def test_the_form_is_the_outer_one(text: str, form: str) -> None:
    """The form of a query is told whatever stands before or inside it."""
    assert check_query(text, base=BASE).form == form


@pytest.mark.parametrize(
    "prologue_and_graph",
    [
        ("", f"<{BASE}/graph/catalogue>"),
        ("", "</graph/catalogue>"),
        ("BASE <http://other.example/> ", f"<{BASE}/graph/catalogue>"),
        (f"PREFIX g: <{BASE}/graph/> ", "g:catalogue"),
        ("PREFIX g: </graph/> ", "g:catalogue"),
        ("", r"</graph/\u0063atalogue>"),
    ],
)
@pytest.mark.parametrize("named", ["", "NAMED "])
def test_our_own_graphs_may_be_named(
    prologue_and_graph: tuple[str, str], named: str
) -> None:
    """FROM takes a graph of ours in each spelling, and the engine gets its IRI."""
    prologue, graph = prologue_and_graph
    text = " ".join([prologue, "ASK FROM", named, graph, "{ ?s ?p ?o }"])
    checked = check_query(text, base=BASE)
    written = " ".join(checked.text.split())
    assert f"FROM {named}<{BASE}/graph/catalogue> {{" in written


@pytest.mark.parametrize(
    "prologue_and_graph",
    [
        ("", "<http://evil.example/data>"),
        ("", "<file:///etc/passwd>"),
        ("", f"<{BASE}/graph/>"),
        ("", f"<{BASE}/graph/../admin>"),
        ("", f"<{BASE}.evil.example/graph/catalogue>"),
        ("BASE <http://evil.example/> ", "</graph/catalogue>"),
        ("PREFIX g: <http://evil.example/> ", "g:catalogue"),
        (f"PREFIX g: <{BASE}/graph/> PREFIX g: <http://evil.example/> ", "g:a"),
        ("", "undeclared:catalogue"),
    ],
)
@pytest.mark.parametrize("named", ["", "NAMED "])
def test_other_graphs_are_refused(
    prologue_and_graph: tuple[str, str], named: str
) -> None:
    """FROM of anything else is refused rather than answered with nothing."""
    prologue, graph = prologue_and_graph
    with pytest.raises(QueryRejected, match=r"graph|prefix"):
        check_query(" ".join([prologue, "ASK FROM", named, graph, "{}"]), base=BASE)


def test_a_long_query_is_refused_unread() -> None:
    """The limit on the length is told with the refusal."""
    with pytest.raises(QueryTooLarge, match="at most 100000"):
        check_query("SELECT * {}" + " " * 100_000, base=BASE)


@pytest.mark.parametrize("opening", ["{", "(", "["])
def test_deep_nesting_is_refused(opening: str) -> None:
    """Brackets of each kind are bounded while they are read."""
    start = {"{": "ASK ", "(": "ASK { FILTER", "[": "ASK { ?s ?p "}[opening]
    inner = "[ ?p " if opening == "[" else opening
    with pytest.raises(QueryTooLarge, match="64 deep"):
        check_query(start + inner * 30_000, base=BASE, max_length=200_000)


def test_nesting_up_to_the_bound_is_read() -> None:
    """Sixty brackets are deep, and allowed."""
    text = "SELECT * WHERE " + "{" * 60 + "}" * 60
    assert check_query(text, base=BASE).form == "select"


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?s ?p '" + "\\\\'" * 30_000,
        "ASK { ?s ?p '''" + "''a" * 30_000,
        "ASK { ?s a:" + "." * 90_000 + " ?o }",
        "ASK { ?s <" + "a" * 90_000,
        "ASK { FILTER(1" + "+1" * 45_000 + ") }",
        "ASK { ?s " + "<a:p>/" * 15_000 + "<a:p> ?o }",
        "SELECT * {" + "?s ?p ?o ." * 9_000,
    ],
    ids=["escapes", "quotes", "dots", "open IRI", "sum", "path", "cut off"],
)
def test_hostile_text_is_parsed_in_linear_time(text: str) -> None:
    """No text of the greatest length takes the parser seconds or its stack."""
    begun = time.process_time()
    with suppress(QueryRejected, QueryTooLarge):
        check_query(text, base=BASE)
    assert time.process_time() - begun < 5


def test_lines_and_columns_stay_for_the_engine() -> None:
    """Comments go and the rest keeps its place, so the engine's errors fit."""
    text = "SELECT ?a # a comment\nWHERE {\n  ?a ?b 'x # y' . # end\n}"
    checked = check_query(text, base=BASE)
    assert checked.text == "SELECT ?a\nWHERE {\n  ?a ?b 'x # y' .\n}"


def test_tokens_are_set_apart() -> None:
    """Where the text had no white space the engine is given some."""
    checked = check_query("SELECT*{?s<a:b>?o.FILTER(?o>1)}", base=BASE)
    assert checked.text.split() == [
        *("SELECT", "*", "{", "?s", "<a:b>", "?o", "."),
        *("FILTER", "(", "?o", ">", "1", ")", "}"),
    ]


@pytest.mark.parametrize("name", ["COALESCE", "concat", "BNODE", "IF", "COUNT"])
def test_the_engine_reads_what_the_guard_wrote(name: str) -> None:
    """White space before a bracket is allowed, also where the engine has a gap."""
    values = {"BNODE": "", "IF": "true, 1, 2"}.get(name, "?s")
    text = f"SELECT ({name} # comment\n ({values}) AS ?x) {{ ?s ?p ?o }}"
    grouped = f"{text} GROUP BY ?s"
    assert _accepts(Store(), check_query(grouped, base=BASE).text)


def test_a_star_is_spelled_out_in_the_order_of_the_text() -> None:
    """Only variables that the engine shows are named, in reading order."""
    checked = check_query("SELECT DISTINCT * { ?z ?b ?a }", base=BASE)
    assert " ".join(checked.with_columns(["a", "z"]).split()).startswith(
        "SELECT DISTINCT ?z ?a {"
    )


def test_a_star_elsewhere_is_left_alone() -> None:
    """COUNT(*) and the star of a subquery are not the columns of the answer."""
    for text in (
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
        "SELECT ?s { { SELECT * { ?s ?p ?o } } }",
        "ASK { { SELECT * { ?s ?p ?o } } }",
    ):
        checked = check_query(text, base=BASE)
        assert checked.with_columns(["n", "s"]) == checked.text


def test_the_parser_takes_what_the_engine_takes(suites: Path) -> None:
    """On every W3C query both accept or both refuse, before and after checking."""
    store = Store()
    seen = 0
    for file in sorted((suites / "sparql11").rglob("*.rq")):
        with file.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        if "FROM" in text or "SERVICE" in text:
            continue
        seen += 1
        direct = _accepts(store, text)
        try:
            checked = _accepts(store, check_query(text, base=BASE).text)
        except QueryRejected:
            checked = False
        assert checked == direct, file.name
    assert seen > 300


def _accepts(store: Store, text: str) -> bool:
    try:
        store.query(text, base_iri=BASE)
    except SyntaxError:
        return False
    except RuntimeError as error:  # parsed, and then a function was unknown
        return "custom function" in str(error)
    return True
