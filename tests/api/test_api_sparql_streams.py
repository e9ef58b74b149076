"""Long answers of queries: sent while they are made, broken off, ended with clients."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pyarrow
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.types import Message

from api import answers
from api.app import create_app
from trigpoint.errors import ViewsBehind
from trigpoint.graph import QueryLimits
from trigpoint.register import Registers

ROWS = 20_000
LONG = f"SELECT * {{ ?a ?b ?c . ?d ?e ?f }} LIMIT {ROWS}"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
TIME = 30  # seconds that a query may take here; what ends one sooner takes far less


@dataclass
class Client:
    """The far end of one request: what was sent to it, and what it does about that."""

    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    stalls: bool = False
    got: list[Message] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    broken_off: bool = False

    async def ask(self, app: FastAPI, query: str, **more: str) -> None:
        """Make the request, and take the answer."""
        names = ((n.encode(), v.encode()) for n, v in self.headers.items())
        scope = {
            "type": "http",
            "method": self.method,
            "path": "/sparql",
            "query_string": urlencode({"query": query, **more}).encode(),
            "headers": list(names),
            "http_version": "1.1",
            "scheme": "http",
            "server": ("localhost", 8000),
            "client": ("127.0.0.1", 1),
            "extensions": {"trigpoint.break-off": {"call": self._break_off}},
        }
        await app(scope, self._receive, self._send)

    def _break_off(self) -> None:
        self.broken_off = True

    async def _receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.got.append(message)
        if self.stalls and message["type"] == "http.response.body":
            await asyncio.sleep(TIME)

    @property
    def said(self) -> dict[str, str]:
        """The headers of the answer."""
        return {n.decode(): v.decode() for n, v in self.got[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.got[1:])

    @property
    def whole(self) -> bool:
        """Whether the answer has its end."""
        return not self.got[-1].get("more_body", False)


Act = Callable[[FastAPI], Awaitable[None]]
Within = Callable[[Act], None]
# One row more of LONG, and an answer has too many.
LIMITS = QueryLimits(time=TIME, rows=ROWS)


@pytest.fixture(scope="module")
def within(data: Path) -> Iterator[Within]:
    """Runs something with an application of the sample, in its event loop."""
    app = create_app(Registers.open(data), workers=2, limits=LIMITS)

    async def run(act: Act) -> None:
        async with asyncio.timeout(TIME + 60):
            await act(app)
            while app.state.service.pool.busy():
                await asyncio.sleep(0.01)  # nothing runs on for nobody

    with start_blocking_portal() as portal:
        lifespan = app.router.lifespan_context(app)
        with portal.wrap_async_context_manager(lifespan):
            yield lambda act: portal.call(run, act)


def test_a_long_answer_is_sent_while_it_is_made(within: Within) -> None:
    """It has log size and type, neither length nor ETag, comes in pieces and whole."""

    async def act(app: FastAPI) -> None:
        client = Client()
        await client.ask(app, LONG)
        assert len(json.loads(client.body)["results"]["bindings"]) == ROWS
        assert len(client.got) > 3
        assert client.whole
        said = client.said
        assert said["content-type"] == "application/sparql-results+json"
        assert "country=" in said["trigpoint-log-size"]
        assert said["cache-control"] == "public, no-cache"
        assert said["vary"] == "Accept, Accept-Encoding"
        assert said.keys().isdisjoint({"content-length", "etag"})

        packed = Client(headers={"accept-encoding": "zstd"})
        await packed.ask(app, LONG)
        assert len(packed.got) > 3
        with pyarrow.CompressedInputStream(io.BytesIO(packed.body), "zstd") as stream:
            assert stream.read() == client.body

    within(act)


def test_a_short_answer_has_length_and_etag(within: Within) -> None:
    """It is sent at once, and not again to who has it."""

    async def act(app: FastAPI) -> None:
        client = Client()
        await client.ask(app, "ASK {}")
        assert len(client.got) == 2
        assert client.said["content-length"] == str(len(client.body))
        again = Client(headers={"if-none-match": client.said["etag"]})
        await again.ask(app, "ASK {}")
        assert again.got[0]["status"] == 304

    within(act)


def test_an_answer_past_a_limit_has_no_end(within: Within) -> None:
    """One that grows past the limit of rows on its way is broken off."""

    async def act(app: FastAPI) -> None:
        client = Client()
        await client.ask(app, LONG.replace(str(ROWS), str(ROWS + 1)))
        assert client.got[0]["status"] == 200
        assert client.broken_off
        assert not client.whole

    within(act)


def test_head_ends_the_query(within: Within) -> None:
    """HEAD gives the headers of GET and no body, and nothing runs on."""

    async def act(app: FastAPI) -> None:
        whole, head = Client(), Client(method="HEAD")
        await whole.ask(app, LONG)
        await head.ask(app, LONG)
        assert head.said == whole.said
        assert head.body == b""
        assert head.whole

    within(act)


def test_a_reader_that_stalls_is_cut_off(
    within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes nothing for too long has its connection closed."""
    monkeypatch.setattr(answers, "STALLED_SECONDS", 0.1)

    async def act(app: FastAPI) -> None:
        client = Client(stalls=True)
        await client.ask(app, LONG)
        assert client.broken_off
        assert not client.whole

    within(act)


def test_nothing_more_is_told_once_something_is_withheld(
    within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer under way is broken off when its view must not be told any more."""
    monkeypatch.setattr(answers, "CHECK_SECONDS", 0.0)

    async def act(app: FastAPI) -> None:
        checks = 0

        def check_same(_view: object) -> None:
            nonlocal checks
            checks += 1
            if checks > 2:
                raise ViewsBehind("something was withheld")

        monkeypatch.setattr(app.state.service, "check_same", check_same)
        client = Client()
        await client.ask(app, LONG)
        assert client.broken_off
        assert len(client.got) == 2  # the start and a first piece
        assert not client.whole

    within(act)


@pytest.mark.parametrize(("query", "reads"), [(ENDLESS, False), (LONG, True)])
def test_a_client_that_leaves_ends_its_query(
    within: Within, query: str, reads: bool
) -> None:
    """Whether it waits or reads, a query ends when nobody is there for it."""

    async def act(app: FastAPI) -> None:
        await Client().ask(app, "ASK {}")  # so that the workers are there
        client = Client(stalls=reads)  # while it reads, or before it can
        asyncio.get_running_loop().call_later(0.3, client.left.set)
        start = asyncio.get_running_loop().time()
        await client.ask(app, query)
        assert asyncio.get_running_loop().time() - start < TIME / 2
        assert not client.broken_off

    within(act)
