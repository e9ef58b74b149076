"""The bytes of one file: hashed as given, unpacked, decoded strictly, cut into lines.

Everything streams in pieces of a mebibyte, so that neither a line without an end nor
a small file that unpacks to a large one is ever held. gzip is RFC 1952, of one or
more members.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trigpoint.errors import BadRelease

CHUNK = 1 << 20
Advance = Callable[[int], None]


class Undecodable(BadRelease):
    """The bytes are not in the encoding tried."""


class SourceFile:
    """One file, read once: `lines` yields its text, `checksum` is then complete."""

    def __init__(self, path: Path, advance: Advance, max_line: int, max_bytes: int):
        self.name = path.name
        self._path = path
        self._advance = advance
        self._max_line = max_line
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()

    @property
    def checksum(self) -> str:
        """SHA-256 (hex) of the bytes read so far, as they stand on disk."""
        return self._hash.hexdigest()

    def refuse(self, what: str, do: str, row: int | None = None) -> BadRelease:
        return BadRelease(what, file=self.name, row=row, do=do)

    def lines(self, encoding: str) -> Iterator[str]:
        """Lines with their ends. Raises BadRelease that says byte and line."""
        number, offset = 1, 0
        rest = bytearray()
        for chunk in self._chunks():
            cut = chunk.rfind(b"\n") + 1
            if cut:
                block = bytes(rest) + chunk[:cut]
                yield from self._text(block, encoding, offset, number)
                offset += len(block)
                number += block.count(b"\n")
                rest = bytearray(chunk[cut:])
                continue
            rest += chunk
            if len(rest) > self._max_line:
                raise self.refuse(
                    f"the line is longer than {self._max_line >> 20} MiB",
                    "expected one row or one feature on a line",
                    number,
                )
        yield from self._text(bytes(rest), encoding, offset, number)

    def _text(
        self, block: bytes, encoding: str, offset: int, number: int
    ) -> Iterable[str]:
        """A whole number of lines, decoded, one at a time."""
        if not offset and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise self.refuse("is UTF-16", "save it as UTF-8")
        start = 3 if not offset and block.startswith(b"\xef\xbb\xbf") else 0
        zero = block.find(b"\0")
        if zero >= 0:
            raise self.refuse(
                f"has a NUL byte at byte {offset + zero}",
                "this is no text file, or it is UTF-16: save it as UTF-8",
                number + block.count(b"\n", 0, zero),
            )
        try:
            text = block[start:].decode(encoding)
        except UnicodeDecodeError as error:
            bad = start + error.start
            raise Undecodable(
                f"byte {offset + bad} (0x{block[bad]:02x}) is not {encoding}",
                file=self.name,
                row=number + block.count(b"\n", 0, bad),
                do="save the file as UTF-8",
            ) from error
        return io.StringIO(text, newline="\n")

    def _chunks(self) -> Iterator[bytes]:
        """The unpacked bytes in pieces; raises BadRelease past the limit."""
        total = 0
        raw = self._raw()
        first = next(raw, b"")
        pieces: Iterator[bytes] = itertools.chain([first], raw)
        if first.startswith(b"\x1f\x8b"):
            pieces = self._unpacked(pieces)
        for piece in pieces:
            total += len(piece)
            if total > self._max_bytes:
                raise self.refuse(
                    f"unpacks to more than {self._max_bytes >> 20} MiB",
                    "check that this is the file you mean",
                )
            yield piece

    def _raw(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    self._hash.update(chunk)
                    self._advance(len(chunk))
                    yield chunk
        except OSError as error:
            raise self.refuse(
                f"cannot be read: {error.strerror}", "check the path"
            ) from error

    def _unpacked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        again = "download it again: the file is damaged or cut short"
        inflate = zlib.decompressobj(wbits=31)
        try:
            for piece in pieces:
                data = piece
                while data:
                    if inflate.eof:  # a further member, or padding
                        data = data.lstrip(b"\0")
                        if not data:
                            break
                        inflate = zlib.decompressobj(wbits=31)
                    yield inflate.decompress(data, CHUNK)
                    data = inflate.unconsumed_tail or inflate.unused_data
        except zlib.error as error:
            raise self.refuse(f"is not sound gzip ({error})", again) from error
        if not inflate.eof:
            raise self.refuse("is gzip that ends too early", again)
