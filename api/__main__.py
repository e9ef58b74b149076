"""`python -m api --data DIR`: serve the registers of a data directory."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from api.app import create_app
from api.examples import examples
from api.service import FAULTS, warm
from trigpoint.errors import DataBusy, TrigpointError
from trigpoint.register import Registers

_MAX_REQUEST_HEAD = 65_536  # bytes of request line and headers
_GRACE = 5  # seconds that running requests may take to finish


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; 0 when that was all, 2 for a usage or start fault."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    if options.data is None:
        return _fault("name the data directory: --data DIR, or TRIGPOINT_DATA")
    try:
        registers = open_registers(Path(options.data), options.base)
        shown = examples(registers)
        listening = _listen(options.host, options.port)
    except (TrigpointError, OSError) as error:
        return _fault(str(error))
    except FAULTS as error:  # not worded for people: say at least of what kind it is
        return _fault(f"{options.data}: {type(error).__name__}: {error}")
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    for path, why in shown:
        print(f"{address}{path}  {why}")
    sys.stdout.flush()
    config = uvicorn.Config(
        create_app(registers, workers=options.workers),
        http="h11",
        h11_max_incomplete_event_size=_MAX_REQUEST_HEAD,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # raised again once all has ended
        server.run(sockets=[listening])
    return 0 if server.started else 2


def open_registers(data: Path, base: str | None) -> Registers:
    """The registers of a data directory, their views brought up to the log and open.

    When another process is publishing, or the directory may not be written to, what
    is published is served as it is. Raises NoData for a directory without registers,
    and what else `FAULTS` lists when the views can neither be opened nor built.
    """
    registers = Registers.open(data, base=base)
    try:
        registers.view()  # built anew if it is damaged
        registers.publish()
    except (DataBusy, PermissionError) as error:
        if registers.views.current() is None:
            raise
        print(f"serving the views as they are: {error}", file=sys.stderr)
    warm(registers.view())
    return registers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument(
        "--data",
        default=os.environ.get("TRIGPOINT_DATA"),
        metavar="DIR",
        help="the data directory (default: TRIGPOINT_DATA)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=8000, help="default: %(default)s; 0: any free one"
    )
    parser.add_argument(
        "--base",
        metavar="URL",
        help="what record IRIs begin with (default: as published)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=2,
        help="processes that answer SPARQL queries (default: %(default)s)",
    )
    return parser


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port that is taken is a clear error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named, asyncio sets TCP_NODELAY on what is accepted. Without it, each
    # answer on a connection kept open would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except (OSError, OverflowError) as error:
        listening.close()
        raise OSError(f"cannot listen on {host} port {port}: {error}") from error
    return listening


def _fault(message: str) -> int:
    print(f"python -m api: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
