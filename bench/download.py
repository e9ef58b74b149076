"""Long answers: read as fast as they come, and when their first byte came."""

from __future__ import annotations

import hashlib
import socket
import time
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

from bench.memory import Held, watching
from bench.server import Server

_BUFFER = 1 << 20
_TIMEOUT = 60.0  # seconds for one piece
_HEAD_ENDS = b"\r\n\r\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass
class Download:
    """One long answer, over a connection of its own. `firsts` gathers seconds from the
    request to the first byte of the body, by run."""

    server: Server
    path: str
    accept: str
    firsts: list[float] = field(default_factory=list)
    size: int = 0
    held: Held | None = None

    def check(self) -> str:
        """Read it once, slowly: the hash of its body. Keeps its size, and what the
        server held in memory meanwhile.

        Raises RuntimeError when it is no good answer or not in chunks.
        """
        digest = hashlib.sha256()
        with (
            watching(self.server.pid) as self.held,
            self.server.connected() as connection,
        ):
            connection.request("GET", self.path, headers={"Accept": self.accept})
            answer = connection.getresponse()
            if answer.status != 200 or answer.getheader("content-length"):
                raise RuntimeError(f"{answer.status} {answer.getheaders()}")
            while piece := answer.read(_BUFFER):
                digest.update(piece)
                self.size += len(piece)
        return digest.hexdigest()

    def run(self) -> None:
        """Read it as fast as it comes, without taking the chunks apart.

        Raises RuntimeError when the answer is broken off.
        """
        buffer = bytearray(_BUFFER)
        tail = b""
        start = time.perf_counter()
        address = self.server.host, self.server.port
        with socket.create_connection(address, timeout=_TIMEOUT) as connection:
            connection.sendall(self._request())
            head = b""
            while len(head.partition(_HEAD_ENDS)[2]) == 0:
                piece = connection.recv(_BUFFER)
                if not piece:
                    raise RuntimeError(f"an answer without a body: {head!r}")
                head += piece
            self.firsts.append(time.perf_counter() - start)
            tail = head[-len(_LAST_CHUNK) :]
            while count := connection.recv_into(buffer):
                last = bytes(buffer[max(0, count - len(_LAST_CHUNK)) : count])
                tail = (tail + last)[-len(_LAST_CHUNK) :]
        if tail != _LAST_CHUNK:
            raise RuntimeError(f"the answer was broken off: it ends with {tail!r}")

    def remark(self) -> str:
        """When the first byte came, and the server's memory in the run that checked."""
        first = f"first byte after {median(self.firsts) * 1000:.0f} ms"
        return f"{first}, {self.held}"

    def _request(self) -> bytes:
        host = urlsplit(self.server.home).netloc
        lines = (
            f"GET {self.path} HTTP/1.1",
            f"Host: {host}",
            f"Accept: {self.accept}",
            "Connection: close",
        )
        return ("\r\n".join(lines) + _HEAD_ENDS.decode()).encode()
