"""`python -m bench.floor`: uvicorn with an application that does nothing.

Answers `GET /1889` with 1,889 bytes of JSON, which are always the same. What a request
costs here, it costs any application on the same server and machine.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

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


def main() -> None:
    """Serve on a free port, whose address is printed, until stopped."""
    # TCP is named so that asyncio sets TCP_NODELAY on what is accepted.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(floor, http="h11", lifespan="off", log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
