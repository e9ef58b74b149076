"""Starting a server as its own process, asking it, and stopping it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

_ROOT = Path(__file__).parents[1]
_TIMEOUT = 60.0  # seconds for one answer
_GRACE = 10.0  # seconds that a server may take to end before it is killed


def serving(*module: str) -> AbstractContextManager[Server]:
    """`python -m MODULE…` as a server that prints its address first."""
    return started(sys.executable, "-m", *module)


@contextmanager
def started(*command: str, errors: int | None = None) -> Iterator[Server]:
    """A program as a server; the first line that it prints has its address. `errors`
    is where its standard error goes, as `subprocess` takes it.

    Raises RuntimeError when it ends instead.
    """
    process = subprocess.Popen(
        command,
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=errors,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} did not start")
        address = urlsplit(next(word for word in line.split() if "://" in word))
        assert address.hostname is not None
        assert address.port is not None
        yield Server(address.hostname, address.port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Server:
    """Where a server listens, and its process or the one that leads its processes."""

    host: str
    port: int
    pid: int

    @property
    def home(self) -> str:
        """Its address, as a URL."""
        return f"http://{self.host}:{self.port}"

    def get(self, path: str) -> bytes:
        """One answer, which has to be a good one."""
        with self.connected() as connection:
            return _get(connection, path)

    @contextmanager
    def connected(self) -> Iterator[HTTPConnection]:
        """A connection that stays open from one request to the next."""
        connection = HTTPConnection(self.host, self.port, timeout=_TIMEOUT)
        with closing(connection):
            yield connection


@dataclass
class Load:
    """Requests over `connections` that stay open, each in a thread of its own.

    A connection sends its next request when it has the answer to the last.
    `latencies` gathers seconds a request, over all runs.
    """

    server: Server
    paths: Sequence[str]
    connections: int = 1
    latencies: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Send all requests once."""
        parts = [self.paths[n :: self.connections] for n in range(self.connections)]
        with ThreadPoolExecutor(self.connections) as threads:
            for latencies in threads.map(self._send, parts):
                self.latencies += latencies

    def _send(self, paths: Sequence[str]) -> list[float]:
        latencies = []
        with self.server.connected() as connection:
            for path in paths:
                start = time.perf_counter()
                _get(connection, path)
                latencies.append(time.perf_counter() - start)
        return latencies

    def remark(self) -> str:
        """Median and 99th percentile of a request's time."""
        ranked = sorted(self.latencies)
        late = ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)]
        return f"median {median(ranked) * 1000:.1f} ms, p99 {late * 1000:.1f} ms"


def _get(connection: HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"GET {path} answered {answer.status}: {body[:200]!r}")
    return body
