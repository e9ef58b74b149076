"""Leases: who reads a folder that another process will want to remove.

A lease is a shared lock (flock(2)) on the folder itself. It takes no permission to
write, works on file systems that are mounted for reading only, and ends with its
process, however that ends. Whoever removes the folder needs the lock alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import weakref
from contextlib import suppress
from pathlib import Path


class Lease:
    """A folder that is not removed for as long as this object is held.

    Any number of objects, in any processes, may have a lease of one folder.
    """

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError when the folder is gone, or about to be."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._end = weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            there = os.path.samestat(os.stat(descriptor), os.stat(folder))
        except (BlockingIOError, FileNotFoundError):
            there = False
        if not there:
            self.close()
            raise FileNotFoundError(f"{folder} was removed")

    def close(self) -> None:
        """Give the lease up; that happens too when nobody holds the object any more."""
        self._end()


def remove(folder: Path) -> None:
    """Remove a folder, whoever reads it. It loses its name first, so that nobody finds
    half of it."""
    if not folder.name.startswith("."):
        folder = folder.rename(folder.with_name(f".{folder.name}"))
    shutil.rmtree(folder)


def remove_unread(folder: Path) -> None:
    """Remove a folder unless somebody has a lease of it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
    finally:
        os.close(descriptor)
