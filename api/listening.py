"""The sockets that the server listens on, one for each of its processes."""

from __future__ import annotations

import socket
import sys

# Elsewhere the system does not share connections out among sockets of one port.
_SHARES_OUT = sys.platform == "linux"
_BACKLOG = 1024


def listen(host: str, port: int, times: int = 1) -> list[socket.socket]:
    """Sockets that listen on one address, among which the system shares connections
    out; several times the same one where it does not.

    Raises OSError, saying so, for a port that is taken or an address that is none.
    """
    try:
        if times == 1 or not _SHARES_OUT:
            return [_listening(host, port)] * times
        # Without leave to share: another server there is an error, not a partner.
        with _listening(host, port) as alone:
            taken: int = alone.getsockname()[1]
        return [_listening(host, taken, shared=True) for _ in range(times)]
    except (OSError, OverflowError) as error:
        raise OSError(f"cannot listen on {host} port {port}: {error}") from error


def address_of(listening: socket.socket) -> str:
    """The address that a socket listens on, as the start of a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named, asyncio sets TCP_NODELAY on what is accepted. Without it, each
    # answer on a connection kept open would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening
