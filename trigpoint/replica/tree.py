"""The tree of somebody's log: its tiles, each verified against the signed root.

The tiles at the right edge fold to the root (RFC 6962, section 2.1); each full tile
hashes to its place in the tile above (C2SP tlog-tiles). From verified tiles the root of
every earlier size follows, so that one tree extends another is seen without a proof.
"""

from __future__ import annotations

from collections.abc import Iterator

from trigpoint.errors import NotVerified
from trigpoint.log import merkle
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.merkle import HASH_SIZE, TILE_WIDTH
from trigpoint.log.proof import consistency_proof
from trigpoint.log.tiles import TilePath
from trigpoint.replica.fetch import Fetch

AT_ONCE = 16  # tiles that are held in memory while they are checked


class RemoteTree:
    """The tree that a checkpoint states, as far as it goes on from `known` leaves.

    Made by fetching all tiles above the leaves that reach beyond `known`, and those of
    both edges. Raises NotVerified, naming the tile, and SourceUnreachable.
    """

    def __init__(self, fetch: Fetch, checkpoint: Checkpoint, known: int = 0) -> None:
        self._fetch = fetch
        self._checkpoint = checkpoint
        self._tiles: dict[tuple[int, int], bytes] = {}
        self.size = checkpoint.size
        self._open_edge()
        for level in reversed(range(1, _levels(self.size))):
            self._open(level, (known >> 8 * level) // TILE_WIDTH)
        if known % TILE_WIDTH and known // TILE_WIDTH < self.size // TILE_WIDTH:
            self._open(0, known // TILE_WIDTH, known // TILE_WIDTH + 1)

    def root(self, size: int) -> bytes:
        """The root that this tree had at a size from `known` on, or at `known`."""
        return merkle.root(lambda level, index: self._tiles[level, index], size)

    def proof(self, size: int) -> list[bytes]:
        """The proof that this tree goes on from the one that it was at such a size."""
        return consistency_proof(
            lambda level, index: self._tiles[level, index], size, self.size
        )

    def leaves(self, indexes: range) -> list[bytes]:
        """Tiles of leaf hashes; the last may be partial."""
        held = {index: self._tiles[0, index] for index in indexes if self._holds(index)}
        absent = [TilePath("hash", 0, index) for index in indexes if index not in held]
        found = self._fetch.tiles(absent, self._check)
        held |= {tile.index: data for tile, data in zip(absent, found, strict=True)}
        return [held[index] for index in indexes]

    def width(self, index: int) -> int:
        """How many leaves a tile of level 0 has."""
        return min(TILE_WIDTH, self.size - index * TILE_WIDTH)

    def _holds(self, index: int) -> bool:
        return (0, index) in self._tiles

    def _open_edge(self) -> None:
        """The partial tiles, at most one a level: together they are the root."""
        edge = []
        for level in range(_levels(self.size)):
            index, width = divmod(self.size >> 8 * level, TILE_WIDTH)
            if width:
                edge.append(TilePath("hash", level, index, width))

        def check(tile: TilePath, data: bytes) -> bytes:
            return self._cut(tile, data)

        # Only together are they known to be right, so none is kept by itself.
        found = self._fetch.tiles(edge, check, keep=False)
        for tile, data in zip(edge, found, strict=True):
            self._tiles[tile.level, tile.index] = data
        root = self.root(self.size)
        if root != self._checkpoint.root:
            names = ", ".join(tile.format() for tile in edge)
            raise NotVerified(
                f"{self._fetch.location}: {names or 'the empty tree'} "
                f"{'hashes' if len(edge) < 2 else 'hash'} to the root {root.hex()}, "
                f"but the signed root is {self._checkpoint.root.hex()}"
            )

    def _open(self, level: int, first: int, end: int | None = None) -> None:
        """The full tiles of a level, which the level above is there for."""
        if end is None:
            end = (self.size >> 8 * level) // TILE_WIDTH
        for start in range(first, end, AT_ONCE):
            indexes = range(start, min(end, start + AT_ONCE))
            tiles = [TilePath("hash", level, index) for index in indexes]
            for tile, data in zip(
                tiles, self._fetch.tiles(tiles, self._check), strict=True
            ):
                self._tiles[level, tile.index] = data

    def _check(self, tile: TilePath, data: bytes) -> bytes:
        """A full tile, which the tile above must name."""
        hashes = self._cut(tile, data)
        above, place = divmod(tile.index, TILE_WIDTH)
        start = place * HASH_SIZE
        expected = self._tiles[tile.level + 1, above][start : start + HASH_SIZE]
        root = merkle.root_hash(merkle.split_tile(hashes))
        if root != expected:
            raise NotVerified(
                f"{self._fetch.location}: {tile.format()} hashes to {root.hex()}, not "
                f"to {expected.hex()} as the tile above it says"
            )
        return hashes

    def _cut(self, tile: TilePath, data: bytes) -> bytes:
        """As many hashes as a tile should have, also of one that is wider."""
        expected = tile.width * HASH_SIZE
        if len(data) not in (expected, TILE_WIDTH * HASH_SIZE):
            raise NotVerified(
                f"{self._fetch.location}: {tile.format()} has {len(data)} bytes, "
                f"expected {expected}"
            )
        return data[:expected]


def runs(indexes: range) -> Iterator[range]:
    """A range in pieces that are small enough to be held in memory."""
    for start in range(indexes.start, indexes.stop, AT_ONCE):
        yield range(start, min(indexes.stop, start + AT_ONCE))


def _levels(size: int) -> int:
    """How many levels of tiles a tree has."""
    levels = 0
    while size >> 8 * levels:
        levels += 1
    return levels


def leaf_tiles(known: int, size: int) -> range:
    """The tiles of level 0 that hold leaves from `known` on."""
    return range(known // TILE_WIDTH, -(-size // TILE_WIDTH))
