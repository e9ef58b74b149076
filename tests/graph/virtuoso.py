"""A Virtuoso of our own, in a folder and on free ports of the loopback interface."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

USER = PASSWORD = "dba"  # noqa: S105  what a new database has
_PATIENCE = 60.0
# Small buffers, no thread that is not needed. Virtuoso would cut an answer at
# ResultSetMaxRows without an error, so that has to be out of reach.
_CONFIGURATION = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
DirsAllowed = {folder}
NumberOfBuffers = 2000
MaxDirtyBuffers = 1200
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 4
[SPARQL]
ResultSetMaxRows = {rows}
"""


@contextmanager
def virtuoso(program: str, folder: Path, rows: int = 100_000_000) -> Iterator[str]:
    """The address of a server with an empty database, which ends with the context."""
    sql, http = _free_ports(2)
    text = _CONFIGURATION.format(folder=folder, sql=sql, http=http, rows=rows)
    (folder / "virtuoso.ini").write_text(text)
    process = subprocess.Popen(
        [program, "+foreground", "+configfile", "virtuoso.ini"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    home = f"http://127.0.0.1:{http}"
    try:
        _await(home, process)
        yield home
    finally:
        process.kill()
        process.wait()


def _await(home: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            if httpx.get(f"{home}/sparql", timeout=5).status_code < 500:
                return
        except httpx.TransportError:
            assert process.poll() is None, "Virtuoso ended by itself"
            assert time.monotonic() < until, "Virtuoso does not answer"
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
