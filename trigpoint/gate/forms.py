"""The forms of a report on disk, each written finding by finding.

CSV (RFC 4180), JSON lines and JSON with the members that HTTP lists, SHACL's report
in N-Triples and Turtle, and a page for people. What is known only at the end,
such as `sh:conforms`, is written at the end: neither JSON nor RDF minds the order.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Protocol

from trigpoint.gate import render, results
from trigpoint.gate.page import Page
from trigpoint.gate.results import Naming
from trigpoint.gate.terms import SH
from trigpoint.gate.violation import Violation


class Form(Protocol):
    """A report as text, from its head over each finding to its tail."""

    def head(self) -> str: ...

    def one(self, violation: Violation) -> str: ...

    def tail(self) -> str: ...


class _Echo:
    """What csv writes to: it gives each row back."""

    def write(self, text: str) -> str:
        return text


class Csv:
    """A table with the members of a `Violation` as columns; absent ones are empty."""

    _columns = tuple(field.name for field in fields(Violation))
    _cells = staticmethod(attrgetter(*_columns))

    def __init__(self, _naming: Naming) -> None:
        self._row: Callable[[tuple[object, ...]], str] = csv.writer(_Echo()).writerow

    def head(self) -> str:
        return self._row(self._columns)

    def one(self, violation: Violation) -> str:
        return self._row(self._cells(violation))

    def tail(self) -> str:
        return ""


class Lines:
    """JSON lines: one finding a line, as `violations` lists it over HTTP."""

    _encode = staticmethod(json.JSONEncoder(ensure_ascii=False).encode)

    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    def head(self) -> str:
        return ""

    def one(self, violation: Violation) -> str:
        return self._encode(render.member(violation, self._naming.base)) + "\n"

    def tail(self) -> str:
        return ""


class Document:
    """One JSON object, with the members of `Report.as_json`."""

    def __init__(self, naming: Naming) -> None:
        self._lines = Lines(naming)
        self._total = self._refusals = 0

    def head(self) -> str:
        return '{"violations": [\n'

    def one(self, violation: Violation) -> str:
        comma = "," if self._total else ""
        self._total += 1
        self._refusals += violation.severity == "violation"
        return comma + self._lines.one(violation)

    def tail(self) -> str:
        conforms = "false" if self._refusals else "true"
        return f'], "conforms": {conforms}, "total": {self._total}}}\n'


class _Results:
    """A `sh:ValidationReport`. Its name is random: one made of the content, as that of
    a report in memory, is known too late."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._report = uuid.uuid4().urn
        self._found = 0

    def head(self) -> str:
        return results.opening(self._report) + "\n"

    def tail(self) -> str:
        return results.closing(self._report, self._found) + "\n"


class NTriples(_Results):
    def one(self, violation: Violation) -> str:
        self._found += 1
        node, tie = results.link(self._report, self._found)
        said = (
            f"{node} <{predicate}> {term} .\n"
            for predicate, term in results.result(violation, self._naming)
        )
        return f"{tie}\n{''.join(said)}"


class Turtle(_Results):
    """The same as N-Triples, but for short names of SHACL's own terms."""

    def head(self) -> str:
        return f"@prefix sh: <{SH}> .\n{super().head()}"

    def one(self, violation: Violation) -> str:
        self._found += 1
        node, tie = results.link(self._report, self._found)
        said = " ;\n    ".join(
            f"{_short(f'<{predicate}>')} {_short(term)}"
            for predicate, term in results.result(violation, self._naming)
        )
        return f"{tie}\n{node} {said} .\n"


def _short(term: str) -> str:
    """A term of SHACL's by its prefix, any other as it is."""
    return f"sh:{term[len(SH) + 1 : -1]}" if term.startswith(f"<{SH}") else term


FORMS: Mapping[str, Callable[[Naming], Form]] = {
    ".csv": Csv,
    ".html": Page,
    ".json": Document,
    ".jsonl": Lines,
    ".ndjson": Lines,
    ".nt": NTriples,
    ".ttl": Turtle,
}
