"""A stand-in for the datatype of geometries, for stores that take WKT for their own.

Virtuoso reads `geo:wktLiteral` as a geometry of its own kind: it refuses polygons and
texts that name a reference system, and gives points back as another text of another
datatype. There geometries are kept under a datatype of ours, which it leaves alone, and
answers get the right one back.
"""

from __future__ import annotations

from typing import Final

from trigpoint.iris import ONTOLOGY

WKT: Final = "http://www.opengis.net/ont/geosparql#wktLiteral"
STAND_IN: Final = f"{ONTOLOGY}wktLiteral"

_END: Final = f"^^<{WKT}> ."
_END_STOOD_IN: Final = f"^^<{STAND_IN}> ."


def stood_in(line: str) -> str:
    """An N-Triples line as such a store takes it."""
    if line.endswith(_END):
        return line.removesuffix(_END) + _END_STOOD_IN
    return line


class Restored:
    """Puts the datatype back in an answer in JSON or N-Triples that comes in pieces.

    What could be the beginning of the stand-in waits for the piece that follows.
    """

    _OLD: Final = STAND_IN.encode()
    _NEW: Final = WKT.encode()

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, piece: bytes) -> bytes:
        text = (self._kept + piece).replace(self._OLD, self._NEW)
        keep = self._unfinished(text)
        self._kept = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> bytes:
        return self._kept

    def _unfinished(self, text: bytes) -> int:
        """How long the end of the text is that the stand-in may begin with."""
        longest = min(len(self._OLD) - 1, len(text))
        return next(
            (n for n in range(longest, 0, -1) if text.endswith(self._OLD[:n])), 0
        )
