"""Fetching the tiles of one log: each is checked when it comes, and kept in a spool.

The spool makes an interrupted fetch cheap to repeat and nothing more: what lies in it
is checked again before it is used, and fetched anew when it is not right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from trigpoint.errors import NotFound, NotVerified
from trigpoint.log.merkle import HASH_SIZE, TILE_WIDTH
from trigpoint.log.note import MAX_NOTE
from trigpoint.log.tiles import TilePath
from trigpoint.replica.source import Source, Wanted

# Bytes. An entry's length is told in two bytes; an item may be a large geometry.
_LIMITS = {
    "hash": TILE_WIDTH * HASH_SIZE,
    "entries": TILE_WIDTH * (2 + 0xFFFF),
    "items": 1 << 27,
}
# How many are in hand before they are checked: what lies costs no more memory.
_AT_ONCE = {"hash": 64, "entries": 16, "items": 4}

T = TypeVar("T")
Check = Callable[[TilePath, bytes], T]


class Fetch:
    """The resources of one log, which `place` leads to from the root of the source.

    Without a `spool` nothing is kept.
    """

    def __init__(self, source: Source, place: str, spool: Path | None = None) -> None:
        self._source = source
        self._place = place
        self._spool = spool

    @property
    def location(self) -> str:
        """Where the log is, for people."""
        return f"{self._source.location}/{self._place}".rstrip("/")

    def text(self, path: str, limit: int = MAX_NOTE) -> bytes:
        """A resource that is not kept; raises NotFound, SourceUnreachable."""
        return self._source.read([Wanted((self._join(path),), limit)])[0]

    def tiles(
        self, tiles: Sequence[TilePath], check: Check[T], *, keep: bool = True
    ) -> list[T]:
        """What `check` makes of each tile, as kept or as fetched now, and then kept.

        Raises NotVerified when `check` does of a tile that was fetched, and for one
        that is not there; SourceUnreachable. A server may have but the full tile where
        a partial one is asked for (tlog-tiles, “Partial Tiles”): `check` gets either.
        """
        found: dict[int, T] = {}
        for place, tile in enumerate(tiles):
            kept = self._kept(tile) if keep else None
            if kept is not None:
                try:
                    found[place] = check(tile, kept)
                except NotVerified:
                    continue  # fetched anew, and put in its place
        absent = [place for place in range(len(tiles)) if place not in found]
        while absent:
            some = absent[: _AT_ONCE[tiles[absent[0]].kind]]
            absent = absent[len(some) :]
            bodies = self._fetch([tiles[place] for place in some])
            for place, data in zip(some, bodies, strict=True):
                found[place] = check(tiles[place], data)
                if keep:
                    self._keep(tiles[place], data)
        return [found[place] for place in range(len(tiles))]

    def clear(self) -> None:
        """Forget what was kept: it is in the log by now."""
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)

    def _fetch(self, tiles: Sequence[TilePath]) -> list[bytes]:
        wanted = []
        for tile in tiles:
            paths = [tile, TilePath(tile.kind, tile.level, tile.index)]
            spelt = dict.fromkeys(self._join(path.format()) for path in paths)
            wanted.append(Wanted(tuple(spelt), _LIMITS[tile.kind]))
        try:
            return self._source.read(wanted) if wanted else []
        except NotFound as error:
            raise NotVerified(f"{error}, though the checkpoint covers it") from error

    def _join(self, path: str) -> str:
        return f"{self._place}/{path}".lstrip("/")

    def _kept(self, tile: TilePath) -> bytes | None:
        if self._spool is None:
            return None
        try:
            return (self._spool / tile.format()).read_bytes()
        except FileNotFoundError:
            return None

    def _keep(self, tile: TilePath, data: bytes) -> None:
        if self._spool is None:
            return
        file = self._spool / tile.format()
        beside = file.with_name(f"{file.name}.new")
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.rename(file)
