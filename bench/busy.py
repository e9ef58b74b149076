"""Clients that keep a server's query workers busy, each from an address of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from bench.server import Server

_TIMEOUT = 60.0  # seconds for one answer
_SETTLED = 1.0  # seconds after which all have begun, or ended


@dataclass
class Busy:
    """`clients` that ask hard queries in turn, until they are told to stop.

    They ask from 127.0.0.2 and on, since a server shares itself out by address.
    """

    server: Server
    queries: Sequence[str]
    clients: int
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: dict[int, socket.socket] = field(default_factory=dict)

    def start(self) -> None:
        """Begin, unless they are at it."""
        if self._threads:
            return
        self._over.clear()
        for number in range(self.clients):
            thread = threading.Thread(target=self._ask, args=(number,))
            self._threads.append(thread)
            thread.start()
        self._over.wait(_SETTLED)

    def stop(self) -> None:
        """End, with queries that still run given up."""
        if not self._threads:
            return
        self._over.set()
        for one in list(self._sockets.values()):
            with suppress(OSError):  # it was closed just now
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        threading.Event().wait(_SETTLED)

    def _ask(self, number: int) -> None:
        query = quote(self.queries[number % len(self.queries)], safe="")
        where = (f"127.0.0.{number + 2}", 0)
        while not self._over.is_set():
            connection = HTTPConnection(
                self.server.host, self.server.port, _TIMEOUT, source_address=where
            )
            try:
                connection.connect()
                self._sockets[number] = connection.sock
                connection.request("GET", f"/sparql?query={query}")
                connection.getresponse().read()
            except (OSError, HTTPException):
                if not self._over.is_set():
                    raise
            finally:
                self._sockets.pop(number, None)
                connection.close()
