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
from trigpoint.log.reader import LogReader
from trigpoint.log.verify import checked_leaves
from trigpoint.schema.items import format_hash


def check_contains(reader: LogReader, register: str, signed: Checkpoint) -> None:
    """Raises SigningRefused when the log does not go on from a signed checkpoint."""
    held = reader.size(register)
    tiles = _Tiles(reader, register) if held else None
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
    tiles, size = _Tiles(reader, register), signed.size if signed else 0
    if signed is not None and tiles.root(size) != signed.root:
        raise LogCorrupt(f"{register}: the tiles read now so, now otherwise")
    for hashes in checked_leaves(reader, register, size):
        tiles.grow(size, hashes)
        size += len(hashes)
    held = reader.size(register)
    if size != held:
        raise LogCorrupt(f"{register}: {size} entries, but size {held}")
    return tiles.grown(size)


class _Tiles:
    """A register's tiles as they are stored, and over them those that grew here."""

    def __init__(self, reader: LogReader, register: str) -> None:
        self._reader = reader
        self._register = register
        self._id = reader.register_id(register)
        # What is read once is kept, so that what was checked is what is built on.
        self._known: dict[tuple[int, int], bytes] = {}
        self._fresh: set[tuple[int, int]] = set()

    def root(self, size: int) -> bytes:
        return merkle.root(self._read, size)

    def grow(self, size: int, hashes: list[bytes]) -> None:
        """Append leaves to the tree of `size` leaves; tiles that are full by then are
        compared with the stored ones and let go."""
        merkle.extend(self._read, self._write, size, hashes)
        full = merkle.TILE_WIDTH * merkle.HASH_SIZE
        for at in [at for at in self._fresh if len(self._known[at]) == full]:
            self._compare(at)
            self._fresh.remove(at)
            del self._known[at]

    def grown(self, size: int) -> bytes:
        """The root, once the stored tiles that are not full were compared, too."""
        for at in self._fresh:
            self._compare(at)
        return self.root(size)

    def _compare(self, at: tuple[int, int]) -> None:
        if self._reader.tile(self._id, *at) != self._known[at]:
            level, position = at
            raise LogCorrupt(
                f"{self._register}: tile {level}/{position} is not what the entries "
                "hash to"
            )

    def _read(self, level: int, position: int) -> bytes:
        at = level, position
        if at not in self._known:
            self._known[at] = self._reader.tile(self._id, level, position)
        return self._known[at]

    def _write(self, level: int, position: int, hashes: bytes) -> None:
        self._known[level, position] = hashes
        self._fresh.add((level, position))
