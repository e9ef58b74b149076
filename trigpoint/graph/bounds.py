"""How much a query may hold, so that no engine loses its stack or its way over it.

The engine works through joined patterns, operators and columns by calling itself, and
orders joins in more than quadratic time. What it reads as plain lists (rows and columns
of `VALUES`, `IN`, arguments, prefixes, templates, `INSERT DATA`) has no bound but the
length of the text: all of these were tried as long as the text may be. The longest
queries that pass need less than a quarter of a worker's stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from lark import Token, Tree

from trigpoint.errors import QueryTooLarge
from trigpoint.graph.sparql import ParsedQuery

MAX_PATTERNS: Final = 2000
MAX_OPERATORS: Final = 5000
MAX_COLUMNS: Final = 1000

_PATTERNS: Final = "triple patterns, path steps and groups"
_OPERATORS: Final = "operators and alternatives"
_COLUMNS: Final = "columns, conditions of groups and keys of order"
_LIMITS: Final = {
    _PATTERNS: MAX_PATTERNS,
    _OPERATORS: MAX_OPERATORS,
    _COLUMNS: MAX_COLUMNS,
}
# Each part of these counts as one.
_PARTS: Final = {
    "object_list_path": _PATTERNS,
    "select_clause": _COLUMNS,
    "describe_query": _COLUMNS,
    "group_clause": _COLUMNS,
    "having_clause": _COLUMNS,
    "order_clause": _COLUMNS,
}
# Each of these counts as one.
_ONES: Final = {
    "group_or_union",
    "optional",
    "minus",
    "graph",
    "sub_select",
    "filter",
    "bind",
    "inline_data",
}
# Each part of these after the first counts as one.
_LINKS: Final = {
    "path_sequence": _PATTERNS,
    "path": _OPERATORS,
    "group_or_union": _OPERATORS,
    "expression": _OPERATORS,
    "conditional_and": _OPERATORS,
    "relational": _OPERATORS,
    "additive": _OPERATORS,
    "multiplicative": _OPERATORS,
}


def check_bounds(parsed: ParsedQuery) -> None:
    """Raise QueryTooLarge for a query or update with more parts than may be."""
    if len(parsed.tokens) <= min(_LIMITS.values()) // 2:
        return  # no token is more than two parts
    counts: Counter[str] = Counter()
    for rule, parts in _rules(parsed.tree):
        if rule in _PARTS:
            counts[_PARTS[rule]] += parts
        elif rule in _LINKS:
            counts[_LINKS[rule]] += parts - 1
        elif rule == "collection_path":
            counts[_PATTERNS] += 2 * parts
        counts[_PATTERNS] += rule in _ONES
    for shortcut in parsed.tree.find_data("delete_where"):
        counts[_PATTERNS] += sum(
            parts for rule, parts in _rules(shortcut) if rule == "object_list"
        )
    for what, limit in _LIMITS.items():
        if counts[what] > limit:
            raise QueryTooLarge(
                f"the query has {counts[what]} {what}; at most {limit} are read: put "
                "long lists into VALUES, ask in several queries, or use the dumps",
                limit=limit,
                unit=what,
            )


def _rules(tree: Tree[Token]) -> Iterator[tuple[str, int]]:
    """Every rule in a tree, and how many parts it has that are rules."""
    todo = [tree]
    while todo:
        node = todo.pop()
        parts = [child for child in node.children if isinstance(child, Tree)]
        yield node.data, len(parts)
        todo += parts
