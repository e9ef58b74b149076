"""A real server, `python -m api` in processes of its own, as tests watch it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import httpx

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "api", "--port", "0"]
PATIENCE = 40  # seconds after which a server is taken to hang


class Served:
    """A running server, its address and its first process."""

    def __init__(
        self, process: subprocess.Popen[str], home: str, errors: IO[str]
    ) -> None:
        self.process, self.home = process, home
        self._errors = errors

    def get(self, path: str) -> httpx.Response:
        """One answer over a connection of its own, so that any process may give it."""
        return httpx.get(self.home + path, timeout=30)

    def pids(self) -> list[int]:
        """The server processes, the first started first."""
        return children(self.process.pid)

    def everybody(self) -> list[int]:
        """The server processes, and all that they have started for queries."""
        return [one for pid in self.pids() for one in (pid, *descendants(pid))]

    def errors(self) -> str:
        """What it has said on standard error so far."""
        self._errors.seek(0)
        return self._errors.read()

    def ended(self) -> tuple[int, str]:
        """Status and last words, once all has ended."""
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, self.errors()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that it has not waited for."""
    # The kernel lists them by the thread that started them.
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        for one in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, one.read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """Its children, theirs, and so on."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        )
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def served(data: Path, processes: int = 2, *words: str) -> Iterator[Served]:
    """A server of a data directory, in several processes; `words` are more flags."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*COMMAND, "--data", str(data), "--processes", str(processes), *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            server = Served(process, line.split()[0].rstrip("/"), errors)
            # Each process has a query worker once it is up.
            until(lambda: len(server.pids()) > 1 and all(map(children, server.pids())))
            yield server
        finally:
            process.kill()
            process.communicate(timeout=PATIENCE)
