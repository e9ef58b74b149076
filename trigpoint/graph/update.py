"""What an update may do, decided on its parse (SPARQL 1.1 Update, W3C 2013).

For stores that may be written to, which those of registers never are. Nothing is
fetched: `LOAD` is refused, `LOAD SILENT` does nothing, since it may fail silently
(section 3.1.4), and `SERVICE` is refused wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lark import Token

from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph.bounds import check_bounds
from trigpoint.graph.data import write_data
from trigpoint.graph.dataset import absolute_iri
from trigpoint.graph.sparql import MAX_DEPTH, parse_update
from trigpoint.graph.written import Changes, start_of, write_tokens

MAX_UPDATE_LENGTH: Final = 2_000_000

_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


@dataclass(frozen=True)
class CheckedUpdate:
    """An update that may run: the text to give to the engine."""

    text: str


@dataclass(frozen=True)
class _Operation:
    """The tokens of one operation: its prologue, what it does, its semicolon.

    `outer` are those of `body` that no bracket encloses, and the brackets.
    """

    prologue: Sequence[Token]
    body: Sequence[Token]
    outer: Sequence[Token]
    end: Sequence[Token]


def check_update(
    text: str,
    *,
    default_graphs: Iterable[str] = (),
    named_graphs: Iterable[str] = (),
    max_length: int = MAX_UPDATE_LENGTH,
    max_depth: int = MAX_DEPTH,
) -> CheckedUpdate:
    """Parse an update and decide whether it may run.

    `default_graphs` and `named_graphs` are what the client named by
    `using-graph-uri` and `using-named-graph-uri` (SPARQL 1.1 Protocol, section
    2.2.3): they become the `USING` of every operation that has a pattern. Raises
    QueryTooLarge (length in characters, nesting in brackets, parts), QueryRejected
    (syntax errors with line and column, queries, `LOAD`, `SERVICE`) and
    InvalidParameter (no IRI, or graphs named here and in the text).
    """
    using = _using(default_graphs, named_graphs)
    parsed = parse_update(text, max_length=max_length, max_depth=max_depth)
    check_bounds(parsed)
    operations = list(_operations(parsed.tokens))
    instead = {
        start_of(token): write_data(token.value, max_depth)
        for token in parsed.tokens
        if token.type == "DATA_BLOCK"
    }
    before: dict[int, str] = {}
    for operation in operations:
        if operation.body and operation.body[0].type == "LOAD":
            _refuse_loud_load(operation)
            instead |= _without((*operation.body, *operation.end))
        if using and (where := _pattern_of(operation)):
            before[start_of(where)] = _shortcut(operation) + using
    # The engine takes no prologue after which nothing is done.
    instead |= _without(_idle_end(operations))
    written, _ = write_tokens(parsed.tokens, Changes(instead, before))
    return CheckedUpdate(written)


def _using(default_graphs: Iterable[str], named_graphs: Iterable[str]) -> str:
    clauses = [
        f"USING <{absolute_iri(iri, 'using-graph-uri')}>" for iri in default_graphs
    ]
    clauses += [
        f"USING NAMED <{absolute_iri(iri, 'using-named-graph-uri')}>"
        for iri in named_graphs
    ]
    return " ".join(clauses)


def _operations(tokens: Sequence[Token]) -> Iterator[_Operation]:
    """The operations in their order; the last may be a prologue alone."""
    begin = depth = 0
    for place, token in enumerate(tokens):
        depth += (token.value in _OPENING) - (token.value in _CLOSING)
        if not depth and token.value == ";":
            yield _operation(tokens[begin:place], [token])
            begin = place + 1
    yield _operation(tokens[begin:], [])


def _operation(tokens: Sequence[Token], end: Sequence[Token]) -> _Operation:
    place = 0
    while place < len(tokens) and tokens[place].type in ("BASE", "PREFIX"):
        place += 2 if tokens[place].type == "BASE" else 3
    body = tokens[place:]
    return _Operation(tokens[:place], body, list(_outer(body)), end)


def _outer(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth -= token.value in _CLOSING
        if not depth:
            yield token
        depth += token.value in _OPENING


def _refuse_loud_load(operation: _Operation) -> None:
    load = operation.body[0]
    if operation.body[1].type != "SILENT":
        raise QueryRejected(
            f"line {load.line}, column {load.column}: LOAD is not offered, since "
            "nothing is fetched here; send the data by the Graph Store Protocol or "
            "INSERT DATA",
            line=load.line,
            column=load.column,
        )


def _pattern_of(operation: _Operation) -> Token | None:
    """The `WHERE` of an operation, if it has one.

    Raises InvalidParameter if it names its graphs itself.
    """
    for token in operation.outer:
        if token.type in ("USING", "WITH"):
            raise InvalidParameter(
                f"line {token.line}, column {token.column}: the update has "
                f"{token.type}, so using-graph-uri and using-named-graph-uri may not "
                "be given as well",
                parameter="using-graph-uri",
            )
    return next((token for token in operation.outer if token.type == "WHERE"), None)


def _shortcut(operation: _Operation) -> str:
    """The template of a `DELETE WHERE`, which is its pattern and takes no `USING`."""
    if operation.body[1].type != "WHERE":
        return ""
    return " ".join(token.value for token in operation.body[2:]) + " "


def _idle_end(operations: Sequence[_Operation]) -> Iterator[Token]:
    """The prologues after the last operation that does anything."""
    for operation in reversed(operations):
        if operation.body and operation.body[0].type != "LOAD":
            return
        yield from operation.prologue


def _without(tokens: Iterable[Token]) -> dict[int, str]:
    return dict.fromkeys(map(start_of, tokens), "")
