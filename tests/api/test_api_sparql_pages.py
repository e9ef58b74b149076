"""The SPARQL endpoint as people see it in a browser."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from api.answer_pages import MAX_CELLS, MAX_ROWS
from tests.testclient import TestClient

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NOTHING = "SELECT ?a { ?a <http://example.org/none> 1 }"


def page_of(client: TestClient, query: str, status: int = 200, graph: str = "") -> str:
    """The page that a browser gets for a query."""
    graphs = {"default-graph-uri": graph} if graph else {}
    given = urlencode({"query": query, **graphs})
    answer = client.get(f"/sparql?{given}", headers={"Accept": BROWSER})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in answer.headers["vary"].split(", ")
    assert "<script" not in answer.text
    return str(answer.text)


def cells(page: str) -> list[list[str]]:
    """The text of each cell of the table, row by row."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            unescape(re.sub(r"<[^>]*>", "", cell))
            for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_rows_are_a_table_in_the_order_of_the_query(client: TestClient) -> None:
    """Columns stand as asked, IRIs of the server link within it, gaps are empty."""
    page = page_of(
        client,
        "SELECT ?name ?record ?none ?n ?text ?day ?home { VALUES (?name ?record) { "
        '("Česko"@cs <http://localhost:8000/id/country/CZ>) } BIND(1.5 AS ?n) '
        'BIND("a\\tb\\n\\"c\\" <script>" AS ?text) '
        "BIND(<http://example.org/?a=1&b=2> AS ?home) "
        'BIND("2019-01-01"^^<http://www.w3.org/2001/XMLSchema#date> AS ?day) }',
    )
    heads = re.findall(r"<th>(.*?)</th>", page)
    assert heads == ["name", "record", "none", "n", "text", "day", "home"]
    assert cells(page) == [
        [
            "Česko @cs",
            "http://localhost:8000/id/country/CZ",
            "",
            "1.5",
            'a\tb\n"c" <script>',
            "2019-01-01 date",
            "http://example.org/?a=1&b=2",
        ]
    ]
    assert '<a href="/id/country/CZ">' in page
    assert '<a href="http://example.org/?a=1&amp;b=2">' in page
    assert "1 row." in page


def test_a_graph_is_a_table_of_triples(client: TestClient) -> None:
    """CONSTRUCT shows subject, predicate and object."""
    page = page_of(
        client, 'CONSTRUCT { <http://a.b/c> <http://d> "e. f" , _:g } WHERE {}'
    )
    assert re.findall(r"<th>(.*?)</th>", page) == ["subject", "predicate", "object"]
    blank, literal = sorted(cells(page))
    assert literal == ["http://a.b/c", "http://d", "e. f"]
    assert blank[2].startswith("_:")


@pytest.mark.parametrize(("query", "said"), [("ASK {}", "Yes"), ("ASK {1}", "")])
def test_ask_says_yes_or_no(client: TestClient, query: str, said: str) -> None:
    """ASK is a word, and what is no query is an error."""
    if said:
        assert "Yes: true." in page_of(client, query)
        assert "No: false." in page_of(client, "ASK { FILTER(1 = 2) }")
    else:
        assert "syntax error" in page_of(client, query, 400)


def test_no_rows_and_many(client: TestClient) -> None:
    """An empty answer says so, and a long one shows its beginning."""
    assert cells(page_of(client, NOTHING)) == [["No rows."]]
    many = page_of(client, f"SELECT ?a {{ ?a ?b ?c . ?d ?e ?f }} LIMIT {MAX_ROWS + 1}")
    assert len(cells(many)) == MAX_ROWS
    assert f"The first {MAX_ROWS} rows; there are more." in many
    exactly = page_of(client, f"SELECT ?a {{ ?a ?b ?c . ?d ?e ?f }} LIMIT {MAX_ROWS}")
    assert f"{MAX_ROWS} rows." in exactly


def test_a_long_value_shows_its_beginning(client: TestClient) -> None:
    """Escapes are read in what is shown, and count as the characters they stand for."""
    long = r"\\\"\n" * 200
    ((cell,),) = cells(page_of(client, f'SELECT ("{long}" AS ?a) {{}}'))
    assert cell == '\\"\n' * 133 + "\\… (600 characters)"


def test_the_more_columns_the_fewer_rows(client: TestClient) -> None:
    """A page has so many cells that making it holds up nobody else."""
    columns = " ".join(f"?v{number}" for number in range(1000))
    page = page_of(client, f"SELECT {columns} {{ ?a ?b ?c }} LIMIT {MAX_ROWS}")
    assert [len(row) for row in cells(page)] == [1000] * (MAX_CELLS // 1000)
    assert f"The first {MAX_CELLS // 1000} rows; there are more." in page


def test_the_whole_answer_is_one_link_away(client: TestClient) -> None:
    """Each format has an address, with the query and its graphs, that answers."""
    graph = "http://localhost:8000/graph/catalogue"
    query = "SELECT * { ?a ?b '#&+%' }"
    page = page_of(client, query, graph=graph)
    links = [
        unescape(one) for one in re.findall(r'href="(/sparql\?query=[^"]*)"', page)
    ]
    assert [link.rpartition("=")[2] for link in links] == ["json", "xml", "csv", "tsv"]
    for link in links:
        assert "graph%2Fcatalogue" in link
        answer = client.get(link, headers={"Accept": BROWSER})
        assert answer.status_code == 200
        assert not answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("SELEKT <script>", 400, "The query is not offered here"),
        ("CLEAR ALL", 400, "CLEAR is an update"),
        ("ASK { SERVICE <http://127.0.0.1/> {} }", 400, "SERVICE is not offered"),
    ],
)
def test_errors_can_be_read(
    client: TestClient, query: str, status: int, says: str
) -> None:
    """A refusal is a page with its status, what is wrong, and the query to mend."""
    page = page_of(client, query, status)
    assert says in page
    form = page.partition('<textarea name="query"')[2].partition("</textarea>")[0]
    assert unescape(form).endswith(query)


def test_the_form_has_examples_and_posts_nothing(client: TestClient) -> None:
    """Without a query there are a form by GET, ten queries, and a link to VoID."""
    answer = client.get("/sparql", headers={"Accept": BROWSER})
    assert '<form action="/sparql" method="get">' in answer.text
    assert answer.text.count("<details>") == 10
    assert "/.well-known/void" in answer.headers["link"]


def test_a_posted_query_of_a_browser_is_a_page_too(client: TestClient) -> None:
    """A form of another site that posts is answered for people as well."""
    answer = client.post(
        "/sparql", data={"query": "ASK {}"}, headers={"Accept": BROWSER}
    )
    assert "Yes: true." in answer.text


def test_head_of_a_page(client: TestClient) -> None:
    """HEAD has the page's headers and no body."""
    url = "/sparql?" + urlencode({"query": NOTHING})
    head = client.head(url, headers={"Accept": BROWSER})
    assert head.headers["content-type"].startswith("text/html")
    assert head.content == b""
