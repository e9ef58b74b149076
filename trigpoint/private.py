"""Files written whole or not at all, and those that only their owner may read."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_MODE = 0o600
_PUBLIC = 0o644
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_private(path: Path, text: str) -> None:
    """Put `text` in the file, in the place of what it had: after a crash it has the old
    text or the new. Nobody else can read it at any instant (mode 0600)."""
    _replace(path, text, _MODE)


def write_public(path: Path, text: str) -> None:
    """The same for a file that everybody may read, as far as the umask allows."""
    _replace(path, text, _PUBLIC)


def _replace(path: Path, text: str, mode: int) -> None:
    beside = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk; until then a renamed file may be gone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_private(path: Path, limit: int) -> str:
    """What the file holds; raises PermissionError when others may read or change it, or
    it belongs to another user, and ValueError when it is longer than `limit` bytes or
    not UTF-8."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & _OTHERS:
            raise PermissionError(
                f"{path} may be read or changed by others: set its mode to 600"
            )
        if found.st_uid not in (os.geteuid(), 0):
            raise PermissionError(f"{path} belongs to another user")
        held = file.read(limit + 1)
    if len(held) > limit:
        raise ValueError(f"{path} has more than {limit} bytes")
    return held.decode()


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """Hold the lock that the file is; waits while another process holds it."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, _MODE), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
