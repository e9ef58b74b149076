"""Write checked tokens for the engine: set apart by white space, without comments.

The engine then cannot read a keyword where our parser read something else. Lines
and columns are kept where nothing is changed, so the engine's errors fit the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from lark import Token

# BNODE, COALESCE and CONCAT: the engine wants their bracket without a gap.
_TIGHT: Final = frozenset({"BNODE", "FUNCTION_N"})


@dataclass(frozen=True)
class Changes:
    """What is written otherwise than it was read, by places of tokens in the text.

    `instead` has words for tokens, an empty one where nothing is to be written;
    `before` has words to put before tokens, and at `END` after the last.
    """

    END = -1

    instead: Mapping[int, str] = field(default_factory=dict)
    before: Mapping[int, str] = field(default_factory=dict)


def start_of(token: Token) -> int:
    """The place of a token in the text."""
    return cast(int, token.start_pos)


def write_tokens(
    tokens: Sequence[Token], changes: Changes, star: int | None = None
) -> tuple[str, int | None]:
    """The tokens with white space between them.

    Also gives the place in the new text of the token that was at `star`.
    """
    parts: list[str] = []
    length = 0
    new_star: int | None = None
    last: Token | None = None
    for token in tokens:
        start = start_of(token)
        gap = _gap(last, token)
        word = changes.instead.get(start, token.value)
        if added := changes.before.get(start):
            gap += f"{added} "
        if start == star:
            new_star = length + len(gap)
        parts += (gap, word)
        length += len(gap) + len(word)
        last = token
    if added := changes.before.get(Changes.END):
        parts += (" ", added)
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
    return " " * max(1, start_of(token) - end)
