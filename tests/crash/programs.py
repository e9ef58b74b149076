"""The real programs, each in a process of its own that is to be killed.

A process is forked from one that has imported them all, so that it begins at once. It
says so, runs a program's `main` with words as a shell would give them, and says with
which code that ended. What it prints goes to a file.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import api.__main__
import loaders.__main__
import trigpoint.cli

PATIENCE = 120.0  # seconds after which a program is taken to hang
_LATE = 0.002  # seconds at most from a change of files to the kill


class Victim:
    """A function that runs in a process of its own, which has just begun."""

    def __init__(self, task: Callable[..., int], *arguments: object) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(theirs, task, arguments))
        self._process.start()
        theirs.close()
        self.code: int | None = None
        self.took = 0.0
        assert self._ours.recv() == "go"
        self._began = time.monotonic()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def over(self, seconds: float = 0.0) -> bool:
        """Whether it has ended by itself, or does within so many seconds."""
        if self.code is None and self._ours.poll(seconds):
            self.took = time.monotonic() - self._began
            try:
                self.code = self._ours.recv()
            except EOFError:
                self.code = -1  # an error that it did not expect
        return self.code is not None

    def kill(self) -> None:
        """End it with SIGKILL, unless it has ended."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._ours.close()


def _run(
    ready: Connection, task: Callable[..., int], arguments: Sequence[object]
) -> None:
    ready.send("go")
    ready.send(task(*arguments))


def program(output: Path, *words: str | Path) -> Victim:
    """A program that has just begun; the first word names it."""
    # A file of its own, since a worker of a killed server may print to the last one.
    output.unlink(missing_ok=True)
    output.touch()
    return Victim(_run_program, output, [str(word) for word in words])


def _run_program(output: Path, words: Sequence[str]) -> int:
    with output.open("w", encoding="utf-8", buffering=1) as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        sys.stdout = sys.stderr = said
        name, *rest = words
        try:
            return _MAINS[name](rest)
        except SystemExit as end:
            return int(end.code or 0)


def _trigpoint(words: list[str]) -> int:
    sys.argv = ["trigpoint", *words]
    trigpoint.cli.main()
    return 0


_MAINS: dict[str, Callable[[list[str]], int]] = {
    "api": api.__main__.main,
    "loaders": loaders.__main__.main,
    "trigpoint": _trigpoint,
}


class Killer:
    """Runs a program again and again and kills it: at moments spread over its time, or
    right after it changed files below `places` for the n-th time.

    The changes are those between which a crash could tear something. How many there
    are, and how long it all takes, is what it was when the program ended last.
    """

    def __init__(self, chance: random.Random, *places: Path) -> None:
        self._chance = chance
        self._places = places
        self._took = 0.0
        self._changes = 0

    def run(self, output: Path, *words: str | Path) -> None:
        """Run a program to its end, which must be a good one."""
        victim = program(output, *words)
        self._changes = max(self._watch(victim, None), 1)
        code, self._took = victim.code, victim.took
        victim.kill()
        assert code == 0, f"{words}: {code}: {output.read_text('utf-8')}"

    def kill(self, output: Path, *words: str | Path) -> bool:
        """Run a program and kill it; returns whether it had ended well before."""
        by_change = self._chance.random() < 0.6
        delay = self._chance.random() * self._took
        change = self._chance.randint(1, self._changes)
        late = self._chance.random() * _LATE
        victim = program(output, *words)
        if by_change:
            self._watch(victim, change)
            time.sleep(late)
            victim.over()
        else:
            victim.over(delay)
        victim.kill()
        assert victim.code in (0, None), output.read_text("utf-8")
        return victim.code == 0

    def _watch(self, victim: Victim, change: int | None) -> int:
        """Wait for the n-th change, or for the end; returns how many changes there
        were."""
        until = time.monotonic() + PATIENCE
        held, seen = _signature(self._places), 0
        while seen != change and not victim.over(0.0002):
            now = _signature(self._places)
            seen += now != held
            held = now
            assert time.monotonic() < until, "a program hangs"
        return seen


def _signature(places: Sequence[Path]) -> list[tuple[str, int, int]]:
    return [one for place in places for one in _files(place)]


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The files below a folder, with their sizes and times of change."""
    try:
        found = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return  # it went while we looked
    for one in found:
        if one.is_dir(follow_symlinks=False):
            yield from _files(Path(one.path))
        else:
            try:
                state = one.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield one.path, state.st_size, state.st_mtime_ns
