"""The data of an update, which may be long: one token for our parser.

What stands between the braces of `INSERT DATA` and `DELETE DATA` has no pattern, so
there is nothing to decide on but where it ends. It is read as pieces that begin with
different characters: strings, IRIs, comments, and text with everything else. The engine
parses it then; it is given the pieces set apart by white space and no comments, so its
strings and IRIs begin and end where ours do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trigpoint.errors import QueryTooLarge

_ESCAPE: Final = r"""\\(?:[tbnrf\\"']|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"""
_IRI: Final = r"""<(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*+>"""
_TEXT: Final = r"""(?:[^{}<"'#\\]|\\[-_~.!$&'()*+,;=\/?#@%])++"""
_PIECES: Final = (
    _TEXT,
    _IRI,
    rf"'''(?:'{{0,2}}(?:[^'\\]|{_ESCAPE}))*+'''",
    rf'"""(?:"{{0,2}}(?:[^"\\]|{_ESCAPE}))*+"""',
    rf"'(?:[^'\\\n\r]|{_ESCAPE})*+'",
    rf'"(?:[^"\\\n\r]|{_ESCAPE})*+"',
    r"\#[^\r\n]*+",
)
_PIECE: Final = "|".join(_PIECES)

# Braces within braces are those of GRAPH. Quantifiers are possessive, as in grammars.
DATA_BLOCK: Final = rf"\{{(?:{_PIECE}|\{{(?:{_PIECE})*+\}})*+\}}"

_READ: Final = re.compile(rf"{_PIECE}|[{{}}]")
_BRACKET: Final = re.compile(r"\\.|[][()]")


def write_data(block: str, max_depth: int) -> str:
    """A block of data for the engine; raises QueryTooLarge for brackets in it that are
    nested deeper than `max_depth`."""
    pieces = [piece for piece in _READ.findall(block) if not piece.startswith("#")]
    depth = 0
    for step in _steps(pieces):
        depth += step
        if depth > max_depth:
            raise QueryTooLarge(
                f"brackets in the data are nested more than {max_depth} deep",
                limit=max_depth,
                unit="nested brackets",
            )
    return " ".join(pieces)


def _steps(pieces: list[str]) -> Iterator[int]:
    """1 for each bracket that opens and -1 for each that closes."""
    for piece in pieces:
        if piece[0] not in "<\"'":
            for found in _BRACKET.findall(piece):
                if found in "([":
                    yield 1
                elif found in ")]":
                    yield -1
