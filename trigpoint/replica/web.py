"""A source over HTTP (RFC 9110): bounded in bytes, seconds, redirects and tries."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from trigpoint.errors import InvalidParameter, SourceUnreachable
from trigpoint.replica.source import Wanted, missing, too_large

_RETRIED = (429, 500, 502, 503, 504)
_FRAME = 4096  # bytes around what is packed: room for a file name in the header


@dataclass(frozen=True)
class Bounds:
    """What reading one resource may take: seconds, tries, redirects.

    `whole` seconds are for all of an answer, and a second more for every `pace` bytes
    of it: a long answer may take longer, a slow one may not. `together` resources are
    read at once.
    """

    connect: float = 10.0
    idle: float = 30.0
    whole: float = 60.0
    pace: int = 65_536
    tries: int = 3
    pause: float = 0.3
    redirects: int = 5
    together: int = 4


class HttpSource:
    """Resources below an address, over connections that are kept open."""

    def __init__(self, location: str, bounds: Bounds) -> None:
        parts = urlsplit(location)
        if not parts.hostname or parts.query or parts.fragment:
            raise InvalidParameter(
                f"“{location[:80]}” cannot be followed: expected an address such as "
                "https://example.org/registers/country, without ? and #",
                parameter="url",
            )
        self.location = location.rstrip("/")
        self._bounds = bounds
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            headers={"Accept": "*/*", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(bounds.idle, connect=bounds.connect),
            limits=httpx.Limits(
                max_connections=bounds.together,
                max_keepalive_connections=bounds.together,
            ),
        )

    def read(self, wanted: Sequence[Wanted]) -> list[bytes]:
        return self._runner.run(self._read_all(wanted))

    async def _read_all(self, wanted: Sequence[Wanted]) -> list[bytes]:
        turns = asyncio.Semaphore(self._bounds.together)
        tasks = [asyncio.create_task(self._read_one(one, turns)) for one in wanted]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_one(self, wanted: Wanted, turns: asyncio.Semaphore) -> bytes:
        async with turns:
            for path in wanted.paths:
                data = await self._insist(f"{self.location}/{path}", wanted.limit)
                if data is not None:
                    return data
        raise missing(self.location, wanted)

    async def _insist(self, address: str, limit: int) -> bytes | None:
        """Read, and again after a pause when the source or the way to it failed."""
        for tries_left in reversed(range(self._bounds.tries)):
            try:
                return await self._within_time(address, limit)
            except _PassingError as error:
                if not tries_left:
                    raise SourceUnreachable(str(error)) from error
                done = self._bounds.tries - tries_left
                await asyncio.sleep(self._bounds.pause * done)
        raise SourceUnreachable(f"{address} was not tried")

    async def _within_time(self, address: str, limit: int) -> bytes | None:
        """One try; None when nothing is there."""
        try:
            async with asyncio.timeout(self._bounds.whole) as clock:
                return await self._follow(address, limit, clock)
        except TimeoutError as error:
            raise SourceUnreachable(
                f"{address} is too slow: no whole answer in {self._bounds.whole:g} s"
            ) from error
        except httpx.TransportError as error:
            what = str(error) or type(error).__name__
            raise _PassingError(f"{address} cannot be reached: {what}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnreachable(f"{address}: {error}") from error

    async def _follow(
        self, address: str, limit: int, clock: asyncio.Timeout
    ) -> bytes | None:
        """An answer, after at most so many redirects."""
        request = self._client.build_request("GET", address)
        for _ in range(self._bounds.redirects + 1):
            answer = await self._client.send(request, stream=True)
            try:
                if answer.next_request is None:
                    return await self._body(answer, address, limit, clock)
                request = answer.next_request
            finally:
                await answer.aclose()
        raise SourceUnreachable(
            f"{address} redirects more than {self._bounds.redirects} times"
        )

    async def _body(
        self, answer: httpx.Response, address: str, limit: int, clock: asyncio.Timeout
    ) -> bytes | None:
        if answer.status_code in (404, 410):
            return None
        if answer.status_code in _RETRIED:
            raise _PassingError(f"{address} answers {answer.status_code}")
        if answer.status_code != 200:
            raise SourceUnreachable(
                f"{address} answers {answer.status_code}: expected 200"
            )
        body = _Body(address, answer.headers.get("content-encoding", ""), limit)
        end = clock.when()
        async for chunk in answer.aiter_raw():
            body.add(chunk)
            if end is not None:
                clock.reschedule(end + body.received / self._bounds.pace)
        return body.whole()

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


class _Body:
    """A body as it comes in, decoded (RFC 9110, section 8.4), never above its limit:
    a few bytes of gzip can stand for very many, and very many for none."""

    def __init__(self, address: str, encoding: str, limit: int) -> None:
        if encoding not in ("", "identity", "gzip"):
            raise SourceUnreachable(
                f"{address} answers in the encoding “{encoding[:40]}”, not in gzip"
            )
        self.received = 0  # bytes, as they came
        self._address, self._limit = address, limit
        self._gzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        # What cannot be packed grows by its frame, and with each piece that is flushed.
        self._slack = limit + _FRAME if self._gzip else 0
        self._data = bytearray()

    def add(self, chunk: bytes) -> None:
        self.received += len(chunk)
        room = self._limit - len(self._data) + 1
        if self._gzip is not None:
            try:
                chunk = self._gzip.decompress(chunk, room)
            except zlib.error as error:
                raise SourceUnreachable(f"{self._address}: bad gzip") from error
        self._data += chunk
        # Blocks of nothing, or what follows its end, would let gzip go on for ever.
        if max(len(self._data), self.received - self._slack) > self._limit:
            raise too_large(self._address, self._limit)

    def whole(self) -> bytes:
        if self._gzip is not None and not self._gzip.eof:
            raise _PassingError(f"{self._address}: the gzip ends before its end")
        return bytes(self._data)


class _PassingError(Exception):
    """A fault that may be over at the next try."""
