"""`python -m bench.floor BYTES`: uvicorn with an application that does nothing.

Answers every request with the same JSON of that size. What a request costs here, it
costs any application on the same server and machine.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Message = MutableMapping[str, Any]


class Floor:
    """An ASGI application with one answer."""

    def __init__(self, size: int) -> None:
        self._body = b'"' + b"." * (size - 2) + b'"'
        self._headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(size).encode()),
        ]

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        start = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


def main(size: int) -> None:
    """Serve on a free port, whose address is printed, until stopped."""
    # TCP is named so that asyncio sets TCP_NODELAY on what is accepted.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(
        Floor(size), http="h11", lifespan="off", log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(int(sys.argv[1]))
