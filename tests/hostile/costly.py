"""Queries that want everything: time, memory, rows. The sample has 24,000 triples."""

from __future__ import annotations

_GEO = (
    "PREFIX geo: <http://www.opengis.net/ont/geosparql#> "
    "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
)
_LONG = f'"{"x" * 10_000}"'


def product(patterns: int) -> str:
    """So many patterns that have no variable in common."""
    return " . ".join(f"?s{n} ?p{n} ?o{n}" for n in range(patterns))


def tower(opening: str, floors: int) -> str:
    """Groups within groups, each opened by the same keyword."""
    inner = "".join(f"{opening} {{ ?s{n} ?p{n} ?o{n} " for n in range(1, floors))
    return f"{{ ?s0 ?p0 ?o0 {inner}{'}' * floors}"


def doubled(times: int) -> str:
    """Text that doubles so many times: `?v0` has 16 characters."""
    more = "".join(f"BIND(CONCAT(?v{n}, ?v{n}) AS ?v{n + 1}) " for n in range(times))
    return f'BIND("{"x" * 16}" AS ?v0) {more}'


def counting(pattern: str) -> str:
    return f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}"


_STEP = "(!<http://x/>|^!<http://x/>)"  # any link, either way

TIMED_OUT = {
    "product of three patterns": counting(product(3)),
    "product of groups": counting("{ ?a ?b ?c } { ?d ?e ?f } { ?g ?h ?i }"),
    "product of subqueries": counting(
        "{ SELECT ?a { ?a ?b ?c } } { SELECT ?d { ?d ?e ?f } } "
        "{ SELECT ?g { ?g ?h ?i } }"
    ),
    "product of named graphs": counting(
        "GRAPH ?g { ?a ?b ?c } GRAPH ?h { ?d ?e ?f } GRAPH ?i { ?j ?k ?l }"
    ),
    "product of UNIONs": counting(
        " ".join(
            f"{{ BIND(1 AS ?v{n}) }} UNION {{ BIND(2 AS ?v{n}) }}" for n in range(60)
        )
    ),
    "product of VALUES": counting(
        " ".join(
            f"VALUES ?v{n} {{ {' '.join(map(str, range(900)))} }}" for n in range(4)
        )
    ),
    "product that is filtered in full": counting(
        f"{product(2)} FILTER(CONCAT(STR(?o0), STR(?o1)) = '')"
    ),
    "product grouped by one side": (
        f"SELECT ?s0 {{ {product(2)} }} GROUP BY ?s0 HAVING (SUM(STRLEN(STR(?o1))) < 0)"
    ),
    "product past an OFFSET": (
        f"SELECT * {{ {product(3)} }} OFFSET 100000000000 LIMIT 1"
    ),
    "DISTINCT of a product": f"SELECT DISTINCT ?s0 {{ {product(2)} }} OFFSET 9000",
    "regular expressions from the data": counting(
        f'{product(2)} FILTER(REGEX(STR(?o0), CONCAT("^(.*", STR(?o1), ".*)+$")))'
    ),
    "hashes of long text": counting(
        f"{doubled(18)} ?a ?b ?c FILTER(SHA512(?v18) = MD5(?v18))"
    ),
    "nested aggregates": counting(
        "?x ?y ?z { SELECT ?d (COUNT(*) AS ?n) { ?d ?e ?f { SELECT ?g (COUNT(*) AS ?m) "
        "{ ?g ?h ?i . ?j ?k ?l } GROUP BY ?g } } GROUP BY ?d }"
    ),
    "NOT EXISTS of a product": counting(
        "?a ?b ?c FILTER NOT EXISTS { ?d ?e ?f FILTER(CONCAT(STR(?c), STR(?f)) = '') }"
    ),
    "tower of NOT EXISTS": counting(
        "?a ?b ?c FILTER NOT EXISTS { ?d ?e ?f FILTER NOT EXISTS { ?g ?h ?i "
        "FILTER(STRLEN(CONCAT(STR(?f), STR(?i))) < 0) } FILTER(?f = ?c && ?e = 1) }"
    ),
    "join on UNDEF": counting(
        f"VALUES (?a ?b) {{ {'(UNDEF UNDEF) ' * 900} }} ?a ?x ?b . ?c ?y ?d"
    ),
    "IN of a long list over a product": counting(
        f"{product(2)} FILTER(?o0 IN ({','.join(map(str, range(400)))}))"
    ),
    "path through everything, either way": counting(f"?a {_STEP}+ ?b"),
    "path of stars in stars": counting(f"?a ((({_STEP})*)*)* ?b"),
    "path of stars in a row": counting(f"?a {'/'.join(['(!<http://x/>)*'] * 12)} ?b"),
    "path among equals": counting(f"?a {'/'.join(['(a/^a)'] * 12)} ?b"),
    "path of many options": counting(f"?a {'/'.join(['(a/^a)?'] * 30)} ?b"),
    "geometry with geometry": _GEO
    + counting("?a geo:asWKT ?x . ?b geo:asWKT ?y FILTER(geof:sfIntersects(?x, ?y))"),
    "triples of one variable, four hundred": counting(
        " . ".join(f"?a a ?b{n}" for n in range(400))
    ),
    "blank nodes, five hundred": f"ASK {{ {'[] ?p [] . ' * 500} FILTER(?p = 1) }}",
    "one answer that never comes": (
        f"SELECT * {{ {product(3)} FILTER(STR(?s0) = CONCAT(STR(?s1), STR(?s2))) }}"
    ),
}
OVER_MEMORY = {
    "MINUS of products": counting(
        f"{product(2)} MINUS {{ ?s0 ?x ?y . ?z ?w ?v FILTER(?x = ?w) }}"
    ),
    "ORDER BY of a product": f"SELECT * {{ {product(2)} }} ORDER BY ?s0 ?s1 LIMIT 10",
    "ORDER BY chance": f"SELECT * {{ {product(2)} }} ORDER BY RAND() LIMIT 1",
    "COUNT DISTINCT of a product": (
        f"SELECT (COUNT(DISTINCT *) AS ?n) {{ {product(2)} }}"
    ),
    "GROUP BY all of a product": (
        f"SELECT (COUNT(*) AS ?n) {{ {product(2)} }} GROUP BY ?s0 ?p0 ?o0 ?s1 ?p1 ?o1"
    ),
    "GROUP_CONCAT of a product": (
        f"SELECT (STRLEN(GROUP_CONCAT({_LONG})) AS ?n) {{ {product(2)} }}"
    ),
    "GROUP_CONCAT of a GROUP_CONCAT": (
        "SELECT (STRLEN(GROUP_CONCAT(?x)) AS ?n) { ?d ?e ?f "
        "{ SELECT (GROUP_CONCAT(STR(?c)) AS ?x) { ?a ?b ?c } } }"
    ),
    "GROUP_CONCAT by a long separator": (
        f"SELECT (STRLEN(GROUP_CONCAT(STR(?s0); SEPARATOR={_LONG})) AS ?n) "
        f"{{ {product(2)} }}"
    ),
    "CONCAT doubled 25 times": f"SELECT (STRLEN(?v25) AS ?n) {{ {doubled(25)} }}",
    "CONCAT doubled 60 times": f"SELECT (STRLEN(?v60) AS ?n) {{ {doubled(60)} }}",
    "CONCAT doubled and answered": f"SELECT ?v24 {{ {doubled(24)} }}",
    "REPLACE that squares": (
        f"SELECT (STRLEN(?c) AS ?n) {{ BIND({_LONG} AS ?a) "
        'BIND(REPLACE(?a, "x", ?a) AS ?b) BIND(REPLACE(?b, "x", ?a) AS ?c) }'
    ),
    "ENCODE_FOR_URI of long text": (
        f"SELECT (STRLEN(ENCODE_FOR_URI(ENCODE_FOR_URI(?v23))) AS ?n) "
        f"{{ {doubled(23).replace('x', 'é')} }}"
    ),
    "tower of OPTIONAL": f"SELECT (COUNT(*) AS ?n) {tower('OPTIONAL', 20)}",
    "OPTIONAL side by side": counting(
        "?s0 ?p0 ?o0 "
        + " ".join(f"OPTIONAL {{ ?s{n} ?p{n} ?o{n} }}" for n in range(1, 20))
    ),
}
