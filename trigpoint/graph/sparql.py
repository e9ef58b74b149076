"""Parse a SPARQL 1.1 query or update (section 19.8 of the recommendation) in bounds.

The grammars are `sparql.lark` and `update.lark`. An LALR(1) parser with an explicit
stack reads them: time grows with the length of the text, nesting uses no call stack,
and the nesting bound is applied to each bracket as it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from trigpoint.errors import QueryRejected, QueryTooLarge
from trigpoint.graph.data import DATA_BLOCK

MAX_LENGTH: Final = 100_000
MAX_DEPTH: Final = 64

_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


@dataclass(frozen=True)
class ParsedQuery:
    """A query or update as a tree of grammar rules, and its tokens in reading order.

    Each token knows its span in the text (`start_pos`, `end_pos`) and its place
    (`line` and `column`, both from 1).
    """

    tree: Tree[Token]
    tokens: tuple[Token, ...]


def parse_query(
    text: str, *, max_length: int = MAX_LENGTH, max_depth: int = MAX_DEPTH
) -> ParsedQuery:
    """Parse one query; `max_length` in characters, `max_depth` in brackets.

    Raises QueryTooLarge past a bound, and QueryRejected for a syntax error
    (with line and column), for an update and for `SERVICE`. The last two are
    refused where their keyword is read as a keyword, whatever stands around it.
    """
    return _parse(_query_parser(), text, max_length, max_depth)


def parse_update(
    text: str, *, max_length: int, max_depth: int = MAX_DEPTH
) -> ParsedQuery:
    """Parse one update, of any number of operations, within the same bounds.

    Raises what `parse_query` does; a query is a syntax error.
    """
    return _parse(_update_parser(), text, max_length, max_depth)


def _parse(parser: Lark, text: str, max_length: int, max_depth: int) -> ParsedQuery:
    check_length(text, max_length)
    state = parser.parse_interactive(text)
    tokens: list[Token] = []
    depth = 0
    try:
        for token in state.iter_parse():
            tokens.append(token)
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
            _refuse(token, depth, max_depth)
        tree = state.feed_token(_end(tokens))
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from None
    return ParsedQuery(tree, tuple(tokens))


def check_length(text: str, max_length: int) -> None:
    """Raise QueryTooLarge for a query of more than `max_length` characters."""
    if len(text) > max_length:
        raise QueryTooLarge(
            f"the query has {len(text)} characters; at most {max_length} are read",
            limit=max_length,
            unit="characters",
        )


def _end(tokens: list[Token]) -> Token:
    last = tokens[-1] if tokens else Token("$END", "", 0, 1, 1)
    return Token.new_borrow_pos("$END", "", last)


def _refuse(token: Token, depth: int, max_depth: int) -> None:
    where = f"line {token.line}, column {token.column}"
    if token.type == "SERVICE":
        raise QueryRejected(
            f"{where}: SERVICE is not offered; this endpoint asks no other endpoint",
            line=token.line,
            column=token.column,
        )
    if token.type == "UPDATE_FORM":
        raise QueryRejected(
            f"{where}: {token.value.upper()} is an update, and this endpoint only "
            "reads: records change through releases",
            line=token.line,
            column=token.column,
        )
    if depth > max_depth:
        raise QueryTooLarge(
            f"{where}: brackets are nested more than {max_depth} deep",
            limit=max_depth,
            unit="nested brackets",
        )


def _syntax_error(error: UnexpectedInput, text: str) -> QueryRejected:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        line = text.count("\n") + 1
        column = len(text) - text.rfind("\n")
        what = "the query ends too early"
    else:
        line, column = error.line, error.column
        what = _unexpected(error)
    return QueryRejected(
        f"syntax error at line {line}, column {column}: {what}",
        line=line,
        column=column,
    )


def _unexpected(error: UnexpectedInput) -> str:
    found, wanted = "", frozenset[str]()
    if isinstance(error, UnexpectedToken):
        found, wanted = error.token.value, frozenset(error.expected)
    elif isinstance(error, UnexpectedCharacters):
        found, wanted = error.char, frozenset(error.allowed or ())
    if found == "{" and "DATA_BLOCK" in wanted:
        return "this block of data, or a string or an IRI in it, is not closed"
    return f"{found[:40]!r} is not expected here"


@cache
def _query_parser() -> Lark:
    return _parser("start", _grammar("sparql.lark"))


@cache
def _update_parser() -> Lark:
    grammar = _grammar("sparql.lark") + _grammar("update.lark")
    return _parser("update_request", f"{grammar}\nDATA_BLOCK: /{DATA_BLOCK}/\n")


def _grammar(name: str) -> str:
    return files("trigpoint.graph").joinpath(name).read_text(encoding="utf-8")


def _parser(start: str, grammar: str) -> Lark:
    return Lark(grammar, parser="lalr", start=start, maybe_placeholders=False)
