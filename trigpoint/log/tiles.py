"""Tiles: their paths, and bundles of entries and of items.

C2SP tlog-tiles defines the paths and the bundles of entries. A bundle of items holds
the items of the same entries in the same order, in a format of our own: the length of
each in four bytes, since an item may be longer than an entry, with a length of
0xFFFFFFFF and no bytes for an item whose content is withheld.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from trigpoint.errors import InvalidInput, NotFound
from trigpoint.log.merkle import TILE_WIDTH

Kind = Literal["hash", "entries", "items"]

MAX_LEVEL = 63
MAX_ENTRY = 0xFFFF  # bytes: a bundle tells an entry's length in two
_MAX_INDEX = 2**55 - 1  # no log has more than 2**63 - 1 leaves
_WITHHELD = 0xFFFFFFFF
_PATH = re.compile(
    r"tile/(?P<what>entries|items|[0-9]{1,2})"
    r"/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


@dataclass(frozen=True)
class TilePath:
    """Where a tile of hashes or a bundle is served, below the path of its log.

    `level` is 0 for bundles; `width` counts hashes, entries or items, 256 when full.
    """

    kind: Kind
    level: int
    index: int
    width: int = TILE_WIDTH

    def format(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, with `entries` or `items` for `<L>` in bundles."""
        what = str(self.level) if self.kind == "hash" else self.kind
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        index = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{what}/{index}{partial}"

    @classmethod
    def parse(cls, text: str) -> TilePath:
        """Raises NotFound for anything that `format` would not have written."""
        match = _PATH.fullmatch(text)
        if match is None:
            raise _no_tile(text)
        what, width = match["what"], match["width"]
        kind: Kind = "hash"
        for bundle in get_args(Kind)[1:]:
            kind = bundle if what == bundle else kind
        level = int(what) if kind == "hash" else 0
        index = int(re.sub("[x/]", "", match["index"]))
        found = cls(kind, level, index, int(width) if width else TILE_WIDTH)
        fits = level <= MAX_LEVEL and index <= _MAX_INDEX
        if not fits or not 1 <= found.width <= TILE_WIDTH or found.format() != text:
            raise _no_tile(text)
        return found


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle of entries: of each, its length in two bytes and its bytes. Raises
    InvalidInput for an entry of over 65,535 bytes."""
    packed = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise InvalidInput(
                f"an entry of {len(entry)} bytes: at most {MAX_ENTRY:,} fit"
            )
        packed += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(packed)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; raises InvalidInput when it is torn or too wide."""
    return [entry for entry in _unpack(bundle, 2) if entry is not None]


def pack_items(items: Iterable[bytes | None]) -> bytes:
    """A bundle of items: of each, its length in four bytes and its bytes; None for an
    item that is withheld."""
    packed = []
    for item in items:
        if item is None:
            packed.append(_WITHHELD.to_bytes(4, "big"))
            continue
        if len(item) >= _WITHHELD:
            raise InvalidInput(f"an item of {len(item)} bytes does not fit a bundle")
        packed += [len(item).to_bytes(4, "big"), item]
    return b"".join(packed)


def unpack_items(bundle: bytes) -> list[bytes | None]:
    """The items of a bundle, None for a withheld one; raises InvalidInput when it is
    torn or too wide."""
    return list(_unpack(bundle, 4))


def _unpack(bundle: bytes, prefix: int) -> Iterator[bytes | None]:
    """What a bundle holds, each with its length in `prefix` bytes before it."""
    at = 0
    for _ in range(TILE_WIDTH):
        if at == len(bundle):
            return
        start = at + prefix
        length = int.from_bytes(bundle[at:start], "big")
        if length == _WITHHELD:  # which two bytes cannot say
            at = start
            yield None
            continue
        at = start + length
        if at > len(bundle) or start > len(bundle):
            raise InvalidInput(
                f"a bundle is torn: it ends at byte {len(bundle)}, expected {at}"
            )
        yield bundle[start:at]
    if at != len(bundle):
        raise InvalidInput(f"a bundle holds more than {TILE_WIDTH}")


def _no_tile(text: str) -> NotFound:
    return NotFound(
        f"there is no tile at “{text[:80]}”: expected tile/<level>/<index>, with .p/ "
        "and the width when it is partial (C2SP tlog-tiles)"
    )
