"""Asking a server as clients do, from several addresses, and as no client should."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from urllib.parse import quote, urlsplit

import httpx

SPARQL_QUERY = "application/sparql-query"
PATIENCE = 60.0  # seconds after which a server is taken to hang


def client_at(home: str, last: int = 1) -> httpx.Client:
    """A client of the server at `home` whose address is 127.0.0.`last`: to the server
    each address is a client of its own."""
    transport = httpx.HTTPTransport(local_address=f"127.0.0.{last}")
    return httpx.Client(base_url=home, transport=transport, timeout=PATIENCE)


def path_of(query: str, **more: str) -> str:
    """The address that asks a query by GET."""
    pairs = {"query": query, **more}.items()
    return "/sparql?" + "&".join(f"{name}={quote(v, safe='')}" for name, v in pairs)


def post(client: httpx.Client, query: str) -> httpx.Response:
    """A query of any length, sent as it is."""
    headers = {"Content-Type": SPARQL_QUERY}
    return client.post("/sparql", content=query.encode(), headers=headers)


def persist(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again as often as one is told to come again later."""
    end = time.monotonic() + PATIENCE
    while (answer := ask()).headers.get("retry-after"):
        assert answer.status_code in (429, 503)
        assert time.monotonic() < end, answer.text
        time.sleep(0.2)
    return answer


@dataclass(frozen=True)
class Answer:
    """An answer as it was on the wire. A body that was broken off is not `whole`."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool


class Wire:
    """A connection on which anything may be sent."""

    def __init__(self, home: str, last: int = 1, window: int | None = None) -> None:
        address = urlsplit(home)
        assert address.hostname is not None
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if window is not None:
            # Before it connects, or the sizes that were agreed on stay.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._socket.bind((f"127.0.0.{last}", 0))
        self._socket.connect((address.hostname, address.port or 80))
        self._read = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def get(self, path: str, method: str = "GET") -> None:
        """Send a request without a body."""
        self.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def read(self, size: int) -> bytes:
        """What has come, up to so many bytes; nothing at the end."""
        if not self._read:
            self._read = self._socket.recv(65_536)
        piece, self._read = self._read[:size], self._read[size:]
        return piece

    def line(self) -> bytes:
        """The next line, or what there is of it at the end."""
        found = bytearray()
        while not found.endswith(b"\n") and (byte := self.read(1)):
            found += byte
        return bytes(found)

    def answer(self, *, bodiless: bool = False) -> Answer:
        """The next answer; `bodiless` for that to a HEAD."""
        first = self.line().split(maxsplit=2)
        head = b"".join(iter(self.line, b"\r\n"))
        fields = BytesParser().parsebytes(head, headersonly=True)
        headers = {name.lower(): value for name, value in fields.items()}
        whole, body = True, b""
        if not bodiless:
            whole, body = self._body(headers)
        return Answer(int(first[1]), headers, body, whole)

    def rest(self) -> bytes:
        """Everything up to the end; raises ConnectionResetError for one that is not
        meant to be one."""
        return b"".join(iter(lambda: self.read(65_536), b""))

    def close(self) -> None:
        self._socket.close()

    def _body(self, headers: dict[str, str]) -> tuple[bool, bytes]:
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self._exactly(int(headers.get("content-length", 0)))
        body = bytearray()
        while size := self.line():
            length = int(size, 16)
            whole, piece = self._exactly(length + 2)
            body += piece[:length]
            if not length or not whole:
                return whole, bytes(body)
        return False, bytes(body)

    def _exactly(self, length: int) -> tuple[bool, bytes]:
        body = bytearray()
        while len(body) < length and (piece := self.read(length - len(body))):
            body += piece
        return len(body) == length, bytes(body)


@contextmanager
def wired(home: str, last: int = 1, window: int | None = None) -> Iterator[Wire]:
    """A connection that is closed at the end, whatever was sent."""
    wire = Wire(home, last, window)
    try:
        yield wire
    finally:
        wire.close()
