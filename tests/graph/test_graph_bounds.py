"""How much a query may hold, and that the engine takes as much as is let through."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from trigpoint.errors import QueryTooLarge
from trigpoint.graph import check_query
from trigpoint.graph.bounds import MAX_COLUMNS, MAX_OPERATORS, MAX_PATTERNS
from trigpoint.graph.limits import STACK

BASE = "http://localhost:8000"
TRIPLE = "?s ?p ?o"


def chain(count: int, part: str, between: str) -> str:
    return between.join([part] * count)


def names(count: int) -> str:
    return " ".join(f"?v{number}" for number in range(count))


# What is counted, as a query with so many of it, and how many are let through.
COUNTED: dict[str, tuple[int, Callable[[int], str]]] = {
    "triples": (2000, lambda n: f"SELECT * {{ {chain(n, TRIPLE, ' . ')} }}"),
    "objects": (2000, lambda n: f"SELECT * {{ ?s ?p {chain(n, '1', ',')} }}"),
    "members of a collection": (999, lambda n: f"ASK {{ ?s ?p ({'1 ' * n}) }}"),
    "steps of a path": (2000, lambda n: f"ASK {{ ?s {chain(n, 'a', '/')} ?o }}"),
    "filters": (2000, lambda n: f"SELECT * {{ {chain(n, 'FILTER(?s)', ' ')} }}"),
    "optionals": (2000, lambda n: f"SELECT * {{ {chain(n, 'OPTIONAL {}', ' ')} }}"),
    "blocks of values": (2000, lambda n: f"ASK {{ {chain(n, 'VALUES ?x {1}', ' ')} }}"),
    "unions": (5001, lambda n: f"SELECT * {{ {chain(n, '{}', 'UNION')} }}"),
    "alternatives": (5001, lambda n: f"SELECT * {{ ?s {chain(n, 'a', '|')} ?o }}"),
    "or": (5001, lambda n: f"ASK {{ FILTER({chain(n, '?s', '||')}) }}"),
    "and": (5001, lambda n: f"ASK {{ FILTER({chain(n, '?s', '&&')}) }}"),
    "sums": (5001, lambda n: f"ASK {{ FILTER({chain(n, '?s', '+')}) }}"),
    "signed sums": (5001, lambda n: f"ASK {{ FILTER(1{chain(n, '', '-1')}) }}"),
    "products": (5001, lambda n: f"ASK {{ FILTER({chain(n, '?s', '*')}) }}"),
    "comparisons": (2500, lambda n: f"ASK {{ FILTER({chain(n, '?s=1', '||')}) }}"),
    "columns": (1000, lambda n: f"SELECT {names(n)} {{}}"),
    "keys of groups": (999, lambda n: f"SELECT ?v0 {{}} GROUP BY {names(n)}"),
    "keys of order": (999, lambda n: f"SELECT ?v0 {{}} ORDER BY {names(n)}"),
}
# What may be as long as the text, since it takes the engine no stack.
UNCOUNTED = {
    "rows of values": f"SELECT * {{ VALUES ?x {{ {'1 ' * 30_000} }} }}",
    "columns of values": f"ASK {{ VALUES ({names(10_000)}) {{}} }}",
    "members of IN": f"ASK {{ FILTER(1 IN ({chain(30_000, '1', ',')})) }}",
    "arguments": f"SELECT (CONCAT({chain(30_000, '1', ',')}) AS ?x) {{}}",
    "a template": f"CONSTRUCT {{ {chain(6_000, TRIPLE, ' . ')} }} {{ {TRIPLE} }}",
    "prefixes": " ".join(f"PREFIX p{n}: <>" for n in range(5000)) + " ASK {}",
    "a negated set": f"ASK {{ ?s !({chain(30_000, 'a', '|')}) ?o }}",
}
DEEP = {
    "groups": "SELECT * " + "{" * 64 + TRIPLE + "}" * 64,
    "brackets": f"ASK {{ FILTER{'(' * 63}1{')' * 63} }}",
    "blank nodes": f"ASK {{ ?s ?p {'[ ?p ' * 63}1{']' * 63} }}",
    "optionals": "ASK " + "{ ?s ?p ?o OPTIONAL" * 63 + "{}" + "}" * 63,
    "exists": "ASK " + "{ ?s ?p ?o FILTER EXISTS" * 63 + "{}" + "}" * 63,
    "subqueries": "ASK {" + "{ SELECT * " * 31 + "{}" + "}" * 32,
    "not": f"ASK {{ FILTER({'!(' * 62}true{')' * 62}) }}",
    "functions": f"ASK {{ FILTER({'STR(' * 62}1{')' * 62}) }}",
}

# Reads each query, separated by NUL, on a stack of so many bytes, and says which.
READER = """
import os, sys, threading
from pyoxigraph import Store
def read(text):
    Store().query(text, base_iri="http://localhost:8000")
threading.stack_size(int(sys.argv[1]))
for number, text in enumerate(sys.stdin.read().split(chr(0))):
    reader = threading.Thread(target=read, args=(text,), daemon=True)
    reader.start()
    reader.join(5)
    print(number, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("name", COUNTED)
def test_parts_of_a_query_are_counted(name: str) -> None:
    """So many are let through, and one more is refused with limit and unit."""
    most, text = COUNTED[name]
    assert check_query(text(most), base=BASE).text
    with pytest.raises(QueryTooLarge, match=r"at most \d000 are read") as refused:
        check_query(text(most + 1), base=BASE)
    assert refused.value.members["limit"] in (MAX_PATTERNS, MAX_OPERATORS, MAX_COLUMNS)


@pytest.mark.parametrize("text", UNCOUNTED.values(), ids=UNCOUNTED.keys())
def test_lists_may_be_as_long_as_the_text(text: str) -> None:
    """Values, members and templates are refused by nothing but the length."""
    assert len(text) > 60_000
    assert check_query(text, base=BASE).text


def test_the_engine_survives_long_lists_and_deep_nesting() -> None:
    """On a quarter of the stack that a worker has, neither overflows it."""
    survives([*UNCOUNTED.values(), *DEEP.values()])


@pytest.mark.long
def test_the_engine_survives_as_much_as_is_counted() -> None:
    """So do the longest chains; ordering their joins takes the engine seconds each."""
    survives([text(most) for most, text in COUNTED.values()])


def survives(texts: list[str]) -> None:
    checked = [check_query(text, base=BASE).text for text in texts]
    reader = subprocess.run(
        [sys.executable, "-c", READER, str(STACK // 4)],
        input="\0".join(checked),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert len(reader.stdout.split()) == len(texts), reader.stderr[-300:]
