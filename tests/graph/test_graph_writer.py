"""The writer: changes that happen whole or not at all, each with its own snapshot."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Store

from tests.served import gone, until
from trigpoint.errors import (
    InvalidGraph,
    InvalidParameter,
    NoSuchGraph,
    QueryBusy,
    QueryFailed,
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
    TrigpointError,
)
from trigpoint.graph import QueryLimits
from trigpoint.graph.changes import Change, Document, Drop, Load, Update
from trigpoint.graph.writer import Writer

BASE = "http://127.0.0.1:8000/sparql"
GRAPH = "http://example.org/g"
Act = Callable[[Writer], Coroutine[Any, Any, None]]
Run = Callable[[Act], None]
# Products of products, of which each row is looked at.
ENDLESS = "INSERT { ?a <p> 1 } WHERE { " + " ".join(
    f"VALUES ?v{n} {{ {' '.join(map(str, range(100)))} }}" for n in range(9)
)
ENDLESS += f" FILTER({' + '.join(f'?v{n}' for n in range(9))} = -1) BIND(<a> AS ?a) }}"


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[asyncio.Runner, Writer]]:
    """One writer for the tests that leave it alive: its process takes a second."""
    with asyncio.Runner() as runner, writing(tmp_path_factory.mktemp("writer")) as one:
        yield runner, one


@pytest.fixture
def run(shared: tuple[asyncio.Runner, Writer]) -> Callable[[Act], None]:
    """Runs a test over the shared writer, empty as a new one."""
    runner, writer = shared

    async def over(act: Act) -> None:
        await writer.write(Update("DROP ALL"))
        await act(writer)

    return lambda act: runner.run(over(act))


@contextmanager
def writing(folder: Path, limits: QueryLimits | None = None) -> Iterator[Writer]:
    store = folder / "store"
    store.mkdir()
    writer = Writer(store, base=BASE, limits=limits or QueryLimits())
    try:
        yield writer
    finally:
        writer.close()


def lines(writer: Writer) -> list[str]:
    """The quads of the current snapshot, as anybody reads them."""
    return sorted(str(quad) for quad in Store.read_only(os.fspath(writer.current)))


def load(folder: Path, text: str, *, replace: bool = False) -> Load:
    path = folder / "body"
    path.write_text(text)
    return Load(GRAPH, (Document(path, "text/turtle", GRAPH),), replace)


def test_an_update_shows_in_a_new_snapshot(run: Run) -> None:
    """The old snapshot stays as it was, the new one has what was inserted."""

    async def act(writer: Writer) -> None:
        before = writer.current
        await writer.write(Update("INSERT DATA { <#a> <#b> 1 }"))
        assert writer.current != before
        assert not list(Store.read_only(os.fspath(before)))
        (line,) = lines(writer)
        assert line.startswith(f"<{BASE}#a> <{BASE}#b> ")

    run(act)


def test_an_update_that_fails_halfway_changes_nothing(run: Run) -> None:
    """What comes before an operation that cannot be done is not done either."""

    async def act(writer: Writer) -> None:
        before = writer.current
        with pytest.raises(QueryRejected, match="does not exist"):
            await writer.write(
                Update("INSERT DATA { <a> <b> 1 } ; DROP GRAPH <http://none/>")
            )
        assert writer.current == before
        await writer.write(Update("INSERT DATA { <a> <b> 2 }"))
        assert len(lines(writer)) == 1

    run(act)


def test_graphs_are_loaded_replaced_extended_and_dropped(
    run: Run, tmp_path: Path
) -> None:
    """Each operation says whether the graph was there, and blank nodes never merge."""

    async def act(writer: Writer) -> None:
        assert not await writer.write(load(tmp_path, "_:a <p> 1 ."))
        assert await writer.write(load(tmp_path, "_:a <p> 1 ."))
        assert len(lines(writer)) == 2
        assert await writer.write(load(tmp_path, "<s> <p> <o> .", replace=True))
        assert lines(writer) == [
            "<http://example.org/s> <http://example.org/p> <http://example.org/o> "
            f"<{GRAPH}>"
        ]
        await writer.write(Drop(GRAPH))
        assert not lines(writer)
        with pytest.raises(NoSuchGraph, match=GRAPH):
            await writer.write(Drop(GRAPH))

    run(act)


@pytest.mark.parametrize("replace", [True, False])
def test_a_document_that_breaks_off_changes_nothing(
    run: Run, tmp_path: Path, replace: bool
) -> None:
    """A syntax error after many good triples leaves the graph as it was; the message
    has its line, and not the name of our file."""

    async def act(writer: Writer) -> None:
        await writer.write(load(tmp_path, "<s> <p> 0 ."))
        good = "".join(f"<s> <p> {n} .\n" for n in range(25_000))
        with pytest.raises(InvalidGraph, match=r"line 25001[^()]*$"):
            await writer.write(load(tmp_path, f"{good}<s> <p>", replace=replace))
        assert len(lines(writer)) == 1
        await writer.write(load(tmp_path, "<s> <p> 1 ."))
        assert len(lines(writer)) == 2

    run(act)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Update("INSERT DATA { <a> <b>"), QueryRejected),
        (Update("LOAD <http://127.0.0.1:9/x>"), QueryRejected),
        (Update("ASK {}"), QueryRejected),
        (Update("CLEAR ALL", ("not an IRI",)), InvalidParameter),
        (Drop("http://example.org/none"), NoSuchGraph),
    ],
)
def test_what_is_refused_is_refused(
    run: Run, change: Change, error: type[TrigpointError]
) -> None:
    """What the guard or the store refuses is told, and makes no snapshot."""

    async def act(writer: Writer) -> None:
        before = writer.current
        with pytest.raises(error):
            await writer.write(change)
        assert writer.current == before

    run(act)


def test_named_graphs_in_a_document_are_refused(run: Run, tmp_path: Path) -> None:
    """A document holds one graph: JSON-LD with graphs inside is an error."""

    async def act(writer: Writer) -> None:
        path = tmp_path / "body"
        path.write_text('{"@id": "http://a/", "@graph": [{"http://p/": 1}]}')
        document = Document(path, "application/ld+json", GRAPH)
        with pytest.raises(InvalidGraph, match="Named graphs"):
            await writer.write(Load(GRAPH, (document,)))

    run(act)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (QueryLimits(time=0.5), QueryTimedOut),
        (QueryLimits(memory=1 << 28), QueryTooLarge),
    ],
    ids=["time", "memory"],
)
def test_a_change_past_a_limit_is_not_made(
    tmp_path: Path, limits: QueryLimits, error: type[TrigpointError]
) -> None:
    """Its process is ended and replaced, and the store is as it was."""
    doubling = "; ".join(
        "INSERT { <a> <p> ?n } WHERE { <a> <p> ?o BIND(CONCAT(?o, ?o) AS ?n) }"
        for _ in range(40)
    )
    text = ENDLESS if error is QueryTimedOut else doubling

    async def act(writer: Writer) -> None:
        await writer.write(Update('INSERT DATA { <a> <p> "0123456789" }'))
        before, pid = lines(writer), writer.pid()
        with pytest.raises(error, match="was not made"):
            await writer.write(Update(text))
        assert gone(pid)
        assert lines(writer) == before
        await writer.write(Update("INSERT DATA { <a> <p> 1 }"))
        assert len(lines(writer)) == len(before) + 1

    with writing(tmp_path, limits) as writer:
        asyncio.run(act(writer))


def test_a_writer_that_is_killed_is_replaced(run: Run) -> None:
    """Killed in the middle of a change it loses that change only."""

    async def act(writer: Writer) -> None:
        await writer.write(Update("INSERT DATA { <a> <p> 1 }"))
        change = asyncio.create_task(writer.write(Update(ENDLESS)))
        await asyncio.sleep(0.3)
        os.kill(writer.pid(), signal.SIGKILL)
        with pytest.raises(QueryFailed, match="as it was before"):
            await change
        await writer.write(Update("INSERT DATA { <a> <p> 2 }"))
        assert len(lines(writer)) == 2

    run(act)


def test_a_writer_that_was_killed_while_idle_is_not_missed(run: Run) -> None:
    """The next change is made by its successor."""

    async def act(writer: Writer) -> None:
        await writer.write(Update("INSERT DATA { <a> <p> 1 }"))
        pid = writer.pid()
        os.kill(pid, signal.SIGKILL)
        # Its files are closed when the last of its threads is gone.
        until(lambda: gone(pid) and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1)
        await writer.write(Update("INSERT DATA { <a> <p> 2 }"))
        assert writer.pid() != pid
        assert len(lines(writer)) == 2

    run(act)


def test_old_snapshots_are_removed_and_kept_ones_stay(run: Run) -> None:
    """Only the current snapshot, the one before it and the kept ones stay."""

    async def act(writer: Writer) -> None:
        kept = writer.current
        for n in range(10):
            await writer.write(Update(f"INSERT DATA {{ <a> <p> {n} }}"), [kept])
        snapshots = {path for path in kept.parent.iterdir() if path.name.isdecimal()}
        assert {kept, writer.current} < snapshots
        assert len(snapshots) == 3
        assert not list(Store.read_only(os.fspath(kept)))

    run(act)


def test_changes_wait_their_turn_and_too_many_are_refused(run: Run) -> None:
    """All that were taken are made, in order; one past the bound is told to come
    again."""

    async def act(writer: Writer) -> None:
        texts = [
            f"DELETE {{ <a> <p> ?o }} INSERT {{ <a> <p> {n} }} "
            "WHERE { OPTIONAL { <a> <p> ?o } }"
            for n in range(64)
        ]
        changes = [asyncio.create_task(writer.write(Update(t))) for t in texts]
        await asyncio.sleep(0)
        with pytest.raises(QueryBusy):
            await writer.write(Update("CLEAR ALL"))
        await asyncio.gather(*changes)
        (line,) = lines(writer)
        assert '"63"' in line

    run(act)
