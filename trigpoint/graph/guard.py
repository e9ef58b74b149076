"""What a query may ask, decided on its parse and never by searching its text.

The engine can call other endpoints (`SERVICE`) and cannot be told not to. So the
query is parsed here, what is not offered is refused, and the engine is given
the tokens that were checked, each set apart by white space and without the
comments: it cannot read a keyword where this parser read something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast
from urllib.parse import urljoin

from lark import Token

from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph.sparql import MAX_DEPTH, MAX_LENGTH, ParsedQuery, parse_query
from trigpoint.graph.written import Changes, start_of, write_tokens

QueryForm = Literal["select", "ask", "construct", "describe"]

_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_CODE_POINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
# RFC 3987 as SPARQL has it: a scheme, and then anything that `<…>` may enclose.
_ABSOLUTE: Final = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^<>"{}|^`\\\x00-\x20]*')
_LOCAL_ESCAPE: Final = re.compile(r"\\([-_~.!$&'()*+,;=/?#@%])")


@dataclass(frozen=True)
class CheckedQuery:
    """A query that may run: its form and the text to give to the engine.

    `names` are the variables in the order in which the text has them. `star` is
    the place of the `*` of a top-level `SELECT *` in `text`, and None in any
    other query.
    """

    form: QueryForm
    text: str
    names: tuple[str, ...]
    star: int | None

    def with_columns(self, visible: Sequence[str]) -> str:
        """The text with `SELECT *` spelled out over the `visible` variables.

        The engine sorts the columns of `*` by name; people expect them in the
        order in which they wrote them.
        """
        if self.star is None or not visible:
            return self.text
        known = frozenset(visible)
        columns = " ".join(f"?{name}" for name in self.names if name in known)
        return f"{self.text[: self.star]} {columns} {self.text[self.star + 1 :]}"


def check_query(
    text: str,
    *,
    base: str,
    max_length: int = MAX_LENGTH,
    max_depth: int = MAX_DEPTH,
) -> CheckedQuery:
    """Parse a query and decide whether it may run.

    `base` is the base IRI of the installation: relative IRIs resolve against
    it, and `FROM` may name graphs under `{base}/graph/` only. Raises
    QueryTooLarge (length in characters, nesting in brackets) and QueryRejected:
    syntax errors with line and column, updates, `SERVICE`, foreign graphs.
    """
    parsed = parse_query(text, max_length=max_length, max_depth=max_depth)
    form = next(token for token in parsed.tokens if token.type in _FORMS)
    changes = Changes(
        {place: f"<{iri}>" for place, iri in _graphs(parsed.tokens, base).items()}
    )
    written, star = write_tokens(parsed.tokens, changes, _star(parsed, form))
    names = dict.fromkeys(t.value[1:] for t in parsed.tokens if t.type == "VAR")
    return CheckedQuery(
        form=cast(QueryForm, form.type.lower()),
        text=written,
        names=tuple(names),
        star=star,
    )


def absolute_iri(iri: str, parameter: str) -> str:
    """The IRI that a client gave as a parameter of the protocol, if it is one."""
    if not _ABSOLUTE.fullmatch(iri):
        raise InvalidParameter(
            f"{parameter} is “{iri[:60]}”: expected an absolute IRI",
            parameter=parameter,
        )
    return iri


def _graphs(tokens: Sequence[Token], base: str) -> dict[int, str]:
    """The absolute IRI of each `FROM`, by the place of its token in the text."""
    prefixes: dict[str, str] = {}
    current = base
    graphs: dict[int, str] = {}
    rest = iter(tokens)
    for token in rest:
        if token.type == "BASE":
            current = urljoin(current, _iri_text(next(rest)))
        elif token.type == "PREFIX":
            prefix = next(rest).value
            prefixes[prefix] = urljoin(current, _iri_text(next(rest)))
        elif token.type == "FROM":
            name = _after_named(rest)
            graphs[start_of(name)] = _own_graph(name, prefixes, current, base)
    return graphs


def _after_named(rest: Iterator[Token]) -> Token:
    token = next(rest)
    return next(rest) if token.type == "NAMED" else token


def _own_graph(name: Token, prefixes: dict[str, str], current: str, base: str) -> str:
    if name.type == "IRIREF":
        iri = urljoin(current, _iri_text(name))
    else:
        prefix, _, local = name.value.partition(":")
        start = prefixes.get(f"{prefix}:")
        if start is None:
            raise QueryRejected(
                f"line {name.line}, column {name.column}: "
                f"the prefix {prefix}: is not declared"
            )
        iri = start + _LOCAL_ESCAPE.sub(r"\1", local)
    if not re.fullmatch(rf"{re.escape(base)}/graph/[A-Za-z0-9-]+", iri):
        raise QueryRejected(
            f"line {name.line}, column {name.column}: FROM <{iri}> is not a graph "
            f"of this endpoint; nothing is fetched, and ours are {base}/graph/…",
            graph=iri,
        )
    return iri


def _iri_text(token: Token) -> str:
    return _CODE_POINT.sub(
        lambda found: chr(int(found[1] or found[2], 16)), token.value[1:-1]
    )


def _star(parsed: ParsedQuery, form: Token) -> int | None:
    """The place of the `*` of a query that is `SELECT *`."""
    rest = iter(parsed.tokens[parsed.tokens.index(form) :])
    if next(rest).type != "SELECT":
        return None
    token = next(rest)
    if token.type in ("DISTINCT", "REDUCED"):
        token = next(rest)
    return start_of(token) if token.type == "STAR" else None
