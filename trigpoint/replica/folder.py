"""A folder of public files: each is written whole, and on disk before it is named.

A file is made in `.new` beside them, synced and renamed to its place, so that a reader
sees the old bytes or the new at any instant, also after a power cut. Syncing waits for
the disk; so it is done for many files at once. What a process that was killed left in
`.new` is removed by the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from trigpoint.private import held_lock, sync_folder

_LOCK = ".lock"
_NEW = ".new"
_TOGETHER = 8  # files that are synced at once: a disk serves them in about one's time
_MOST_WAITING = 256


class PublicFolder:
    """Files by their path below `root`; made by `opened`."""

    def __init__(self, root: Path, threads: ThreadPoolExecutor) -> None:
        self.root = root
        self._threads = threads
        self._waiting: list[tuple[Path, Path]] = []
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
        """Have a file hold these bytes, at the latest after `sync`; says whether it did
        not yet. Files are named in the order in which they were put."""
        if self.read(path) == body:
            return False
        target, beside = self.root / path, self.root / _NEW / uuid4().hex
        self._make(target.parent)
        beside.write_bytes(body)
        self._waiting.append((beside, target))
        if len(self._waiting) >= _MOST_WAITING:
            self._name()
        return True

    def sync(self) -> None:
        """Have all that was put so far in its place and on disk."""
        self._name()
        list(self._threads.map(sync_folder, self._changed))
        self._changed.clear()

    def _name(self) -> None:
        """Give the files that wait for it their names, once they are on disk."""
        # A file is synced by the same call as a folder is.
        list(self._threads.map(sync_folder, [beside for beside, _ in self._waiting]))
        for beside, target in self._waiting:
            beside.rename(target)
            self._changed.add(target.parent)
        self._waiting.clear()

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
        with ThreadPoolExecutor(_TOGETHER) as threads:
            yield PublicFolder(root, threads)
        new.rmdir()


def is_ours(root: Path) -> bool:
    """Whether a folder may be written to: it is empty, or was written to before."""
    return not root.exists() or (root / _LOCK).exists() or not any(root.iterdir())
