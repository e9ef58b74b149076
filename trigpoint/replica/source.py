"""Where logs are read from: resources under paths, or files in a folder.

Nothing that a source sends is believed, so what it may cost is bounded. Which bytes are
right is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trigpoint.errors import NotFound, SourceUnreachable


@dataclass(frozen=True)
class Wanted:
    """A resource: the paths that it may be at, the best first, and its most bytes."""

    paths: tuple[str, ...]
    limit: int


class Source(Protocol):
    """Resources under paths. `location` says where they are, for people."""

    location: str

    def read(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """The bytes of each. Raises NotFound for one that is at none of its paths, and
        SourceUnreachable for one that cannot be read, or not within bounds."""

    def close(self) -> None: ...


class FolderSource:
    """Files below a folder, such as a static export; nothing outside it is read."""

    def __init__(self, folder: Path) -> None:
        self.location = str(folder)
        try:
            self._root = folder.resolve(strict=True)
        except (OSError, ValueError) as error:
            raise SourceUnreachable(f"{folder} cannot be read: {error}") from error
        if not self._root.is_dir():
            raise SourceUnreachable(f"{folder} is not a folder of a static export")

    def read(self, wanted: Sequence[Wanted]) -> list[bytes]:
        return [self._read(one) for one in wanted]

    def _read(self, wanted: Wanted) -> bytes:
        for path in wanted.paths:
            file = (self._root / path).resolve()
            if not file.is_relative_to(self._root):
                raise SourceUnreachable(f"{self.location}: {path} leads out of it")
            if file.is_file():
                break
        else:
            raise missing(self.location, wanted)
        try:
            with file.open("rb") as opened:
                data = opened.read(wanted.limit + 1)
        except OSError as error:
            raise SourceUnreachable(f"{file} cannot be read: {error}") from error
        if len(data) > wanted.limit:
            raise too_large(str(file), wanted.limit)
        return data

    def close(self) -> None:
        """Nothing is held open."""


def missing(location: str, wanted: Wanted) -> NotFound:
    """The error for a resource that is at none of its paths."""
    return NotFound(f"{location}/{wanted.paths[0]} is not there")


def too_large(where: str, limit: int) -> SourceUnreachable:
    """The error for a resource that goes on beyond its limit."""
    return SourceUnreachable(f"{where} is larger than {limit:,} bytes: not read")
