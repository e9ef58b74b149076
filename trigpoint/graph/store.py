"""The on-disk quad store as a view that can be deleted and built again.

Current records are in the default graph, catalogue and provenance in named
graphs. A store that is served never changes: a change goes into a fork (hard
links to the same immutable files) which then takes its place. A folder whose
build or change was interrupted is just never switched to.

Oxigraph keeps numbers, booleans, dates and times as values and gives them back
in its own canonical form: `01` and `+1` become `1`, decimal `1.50` becomes
`1.5` and `1.0` becomes `1`, double `1.0E3` becomes `1000`, boolean `1` becomes
`true`, `+00:00` becomes `Z`, seconds lose trailing zeros, hour 24 becomes hour
0 of the next day, duration `P1Y12M` becomes `P2Y`; language tags become lower
case. Values it cannot hold (a month 13, year `01905`, an integer past 64 bits)
stay text, byte for byte, and so do strings, IRIs and WKT. Lines in canonical
form (canonical N-Triples with these lexical forms) come back as they were.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from pyoxigraph import (
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    Store,
    parse,
)

from trigpoint.errors import ViewOutdated

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from typing_extensions import Buffer

_BATCH: Final = 20_000


class GraphView:
    """One store folder: built, forked and changed here, queried by `QueryPool`.

    A view made by `build` or `fork` can be changed and holds the folder's lock;
    `close` flushes it and gives the lock back. A view made by `open` only reads,
    and any number of processes may have it open, as long as none changes it.
    """

    def __init__(self, store: Store, path: Path) -> None:
        self._store: Store | None = store
        self.path = path

    @classmethod
    def build(
        cls,
        path: str | PathLike[str],
        lines: Iterable[str],
        named: Mapping[str, Iterable[str]],
    ) -> GraphView:
        """Load a new store from N-Triples lines (with or without line feeds).

        `lines` go to the default graph, `named` maps a graph IRI to its lines.
        All are read once, as they come; the engine sorts a million at a time in
        memory, which takes it up to 1.5 GB, however many there are.
        Raises FileExistsError if the folder holds anything, and ValueError for a
        line that is not N-Triples; the folder is then good for nothing.
        """
        folder = Path(path)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty; a store is built anew")
        view = cls(Store(fspath(folder)), folder)
        view._bulk_load(_blocks(lines), DefaultGraph())
        for iri, graph_lines in named.items():
            view._bulk_load(_blocks(graph_lines), NamedNode(iri))
        return view

    @classmethod
    def open(cls, path: str | PathLike[str]) -> GraphView:
        """Open a finished store for reading. Raises ViewOutdated if there is none."""
        folder = Path(path)
        try:
            return cls(Store.read_only(fspath(folder)), folder)
        except (OSError, RuntimeError) as error:  # RuntimeError: torn contents
            raise ViewOutdated(
                f"{folder} is not a readable store ({error}); rebuild the views"
            ) from None

    def fork(self, new_path: str | PathLike[str]) -> GraphView:
        """A changeable copy at `new_path`, which must not exist yet.

        On the same file system the data files are hard links, so this takes
        milliseconds at any size. This view stays as it is.
        """
        folder = Path(new_path)
        self._open_store().backup(fspath(folder))
        return GraphView(Store(fspath(folder)), folder)

    def apply(
        self, removed: Iterable[str], added: Iterable[str], graph: str | None = None
    ) -> None:
        """Take N-Triples lines out of a named graph, or the default graph, and put
        others in.

        All removals come first, so a line in both stays. A line must belong to
        one record only: it does, since a record's lines have the record or a
        part of it (`{record}/geometry`) as subject, and keys are encoded so that
        no record's IRI continues another's with a slash.
        """
        store, target = self._open_store(), _graph_of(graph)
        for quad in _quads(removed, target):
            store.remove(quad)
        self._extend(added, target)
        store.flush()

    def load(self, texts: Iterable[pl.Series]) -> None:
        """Add N-Quads: columns of texts of whole lines with their line feeds, taken as
        they come. A line that names no graph is for the default graph.

        For many lines far quicker than `apply`, within the memory that `build` takes;
        their IRIs are not looked at. Raises ValueError for what is not N-Quads.
        """
        blocks = (_buffer(column) for column in texts)
        self._bulk_load(blocks, None, lenient=True)

    def replace_graph(self, iri: str, lines: Iterable[str]) -> None:
        """Make the named graph hold exactly these N-Triples lines."""
        store = self._open_store()
        graph = NamedNode(iri)
        store.remove_graph(graph)
        self._extend(lines, graph)
        store.flush()

    def size(self, graph: str | None = None) -> int:
        """Triples in a named graph, or in the whole store. Counts them (0.1 s a
        million)."""
        store = self._open_store()
        if graph is None:
            return len(store)
        name = NamedNode(graph)
        return sum(1 for _ in store.quads_for_pattern(None, None, None, name))

    def describe(self, iri: str) -> list[str]:
        """The canonical N-Triples lines of a record in the default graph, sorted.

        Includes the lines of its parts: objects whose IRI continues the
        record's with a slash, such as `{iri}/geometry`. Empty if there are none.
        """
        lines: list[str] = []
        part = f"{iri}/"
        todo = [iri]
        seen = {iri}
        while todo:
            found = self._open_store().quads_for_pattern(
                NamedNode(todo.pop()), None, None, DefaultGraph()
            )
            for quad in found:
                lines.append(f"{quad.triple} .")
                target = quad.object
                name = target.value if isinstance(target, NamedNode) else ""
                if name.startswith(part) and name not in seen:
                    seen.add(name)
                    todo.append(name)
        return sorted(lines)

    def close(self) -> None:
        """Give up files and lock; all that was changed is on disk already."""
        self._store = None

    def __enter__(self) -> GraphView:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _open_store(self) -> Store:
        if self._store is None:
            raise ValueError(f"the view of {self.path} is closed")
        return self._store

    def _bulk_load(
        self,
        blocks: Iterable[Buffer],
        graph: NamedNode | DefaultGraph | None,
        *,
        lenient: bool = False,
    ) -> None:
        """Load N-Triples into a graph, or without one N-Quads."""
        store = self._open_store()
        form = RdfFormat.N_TRIPLES if graph else RdfFormat.N_QUADS

        def take(path: str) -> None:
            store.bulk_load(path=path, format=form, to_graph=graph, lenient=lenient)

        try:
            _pipe(blocks, take)
        except SyntaxError as error:
            raise ValueError(f"not {form.name}: {error}") from None
        store.flush()

    def _extend(self, lines: Iterable[str], graph: NamedNode | DefaultGraph) -> None:
        store = self._open_store()
        quads = _quads(lines, graph)
        while batch := list(islice(quads, _BATCH)):
            store.extend(batch)


class _BlockReader(io.RawIOBase):
    """Blocks of bytes as a stream."""

    def __init__(self, blocks: Iterable[Buffer]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block).cast("B")
        room = memoryview(buffer).cast("B")
        taken = self._rest[: len(room)]
        room[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _pipe(blocks: Iterable[Buffer], take: Callable[[str], None]) -> None:
    """Write blocks into a pipe as they are made; meanwhile `take` reads them, in a
    thread of its own, by the path that it is given. Raises what `take` does.

    From an object of Python's the engine would read 2 kB at a time, and would have to
    have the interpreter each time: whatever else runs would stand in its way.
    """
    reading, writing = os.pipe()

    def reader() -> None:
        try:
            take(f"/dev/fd/{reading}")
        finally:
            os.close(reading)  # who still writes is told so

    with ThreadPoolExecutor(1) as beside:
        with suppress(BrokenPipeError), open(writing, "wb", buffering=0) as pipe:
            taken = beside.submit(reader)
            for block in blocks:
                rest = memoryview(block).cast("B")
                while rest:
                    rest = rest[pipe.write(rest) :]
        taken.result()


def _blocks(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines, with or without line feeds, as UTF-8."""
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        whole = (line if line.endswith("\n") else f"{line}\n" for line in batch)
        yield "".join(whole).encode()


def _buffer(texts: pl.Series) -> Buffer:
    """The texts of a column, one after the other, as UTF-8."""
    # Arrow keeps them so (Columnar Format, "Variable-size Binary Layout").
    column = texts.drop_nulls().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = column.buffers()
    if data is None:
        return b""
    bounds = memoryview(offsets).cast("q")
    first, last = bounds[column.offset], bounds[column.offset + len(column)]
    return memoryview(data)[first:last]


def _graph_of(iri: str | None) -> NamedNode | DefaultGraph:
    return DefaultGraph() if iri is None else NamedNode(iri)


def _quads(lines: Iterable[str], graph: NamedNode | DefaultGraph) -> Iterator[Quad]:
    reader = io.BufferedReader(_BlockReader(_blocks(lines)), buffer_size=1 << 16)
    for statement in parse(reader, RdfFormat.N_TRIPLES):
        if isinstance(statement.subject, NamedNode):
            yield Quad(statement.subject, statement.predicate, statement.object, graph)
