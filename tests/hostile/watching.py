"""What a server holds: processes, open files and memory, as the kernel counts them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.served import Served, descendants

MEGABYTE = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Holding:
    """What a server holds at a moment: `memory` and `files` of its server processes
    together, `workers` by their process ids, `zombies` that nobody has waited for."""

    servers: tuple[int, ...]
    workers: tuple[int, ...]
    zombies: tuple[int, ...]
    files: int
    memory: int


def holding(server: Served) -> Holding:
    """What a server holds now."""
    servers = sorted(server.pids())
    started = [one for pid in servers for one in descendants(pid)]
    zombies = [pid for pid in started if state(pid) == "Z"]
    return Holding(
        servers=tuple(servers),
        workers=tuple(sorted(set(started) - set(zombies))),
        zombies=tuple(zombies),
        files=sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in servers),
        memory=sum(resident(pid) for pid in servers),
    )


def state(pid: int) -> str:
    """The kernel's letter for what a process does; nothing for one that is gone."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def busy_seconds(pids: Sequence[int]) -> float:
    """Processor time that processes have taken so far, together."""
    ticks = sum(int(one) for pid in pids for one in _stat(pid)[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own."""
    _, own, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
    return (int(own) - int(shared)) * _PAGE


def idle(pids: Sequence[int], seconds: float = 0.3) -> bool:
    """Whether processes take no processor time worth the name."""
    before = busy_seconds(pids)
    time.sleep(seconds)
    return busy_seconds(pids) - before < seconds / 5


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
