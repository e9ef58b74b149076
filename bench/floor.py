"""`python -m bench.floor PROCESSES`: uvicorn with an application that does nothing.

Answers `GET /1889` with 1,889 bytes of JSON, which are always the same. What a request
costs here, it costs any application on the same server and machine.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import uvicorn

from api.listening import address_of, listen

Message = MutableMapping[str, Any]


async def floor(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """An ASGI application; a path that is no number is an error."""
    length = scope["path"].removeprefix("/")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", length.encode()),
    ]
    body = b'"' + b"." * (int(length) - 2) + b'"'
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(processes: int) -> None:
    """Serve on a free port, whose address is printed, until stopped."""
    sockets = listen("127.0.0.1", 0, processes)
    print(f"{address_of(sockets[0])}/", flush=True)
    # Copies of this process, which has no threads yet.
    serving = [get_context("fork").Process(target=_serve, args=(s,)) for s in sockets]
    for process in serving:
        process.start()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)
    for process in serving:
        process.terminate()
        process.join()


def _serve(listening: socket.socket) -> None:
    config = uvicorn.Config(
        floor,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    with suppress(KeyboardInterrupt):  # raised again once all has ended
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(int(sys.argv[1]))
