"""Oxigraph's own server, of the package `oxigraph`, that ours is measured against.

Tests use it as well, as another server that asks ours or keeps our graph.
"""

from __future__ import annotations

import socket
import subprocess
import sysconfig
from contextlib import AbstractContextManager
from pathlib import Path

from bench.server import Server, started

PROGRAM = Path(sysconfig.get_path("scripts")) / "oxigraph"
QUERY = "/query"


def oxigraph(
    location: Path | None = None, *, read_only: bool = False
) -> AbstractContextManager[Server]:
    """A server over the store in a folder, or over an empty one in memory.

    It answers queries at `/query`, updates at `/update` and the Graph Store Protocol at
    `/store`. With `read_only`, others may read the folder as well.
    """
    verb = "serve-read-only" if read_only else "serve"
    where = ["--location", str(location)] if location else []
    bind = f"127.0.0.1:{_free_port()}"
    # It says on standard error where it listens, and hardly anything after that.
    command = (str(PROGRAM), verb, *where, "--bind", bind)
    return started(*command, errors=subprocess.STDOUT)


def _free_port() -> int:
    """A port that is free now: the program cannot say which one it was given."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
