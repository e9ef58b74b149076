"""What is sent and not read: connections end, whatever the reader does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api import wire
from api.wire import BoundedHttp, break_off

MUCH = b"x" * 50_000_000  # more than the system keeps for a reader that does not read


async def whole(scope: Scope, receive: Receive, send: Send) -> None:
    """Says much at once."""
    length = str(len(MUCH)).encode()
    start = {"type": "http.response.start", "status": 200}
    await send({**start, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": MUCH})


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """Says something, and breaks off."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"some", "more_body": True})
    if scope["path"] == "/much":
        await send({"type": "http.response.body", "body": MUCH, "more_body": True})
    break_off(scope)


@contextmanager
def serving(app: ASGIApp) -> Iterator[tuple[uvicorn.Server, int]]:
    """A server of an application in a thread, and its port."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_level="warning",
        timeout_keep_alive=1,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def empty(server: uvicorn.Server) -> bool:
    """Whether no connection is left, now or before long."""
    end = time.monotonic() + 20
    while server.server_state.connections and time.monotonic() < end:
        time.sleep(0.05)
    return not server.server_state.connections


def all_of(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    said = b""
    while part := client.recv(1 << 16):
        said += part
    return said


@pytest.mark.parametrize(("app", "path"), [(whole, "/"), (broken, "/much")])
def test_what_nobody_reads_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, app: ASGIApp, path: str
) -> None:
    """A client that asks for much and reads nothing is cut off, and leaves nothing."""
    monkeypatch.setattr(wire, "LINGERING", 0.3)
    with (
        serving(app) as (server, port),
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert server.server_state.connections
        assert empty(server)


def test_an_answer_that_is_broken_off_has_no_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was sent arrives, the last chunk never does, and no error is logged."""
    with (
        serving(broken) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        said = all_of(client)
    assert said.endswith(b"\r\n\r\n4\r\nsome\r\n")
    assert caplog.records == []


def test_an_old_client_is_reset() -> None:
    """HTTP/1.0 ends a body by a close, so one that is broken off ends by a reset."""
    with (
        serving(broken) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            all_of(client)
