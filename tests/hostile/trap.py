"""A trap on the loopback: it counts who connects, and answers as an endpoint would."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
    b"Content-Length: 49\r\nConnection: close\r\n\r\n"
    b'{"head":{"vars":["s"]},"results":{"bindings":[]}}'
)


class Trap:
    """Listens on a port of its own; nobody has a reason to connect to it."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.connections = 0

    @property
    def url(self) -> str:
        """What a query would name to reach it."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def answer(self) -> None:
        """Count and answer until the socket is shut down."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(5)
                connection.recv(65_536)
                connection.sendall(_ANSWER)


@contextmanager
def trapping() -> Iterator[Trap]:
    """A trap that is open as long as the context."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        trap = Trap(listening)
        thread = threading.Thread(target=trap.answer)
        thread.start()
        try:
            yield trap
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
