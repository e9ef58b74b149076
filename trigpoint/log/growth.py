"""What a register grew by since it was last signed, checked before it is signed again.

Nothing of it is believed: the leaves are hashed again from the stored entries, the
items from their texts, and the tree is grown from the tiles of the last signed size,
which have to hash to the root that was signed. So the new tree goes on from the signed
one (RFC 6962, section 2.1.2) by the way in which it is made. The work is that of the
new entries, and one tile a level.
"""

from __future__ import annotations

from trigpoint.errors import LogCorrupt, SigningRefused
from trigpoint.log import merkle
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.leaves import checked_leaves
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash


def check_contains(reader: LogReader, register: str, signed: Checkpoint) -> None:
    """Raises SigningRefused when the log does not go on from a signed checkpoint."""
    held = reader.size(register)
    tiles = GrowingTiles(reader, register) if held else None
    size = min(held, signed.size)
    root = tiles.root(size) if tiles and size else merkle.EMPTY_ROOT
    if (size, root) != (signed.size, signed.root):
        raise SigningRefused(
            f"{register} must not be signed: its first {signed.size} entries were "
            f"signed with the root {format_hash(signed.root)}, and the log has {held}, "
            f"of which the first {size} have the root {format_hash(root)}. It was "
            "changed, or put back from an older copy: put back one that has all that "
            "was signed, such as a replica's",
            register=register,
        )


def grown_root(reader: LogReader, register: str, signed: Checkpoint | None) -> bytes:
    """Root of all entries of a register, of which only those in `signed`, from which
    `check_contains` found it to go on, are believed.

    Raises LogCorrupt, naming the entry, item or tile after it that is not what it
    should be. The reader must stay in one snapshot.
    """
    size = signed.size if signed else 0
    tiles = GrowingTiles(reader, register, size)
    if signed is not None and tiles.root(size) != signed.root:
        raise LogCorrupt(f"{register}: the tiles read now so, now otherwise")
    for hashes in checked_leaves(reader, register, size):
        tiles.grow(hashes)
    held = reader.size(register)
    if tiles.size != held:
        raise LogCorrupt(f"{register}: {tiles.size} entries, but size {held}")
    tiles.finish()
    return tiles.root(held)


class GrowingTiles:
    """A register's first `size` leaves in its tiles as they are stored, and over them
    those that grow here from more leaves, each compared with the stored one."""

    def __init__(self, reader: LogReader, register: str, size: int = 0) -> None:
        self._reader = reader
        self._register = register
        self._id = reader.register_id(register)
        # What is read once is kept, so that what was checked is what is built on.
        self._known: dict[tuple[int, int], bytes] = {}
        self._fresh: set[tuple[int, int]] = set()
        self.size = size

    def root(self, size: int) -> bytes:
        return merkle.root(self._read, size)

    def grow(self, hashes: list[bytes]) -> None:
        """Append leaf hashes; tiles that are full by then are compared and let go."""
        self.size = merkle.extend(self._read, self._write, self.size, hashes)

    def finish(self) -> None:
        """Compare the tiles that grew and are not full."""
        for at in self._fresh:
            self._compare(*at, self._known[at])

    def _read(self, level: int, position: int) -> bytes:
        at = level, position
        if at not in self._known:
            self._known[at] = self._reader.tile(self._id, level, position)
        return self._known[at]

    def _write(self, level: int, position: int, hashes: bytes) -> None:
        at = level, position
        if len(hashes) < merkle.TILE_WIDTH * merkle.HASH_SIZE:
            self._known[at] = hashes
            self._fresh.add(at)
            return
        self._compare(level, position, hashes)
        self._known.pop(at, None)
        self._fresh.discard(at)

    def _compare(self, level: int, position: int, hashes: bytes) -> None:
        stored = self._reader.tile(self._id, level, position)
        if stored == hashes:
            return
        what = f"{self._register}: tile {level}/{position}"
        if level == 0 and len(stored) == len(hashes):
            pairs = zip(*map(merkle.split_tile, (stored, hashes)), strict=True)
            wrong = next(n for n, (one, other) in enumerate(pairs) if one != other)
            entry = position * merkle.TILE_WIDTH + wrong + 1
            raise LogCorrupt(f"{what} does not hold the hash of entry {entry}")
        raise LogCorrupt(f"{what} is not what the entries hash to")
