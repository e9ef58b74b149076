"""What a server holds in memory, with all the processes that it started (proc(5))."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.1  # seconds


@dataclass
class Held:
    """Megabytes before and after some work, and at most while it went on."""

    before: float
    most: float
    after: float

    def __str__(self) -> str:
        return f"memory {self.before:.0f}, at most {self.most:.0f} MB"


@contextmanager
def watching(pid: int) -> Iterator[Held]:
    """Look at a process and its descendants ten times a second."""
    now = held_by(pid)
    held = Held(now, now, now)
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            held.most = max(held.most, held_by(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield held
    finally:
        over.set()
        looking.join()
        held.after = held_by(pid)


def held_by(pid: int) -> float:
    """Megabytes of memory of their own (not of files) of a process and descendants."""
    return sum(map(_own, _family(pid))) / 1e6


def _family(pid: int) -> Iterator[int]:
    yield pid
    for one in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = one.read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended just now
        for child in children:
            yield from _family(int(child))


def _own(pid: int) -> int:
    """Bytes; none for a process that ended just now."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
