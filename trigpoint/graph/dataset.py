"""Which graphs a query reads: `FROM` in its text, or what its client names beside it.

SPARQL 1.1 Query section 13.2 and Protocol section 2.1.4: graphs that are named by the
protocol take the place of those in the text. They are written into the text, so
whichever engine reads it sees one dataset and nothing else. No graph is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from lark import Token

from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph.written import Changes, start_of

_CODE_POINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
# RFC 3987 as SPARQL has it: a scheme, and then anything that `<…>` may enclose.
_ABSOLUTE: Final = re.compile(
    r'[A-Za-z][A-Za-z0-9+.-]*:[^<>"{}|^`\\\x00-\x20\uD800-\uDFFF]*'
)
_LOCAL_ESCAPE: Final = re.compile(r"\\([-_~.!$&'()*+,;=/?#@%])")
_AFTER: Final = frozenset(
    {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"}
)


@dataclass(frozen=True)
class Dataset:
    """Graphs that a client names beside its query, in the spelling of the protocol.

    `base` is the installation's: graphs are ours under `{base}/graph/`. With
    `foreign` any IRI may be one, which then only names a graph of the store.
    """

    base: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    foreign: bool = False

    def clauses(self) -> str:
        """The graphs as `FROM` and `FROM NAMED`; an empty text without any.

        Raises InvalidParameter for what is no IRI, and QueryRejected for a graph
        that is not ours.
        """
        default = (
            f"FROM <{self._graph(iri, 'default-graph-uri')}>"
            for iri in self.default_graphs
        )
        named = (
            f"FROM NAMED <{self._graph(iri, 'named-graph-uri')}>"
            for iri in self.named_graphs
        )
        return " ".join((*default, *named))

    def _graph(self, iri: str, parameter: str) -> str:
        checked = absolute_iri(iri, parameter)
        if self.foreign:
            return checked
        return self.own(checked, parameter, parameter=parameter)

    def own(self, iri: str, where: str, **members: str) -> str:
        """The IRI of a graph, if it is one of ours; raises QueryRejected."""
        ours = rf"{re.escape(self.base)}/graph/[A-Za-z0-9-]+(?:/(?!\.\.?$)[^/?#]+)?"
        if not _ABSOLUTE.fullmatch(iri) or not re.fullmatch(ours, iri):
            raise QueryRejected(
                f"{where} <{iri}> is not a graph of this endpoint; nothing is fetched, "
                f"and ours are {self.base}/graph/…",
                graph=iri,
                **members,
            )
        return iri


def absolute_iri(iri: str, parameter: str) -> str:
    """The IRI that a client gave as a parameter of the protocol; raises
    InvalidParameter if it is none, or relative."""
    if not _ABSOLUTE.fullmatch(iri):
        raise InvalidParameter(
            f"{parameter} is “{iri[:60]}”: expected an absolute IRI",
            parameter=parameter,
        )
    return iri


def dataset_changes(
    tokens: Sequence[Token], form: Token, dataset: Dataset
) -> tuple[Changes, bool]:
    """How a query's text changes so that it names its graphs, ours by the whole IRI.

    `form` is the token of its outer form. Also says whether it names any. Raises what
    `Dataset.clauses` does, for graphs in the text with line and column.
    """
    named = list(_named_graphs(tokens))
    own = {} if dataset.foreign else _own_graphs(tokens, dataset)
    clauses = dataset.clauses()
    if not clauses:
        return Changes(instead=own), bool(named)
    place = start_of(named[0]) if named else _place(tokens, form)
    return Changes(dict.fromkeys(map(start_of, named), ""), {place: clauses}), True


def _named_graphs(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens of every `FROM`."""
    for place, token in enumerate(tokens):
        if token.type == "FROM":
            yield from tokens[place : _end_of(tokens, place)]


def _end_of(tokens: Sequence[Token], place: int) -> int:
    return place + 2 + (tokens[place + 1].type == "NAMED")


def _own_graphs(tokens: Sequence[Token], dataset: Dataset) -> dict[int, str]:
    """The absolute IRI of each `FROM`, by the place of its token in the text."""
    graphs: dict[int, str] = {}
    prefixes: dict[str, str] = {}
    current = dataset.base
    for place, token in enumerate(tokens):
        if token.type == "BASE":
            current = urljoin(current, _iri_text(tokens[place + 1]))
        elif token.type == "PREFIX":
            iri = urljoin(current, _iri_text(tokens[place + 2]))
            prefixes[tokens[place + 1].value] = iri
        elif token.type == "FROM":
            name = tokens[_end_of(tokens, place) - 1]
            iri = _resolved(name, prefixes, current)
            graphs[start_of(name)] = f"<{dataset.own(iri, f'{_where(name)}: FROM')}>"
    return graphs


def _resolved(name: Token, prefixes: dict[str, str], current: str) -> str:
    if name.type == "IRIREF":
        return urljoin(current, _iri_text(name))
    prefix, _, local = name.value.partition(":")
    start = prefixes.get(f"{prefix}:")
    if start is None:
        raise QueryRejected(f"{_where(name)}: the prefix {prefix}: is not declared")
    return start + _LOCAL_ESCAPE.sub(r"\1", local)


def _where(token: Token) -> str:
    return f"line {token.line}, column {token.column}"


def _iri_text(token: Token) -> str:
    return _CODE_POINT.sub(
        lambda found: chr(int(found[1] or found[2], 16)), token.value[1:-1]
    )


def _place(tokens: Sequence[Token], form: Token) -> int:
    """Where the `FROM` of a query that has none would stand."""
    rest = iter(tokens[tokens.index(form) + 1 :])
    first = next(rest)
    if form.type == "CONSTRUCT" and first.value == "{":
        depth = 1
        while depth:  # the template; it has an end, since the query was parsed
            value = next(rest).value
            depth += (value == "{") - (value == "}")
        return _start_of_next(rest)
    depth = 0
    for token in (first, *rest):
        if not depth and (token.value == "{" or token.type in _AFTER):
            return start_of(token)
        depth += (token.value == "(") - (token.value == ")")
    return Changes.END


def _start_of_next(rest: Iterable[Token]) -> int:
    return next((start_of(token) for token in rest), Changes.END)
