"""Sites to follow: static exports behind a server that can be made to lie."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.log.installation import Installation, installation
from trigpoint.log.checkpoint import log_origin
from trigpoint.log.note import Note, SigningKey
from trigpoint.replica.export import export_static
from trigpoint.replica.replica import open_replica
from trigpoint.replica.rounds import Round, follow_site
from trigpoint.replica.site import DAY, location_of, open_site
from trigpoint.replica.web import Bounds

# What a slow or broken server may cost a test.
IMPATIENT = Bounds(connect=2, idle=2, whole=2, tries=2, pause=0.01)

Answer = Callable[[BaseHTTPRequestHandler, bytes | None], None]


@dataclass
class Site:
    """A server over a folder; `lies` answers some paths otherwise than the files do,
    and `asked` are the paths that were asked for."""

    folder: Path
    address: str = ""
    lies: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def lie(self, path: str, body: bytes) -> None:
        """Answer a path of the register `town` with other bytes."""
        self.lies[f"registers/town/{path}"] = lambda asked, _: reply(asked, body)

    def bytes(self, path: str) -> bytes:
        """What honest servers have at a path of the register `town`."""
        return (self.folder / "registers" / "town" / path).read_bytes()


def reply(
    asked: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    asked.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        asked.send_header(name, value)
    asked.end_headers()
    asked.wfile.write(body)


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """A folder behind a server on a free port of this machine."""
    site = Site(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            site.asked.append(path)
            file = site.folder / path
            body = file.read_bytes() if file.is_file() else None
            try:
                if path in site.lies:
                    site.lies[path](self, body)
                elif body is None:
                    reply(self, b"nothing here", 404)
                else:
                    reply(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # who asked had enough

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def export(inst: Installation, folder: Path) -> Path:
    """Sign what is new and bring an export up to it."""
    inst.sign()
    export_static(inst.log, folder)
    return folder


def twin(inst: Installation, folder: Path) -> Installation:
    """Another log by the same key, as who stole it, or put back a backup, has."""
    keys = folder / "data.keys"
    shutil.copytree(inst.keys.path, keys)
    shutil.rmtree(keys / "last", ignore_errors=True)
    return installation(folder)


def follow(
    replica: Path,
    location: str,
    *,
    key: str | None = None,
    registers: tuple[str, ...] = (),
    max_age: float | None = 7 * DAY,
) -> Round:
    """One round of following, whoever signs."""
    with (
        open_replica(replica, location_of(location)) as opened,
        open_site(location, IMPATIENT) as site,
    ):
        return follow_site(
            site,
            opened,
            registers=registers,
            key=key,
            max_age=max_age,
            met=lambda trusted: None,
        )


def truth(replica: Path) -> list[str]:
    """Every row of a replica's log, and what it remembers of the keys."""
    with closing(sqlite3.connect(replica / "log.sqlite")) as db:
        return [*db.iterdump(), (replica / "keys.json").read_text("utf-8")]


def resigned(text: str, when: int, key: SigningKey) -> bytes:
    """A checkpoint's text, signed and cosigned for `town` at some time by some key."""
    name = log_origin("localhost:8000", "town")
    lines = (key.sign(text, name), key.cosign(text, "localhost:8000", when))
    return Note(text, lines).format().encode()
