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

from trigpoint.errors import QueryRejected
from trigpoint.graph.sparql import MAX_DEPTH, MAX_LENGTH, ParsedQuery, parse_query

QueryForm = Literal["select", "ask", "construct", "describe"]

_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
# BNODE, COALESCE and CONCAT: the engine wants their bracket without a gap.
_TIGHT: Final = frozenset({"BNODE", "FUNCTION_N"})
_CODE_POINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
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
    written, star = _write(parsed, _graphs(parsed.tokens, base), _star(parsed, form))
    names = dict.fromkeys(t.value[1:] for t in parsed.tokens if t.type == "VAR")
    return CheckedQuery(
        form=cast(QueryForm, form.type.lower()),
        text=written,
        names=tuple(names),
        star=star,
    )


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
            graphs[_start(name)] = _own_graph(name, prefixes, current, base)
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


def _start(token: Token) -> int:
    return cast(int, token.start_pos)


def _star(parsed: ParsedQuery, form: Token) -> int | None:
    """The place of the `*` of a query that is `SELECT *`."""
    rest = iter(parsed.tokens[parsed.tokens.index(form) :])
    if next(rest).type != "SELECT":
        return None
    token = next(rest)
    if token.type in ("DISTINCT", "REDUCED"):
        token = next(rest)
    return _start(token) if token.type == "STAR" else None


def _write(
    parsed: ParsedQuery, graphs: dict[int, str], star: int | None
) -> tuple[str, int | None]:
    """The tokens with white space between them, lines and columns kept.

    `graphs` maps places of tokens to the IRIs that replace them. Also gives the
    place in the new text of the token that was at `star`.
    """
    parts: list[str] = []
    length = 0
    new_star: int | None = None
    before: Token | None = None
    for token in parsed.tokens:
        start = _start(token)
        graph = graphs.get(start)
        word = token.value if graph is None else f"<{graph}>"
        gap = _gap(before, token)
        if start == star:
            new_star = length + len(gap)
        parts += (gap, word)
        length += len(gap) + len(word)
        before = token
    return "".join(parts), new_star


def _gap(before: Token | None, token: Token) -> str:
    if before is not None and before.type in _TIGHT:
        return ""
    if before is None:
        lines, end = cast(int, token.line) - 1, 0
    else:
        lines = cast(int, token.line) - cast(int, before.end_line)
        end = cast(int, before.end_pos)
    if lines or before is None:
        return "\n" * lines + " " * (cast(int, token.column) - 1)
    return " " * max(1, _start(token) - end)
