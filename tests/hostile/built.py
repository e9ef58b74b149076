"""Queries built to break who reads them, and queries that only look as if they were."""

from __future__ import annotations

from tests.hostile.costly import counting, product

_LETTERS = "x" * 10_000


def nested(opening: str, inner: str, closing: str, times: int) -> str:
    return opening * times + inner + closing * times


# Deeper or longer than anybody needs, and than the engine's recursion can take.
TOO_LONG = {
    "groups in groups": f"ASK {nested('{', '', '}', 40_000)}",
    "brackets never closed": f"ASK {{ FILTER{'(' * 90_000}",
    "blank nodes in blank nodes": f"ASK {{ {nested('[ ?p ', '?x', ']', 9_000)} ?p 1 }}",
    "collections in collections": f"ASK {{ ?a ?b {nested('(', '1', ')', 30_000)} }}",
    "functions in functions": f"ASK {{ FILTER({nested('STR(', '1', ')', 15_000)}) }}",
    "subqueries in subqueries": f"ASK {nested('{ SELECT * ', '{}', '}', 8_000)}",
    "paths in brackets": f"ASK {{ ?a {nested('(', 'a', ')*', 20_000)} ?b }}",
    "sum of 40,000": f"SELECT (1{'+1' * 40_000} AS ?n) {{}}",
    "product of 40,000": f"SELECT (1{'*1' * 40_000} AS ?n) {{}}",
    "AND of 14,000": f"ASK {{ FILTER(true{'&&true' * 14_000}) }}",
    "OR of 12,000": f"ASK {{ FILTER(false{'||false' * 12_000}) }}",
    "UNION of 10,000": f"ASK {{ {' UNION '.join(['{}'] * 10_000)} }}",
    "OPTIONAL 7,000 times": f"ASK {{ {'OPTIONAL { } ' * 7_000} }}",
    "BIND 5,000 times": (
        f"ASK {{ {' '.join(f'BIND(1 AS ?v{n})' for n in range(5_000))} }}"
    ),
    "FILTER 6,000 times": f"ASK {{ {'FILTER(true) ' * 6_000} }}",
    "path of 40,000 steps": f"ASK {{ ?a {'/'.join(['a'] * 40_000)} ?b }}",
    "path of 40,000 alternatives": f"ASK {{ ?a {'|'.join(['a'] * 40_000)} ?b }}",
    "objects, 20,000": f"ASK {{ ?a ?b {','.join(['?c'] * 20_000)} }}",
    "collection of 20,000": f"ASK {{ ?a ?b ({'1 ' * 20_000}) }}",
    "triples, 8,000": f"ASK {{ {'. '.join(['?a ?b ?c'] * 8_000)} }}",
    "columns of expressions, 3,000": (
        f"SELECT {' '.join(f'(1 AS ?v{n})' for n in range(3_000))} {{}}"
    ),
    "100,001 characters": f"ASK {{}} #{'x' * 99_993}",
}
# Not SPARQL 1.1, or not in a way that the engine could take.
MALFORMED = {
    "nothing": "",
    "comments only": f"#{_LETTERS}",
    "NUL": "ASK { ?s ?p '\x00' }\x00",
    "NUL between tokens": "ASK\x00{}",
    "half of a query": "SELECT * WHERE { ?s ?p",
    "two queries": "ASK {} ASK {}",
    "string never closed": 'ASK { ?s ?p "' + "\\\\" * 40_000,
    "long string never closed": "ASK { ?s ?p '''" + "''a" * 30_000,
    "IRI never closed": f"ASK {{ ?s <{'a' * 90_000}",
    "name of dots": f"ASK {{ ?s a:{'.' * 90_000} ?o }}",
    "undeclared prefix": "ASK { ?s nobody:knows ?o }",
    "surrogate by escape": r"ASK { FILTER(STRLEN('\uD800') = 1) }",
    "beyond Unicode by escape": r"ASK { FILTER(STRLEN('\U00110000') = 1) }",
    "space by escape in an IRI": r"ASK { ?s <http://e/\u0020> ?o }",
    "signs by the thousand": f"SELECT ({'-' * 3_000}1 AS ?n) {{}}",
    "negations by the thousand": f"ASK {{ FILTER({'!' * 50_000}true) }}",
    "LIMIT past any integer": f"SELECT * {{ ?a ?b ?c }} LIMIT {'9' * 40}",
    "negative LIMIT": "SELECT * { ?a ?b ?c } LIMIT -1",
    "language tag of 90,000 letters": f'ASK {{ ?a ?b "x"@{"a" * 90_000} }}',
    "function of nobody": "SELECT (<http://trap/f>(1) AS ?x) {}",
    "LATERAL, which 1.1 has not": "SELECT * { ?a ?b ?c LATERAL { ?a ?d ?e } }",
    "quoted triples, which 1.1 has not": "SELECT * { << ?a ?b ?c >> ?d ?e }",
    "variable bound twice": "SELECT * { BIND(1 AS ?x) BIND(2 AS ?x) }",
    "markup": "<script>alert(1)</script>",
}
# Each with the one value of its answer: a hard query is not a bad one.
ANSWERED = {
    "regular expression that backtracks elsewhere": (
        f'SELECT (REGEX("{_LETTERS}!", "^(x+)+$") AS ?v) {{}}',
        "false",
    ),
    "regular expression of many x?": (
        f'SELECT (REGEX("{"x" * 30}", "^{"x?" * 30}{"x" * 30}$") AS ?v) {{}}',
        "true",
    ),
    "regular expression that counts in counts": (
        'SELECT (COALESCE(REGEX("a", "((((a{1,99}){1,99}){1,99}){1,99})"), "none") '
        "AS ?v) {}",
        "none",
    ),
    "regular expression of 20,000 brackets": (
        f'SELECT (COALESCE(REGEX("", "{nested("(", "", ")", 20_000)}"), "none") AS ?v) '
        "{}",
        "none",
    ),
    "regular expression that is none": (
        'SELECT (COALESCE(REGEX("a", "(?=a)\\\\1["), "none") AS ?v) {}',
        "none",
    ),
    "empty pattern replaced": (
        'SELECT (REPLACE("abc", "", "-") AS ?v) {}',
        "-a-b-c-",
    ),
    "product that is asked for one row": (
        f"SELECT (1 AS ?v) {{ {product(3)} }} LIMIT 1",
        "1",
    ),
    "LIMIT 0 of a product": (
        f"SELECT (COUNT(*) AS ?v) {{ SELECT * {{ {product(4)} }} LIMIT 0 }}",
        "0",
    ),
    "integer that overflows": (
        'SELECT (COALESCE(9223372036854775807 + 1, "none") AS ?v) {}',
        "none",
    ),
    "integer of 90,000 digits": (
        f"SELECT (STRLEN(STR({'9' * 90_000})) AS ?v) {{}}",
        "90000",
    ),
    "double past any": ("SELECT (1e999999 AS ?v) {}", "INF"),
    "division by zero": ('SELECT (COALESCE(1/0, "none") AS ?v) {}', "none"),
    "part of a string before its start": (
        'SELECT (COALESCE(SUBSTR("abc", -9223372036854775808, 1e308), "none") AS ?v) '
        "{}",
        "none",
    ),
    "year of many digits": (
        'SELECT (COALESCE(YEAR("999999999999999999999-01-01T00:00:00Z"^^'
        '<http://www.w3.org/2001/XMLSchema#dateTime>), "none") AS ?v) {}',
        "none",
    ),
    "literal of 99,000 letters": (
        f'SELECT (STRLEN("{"x" * 99_000}") AS ?v) {{}}',
        "99000",
    ),
    "IRI of 90,000 letters": (
        f"SELECT (STRLEN(STR(<http://e/{'x' * 90_000}>)) AS ?v) {{}}",
        "90009",
    ),
    "comment of 99,000 letters": (f"#{'x' * 99_000}\nSELECT (1 AS ?v) {{}}", "1"),
    "text from right to left, and beyond the plane": (
        'SELECT (STRLEN("\u202e\U0001f3eb\u2028\u0301") AS ?v) {}',
        "4",
    ),
    "sixty groups": (f"SELECT (1 AS ?v) {nested('{', '', '}', 60)}", "1"),
    "VALUES of 14,000 rows": (
        counting(f"VALUES ?x {{ {' '.join(map(str, range(14_000)))} }}"),
        "14000",
    ),
    "IN of 10,000": (
        f"SELECT (9999 IN ({','.join(map(str, range(10_000)))}) AS ?v) {{}}",
        "true",
    ),
    "prefixes, 3,000": (
        "".join(f"PREFIX p{n}: <http://e/{n}> " for n in range(3_000))
        + "SELECT (p2999: = <http://e/2999> AS ?v) {}",
        "true",
    ),
    "geometry of 4,000 collections": (
        "PREFIX geo: <http://www.opengis.net/ont/geosparql#> "
        "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
        'SELECT (COALESCE(geof:sfIntersects("'
        + nested("GEOMETRYCOLLECTION(", "POINT(0 0)", ")", 4_000)
        + '"^^geo:wktLiteral, "POINT(0 0)"^^geo:wktLiteral), "none") AS ?v) {}',
        "true",
    ),
    "geometry at no place": (
        "PREFIX geo: <http://www.opengis.net/ont/geosparql#> "
        "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
        'SELECT (COALESCE(geof:sfIntersects("POINT(NaN inf)"^^geo:wktLiteral, '
        '"POLYGON((0 0, 1 1, 0 1, 0 0))"^^geo:wktLiteral), "none") AS ?v) {}',
        "none",
    ),
}
