"""Queries that would have the engine call somebody, in every disguise.

`TRAP` stands for the URL of a server that must never be called.
"""

from __future__ import annotations

TRAP = "http://trap/"
_CALL = "SERVICE <http://trap/> { ?s ?p ?o }"

SERVICES = {
    "plain": f"SELECT * {{ {_CALL} }}",
    "lower case": "select * { service <http://trap/> { ?s ?p ?o } }",
    "mixed case": "SELECT * { sErViCe <http://trap/> { ?s ?p ?o } }",
    "silent": "SELECT * { SERVICE SILENT <http://trap/> { ?s ?p ?o } }",
    "variable endpoint": (
        "SELECT * { VALUES ?e { <http://trap/> } SERVICE ?e { ?s ?p ?o } }"
    ),
    "endpoint computed": (
        'SELECT * { BIND(IRI("http://trap/") AS ?e) SERVICE ?e { ?s ?p ?o } }'
    ),
    "prefixed endpoint": "PREFIX t: <http://trap/> SELECT * { SERVICE t: {} }",
    "endpoint by the base": (
        "BASE <http://trap/> SELECT * { SERVICE <sparql> { ?s ?p ?o } }"
    ),
    "endpoint with escapes": r"SELECT * { SERVICE <\u0068ttp://trap/> { ?s ?p ?o } }",
    "keyword with escapes": r"SELECT * { \u0053ERVICE <http://trap/> { ?s ?p ?o } }",
    "without any space": "SELECT*{SERVICE<http://trap/>{?s?p?o}}",
    "comments for spaces": "SELECT*{#\nSERVICE#{\n<http://trap/>#}\n{?s ?p ?o}}",
    "carriage returns for lines": "SELECT * { # comment\rSERVICE <http://trap/> {} }",
    "after a string that seems open": f"SELECT * {{ ?s ?p 'it\\'s' . {_CALL} }}",
    "after a hash in an IRI": f"SELECT * {{ ?s <http://e/#> ?o . {_CALL} }}",
    "in an IRI by one reading": "SELECT*{FILTER(?a<?b)SERVICE?s#>\n{?x?y?z}}",
    "in a subquery": f"ASK {{ {{ SELECT * {{ {{ SELECT ?s {{ {_CALL} }} }} }} }} }}",
    "in EXISTS": f"SELECT * {{ ?a ?b ?c FILTER EXISTS {{ {_CALL} }} }} LIMIT 1",
    "in NOT EXISTS in IF": (
        f"SELECT (IF(NOT EXISTS {{ {_CALL} }}, 1, 2) AS ?x) {{ ?a ?b ?c }} LIMIT 1"
    ),
    "in OPTIONAL": f"SELECT * {{ OPTIONAL {{ {_CALL} }} }}",
    "in MINUS": f"SELECT * {{ ?s ?p ?o MINUS {{ {_CALL} }} }} LIMIT 1",
    "in UNION": f"SELECT * {{ {{ ?s ?p ?o }} UNION {{ {_CALL} }} }} LIMIT 1",
    "in GRAPH": f"SELECT * {{ GRAPH ?g {{ {_CALL} }} }}",
    "in HAVING": f"SELECT ?s {{ ?s ?p ?o }} GROUP BY ?s HAVING EXISTS {{ {_CALL} }}",
    "in ORDER BY": f"SELECT ?s {{ ?s ?p ?o }} ORDER BY (EXISTS {{ {_CALL} }}) LIMIT 1",
    "in CONSTRUCT": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {_CALL} }}",
    "in DESCRIBE": f"DESCRIBE ?s WHERE {{ {_CALL} }}",
    "in ASK": f"ASK {{ {_CALL} }}",
    "within another": f"SELECT * {{ SERVICE <http://a.example/> {{ {_CALL} }} }}",
    "to a file": "SELECT * { SERVICE <file:///etc/passwd> { ?s ?p ?o } }",
    "to ourselves": "SELECT * { SERVICE </sparql> { ?s ?p ?o } }",
    "to a cloud's metadata": (
        "SELECT * { SERVICE <http://169.254.169.254/latest/meta-data/> { ?s ?p ?o } }"
    ),
}
DATASETS = {
    "FROM": "SELECT * FROM <http://trap/> { ?s ?p ?o }",
    "FROM NAMED": "SELECT * FROM NAMED <http://trap/> { GRAPH ?g { ?s ?p ?o } }",
    "FROM by a prefix": "PREFIX t: <http://trap/> ASK FROM t:data { ?s ?p ?o }",
    "FROM by the base": "BASE <http://trap/graph/> ASK FROM <catalogue> { ?s ?p ?o }",
    "FROM with escapes": r"ASK FROM <\u0068ttp://trap/> { ?s ?p ?o }",
    "FROM beside one of ours": (
        "ASK FROM </graph/catalogue> FROM <http://trap/> { ?s ?p ?o }"
    ),
    "FROM with our host as its user": (
        "ASK FROM <http://localhost:8000@trap/graph/catalogue> { ?s ?p ?o }"
    ),
    "FROM above our graphs": "ASK FROM </graph/../registers> { ?s ?p ?o }",
    "FROM a file": "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
    "FROM a file beside ours": "ASK FROM <file:///graph/catalogue> { ?s ?p ?o }",
    "FROM data": "ASK FROM <data:text/turtle,%3Ca%3E%20a%20%3Cb%3E.> { ?s ?p ?o }",
}
UPDATES = {
    "INSERT DATA": "INSERT DATA { <http://a/> <http://b/> 1 }",
    "DELETE WHERE": "DELETE WHERE { ?s ?p ?o }",
    "lower case": "delete { ?s ?p ?o } where { ?s ?p ?o }",
    "after a comment": "# ASK {}\nCLEAR ALL",
    "after a prologue": "BASE <http://a/> PREFIX b: <http://b/> DROP SILENT ALL",
    "LOAD": "LOAD <http://trap/data.ttl>",
    "LOAD SILENT of a file": (
        "LOAD SILENT <file:///etc/passwd> INTO GRAPH <http://g/>"
    ),
    "LOAD in lower case": "load<http://trap/data.ttl>",
    "COPY": "COPY DEFAULT TO <http://g/>",
    "with SERVICE inside": (
        "INSERT { ?s ?p ?o } WHERE { SERVICE <http://trap/> { ?s ?p ?o } }"
    ),
    "behind a query": "ASK {} ; DROP ALL",
    "keyword with escapes": r"\u0044ROP ALL",
}
# The word alone calls nobody: none of these may be refused.
HARMLESS = {
    "SERVICE in a string": 'ASK { FILTER("SERVICE <http://trap/> {}" != "") }',
    "SERVICE in a long string": "ASK { BIND('''} SERVICE\n<http://x/> {}''' AS ?x) }",
    "SERVICE in a comment": "ASK { } # SERVICE <http://trap/> { ?s ?p ?o }",
    "SERVICE as a variable": "ASK { BIND(1 AS ?SERVICE) }",
    "SERVICE as a prefix": (
        "PREFIX SERVICE: <http://trap/> ASK { FILTER(SERVICE:a != SERVICE:b) }"
    ),
    "LOAD in a string": 'ASK { FILTER("LOAD <http://trap/>" != "DROP ALL") }',
    "an IRI that nobody looks up": (
        "ASK { FILTER NOT EXISTS { <http://trap/> ?p <file:///etc/passwd> } }"
    ),
    "a GRAPH that nobody looks up": (
        "ASK { FILTER NOT EXISTS { GRAPH <http://trap/> { ?s ?p ?o } } }"
    ),
    "an IRI made of text": ('ASK { FILTER(IRI("http://trap/") = <http://trap/>) }'),
}
