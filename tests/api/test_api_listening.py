"""The socket that the server listens on."""

from __future__ import annotations

import socket

from api.listening import listen


def test_listening_socket_names_tcp() -> None:
    """Accepted connections are TCP by name, so asyncio sends without delay on them."""
    with listen("127.0.0.1", 0)[0] as listening:
        assert listening.proto == socket.IPPROTO_TCP
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.proto == socket.IPPROTO_TCP
