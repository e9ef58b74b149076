"""Bodies of requests that are written to files as they come, so that none is held in
memory and a client may send all of it before it reads anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import anyio
from fastapi import Request

from api.limits import BodyTooLarge, BodyTooSlow

_WRITTEN: Final = 1 << 20  # bytes that are written at once


async def save_body(
    request: Request, path: Path, *, limit: int, seconds: float
) -> None:
    """Write the body of a request to a file.

    Raises BodyTooLarge for more than `limit` bytes, before any is read when the client
    says how many there are, and BodyTooSlow for what takes longer than `seconds`.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    try:
        async with (
            asyncio.timeout(seconds),
            await anyio.open_file(path, "wb") as file,
        ):
            total, waiting = 0, bytearray()
            async for chunk in request.stream():
                total += len(chunk)
                if total > limit:
                    raise _too_large(limit)
                waiting += chunk
                if len(waiting) >= _WRITTEN:
                    await file.write(waiting)
                    waiting = bytearray()
            await file.write(waiting)
    except TimeoutError as error:
        raise BodyTooSlow(
            f"the body took more than {seconds:.0f} seconds: send it in parts",
            limit=seconds,
        ) from error


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the body has more than {limit} bytes: send it in parts", limit=limit
    )
