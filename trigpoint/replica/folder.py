"""A folder of public files: each is written whole, and on disk before it is named.

A file is made in `.new` beside them, synced and renamed to its place, so that a reader
sees the old bytes or the new at any instant, also after a power cut. What a process
that was killed left in `.new` is removed by the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from trigpoint.private import held_lock, sync_folder

_LOCK = ".lock"
_NEW = ".new"


class PublicFolder:
    """Files by their path below `root`; made by `opened`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._changed: set[Path] = set()

    def has(self, path: str) -> bool:
        return (self.root / path).is_file()

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None when it is not there."""
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, path: str, body: bytes) -> bool:
        """Have a file hold these bytes; says whether it did not yet."""
        if self.read(path) == body:
            return False
        target, beside = self.root / path, self.root / _NEW / uuid4().hex
        self._make(target.parent)
        with beside.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(target)
        self._changed.add(target.parent)
        return True

    def sync(self) -> None:
        """Have the names of all that was put so far on disk."""
        for folder in self._changed:
            sync_folder(folder)
        self._changed.clear()

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self._changed.add(folder.parent)


@contextmanager
def opened(root: Path) -> Iterator[PublicFolder]:
    """The folder, made if it is not there; waits while another process writes to it."""
    root.mkdir(parents=True, exist_ok=True)
    with held_lock(root / _LOCK):
        new = root / _NEW
        new.mkdir(exist_ok=True)
        for left in new.iterdir():
            left.unlink()
        yield PublicFolder(root)
        new.rmdir()


def is_ours(root: Path) -> bool:
    """Whether a folder may be written to: it is empty, or was written to before."""
    return not root.exists() or (root / _LOCK).exists() or not any(root.iterdir())
