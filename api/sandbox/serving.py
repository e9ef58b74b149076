"""`python -m api --sandbox`: the sandbox on a loopback address."""

from __future__ import annotations

import sys

from api.listening import address_of, listen
from api.sandbox.app import create_sandbox
from api.sandbox.loopback import NotLoopback, is_loopback
from api.server import run
from trigpoint.graph import QueryLimits


def serve_sandbox(host: str, port: int, workers: int, limits: QueryLimits) -> int:
    """Serve a new sandbox until interrupted; the status of the program.

    Raises NotLoopback for a host that is not loopback, and OSError for an address that
    cannot be listened on.
    """
    (socket,) = listen(_loopback(host), port)
    if not is_loopback(socket.getsockname()[0]):
        socket.close()
        raise _not_loopback(host)
    address = address_of(socket)
    for path, why in (
        ("/", "what is here"),
        ("/sparql", "SPARQL 1.1 query and update"),
        ("/store", "SPARQL 1.1 Graph Store HTTP Protocol"),
    ):
        print(f"{address}{path}  {why}")
    sys.stdout.flush()
    return run(create_sandbox(address, workers=workers, limits=limits), socket)


def _loopback(host: str) -> str:
    if not is_loopback(host):
        raise _not_loopback(host)
    return host


def _not_loopback(host: str) -> NotLoopback:
    return NotLoopback(
        f"the sandbox lets anybody who reaches it write: expected --host 127.0.0.1, "
        f"::1 or localhost, got {host}"
    )
