"""Several server processes on one port: started, watched, replaced, ended together.

The system shares connections out among their sockets. This process keeps the sockets
open, so that what is sent to a process that died waits for the one that replaces it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path

import api
from api.server import GRACE, Setup

_PATIENCE = GRACE + 5  # seconds that processes may take to end before they are killed
_GOING = 2.0  # seconds from the last that is heard of a process to its end
_DEATHS, _WITHIN = 5, 60.0  # so many deaths within so many seconds are not bad luck


def shares(setup: Setup, processes: int) -> list[Setup]:
    """What each of several processes serves: the same, and the first leads."""
    return [replace(setup, leads=n == 0) for n in range(processes)]


def supervise(setups: Sequence[Setup], sockets: Sequence[socket.socket]) -> int:
    """Serve with a process for each setup and socket, until a signal ends them all.

    A process that ends by itself is replaced. Returns 0, or 2 when one ended before it
    was ready, or too many did in a short time: then all end.
    """
    running: list[_Process] = []
    with _stopping() as stop:
        try:
            for setup, one in zip(setups, sockets, strict=True):
                running.append(_Process(setup, one))
            fault = _watch(running, stop)
        finally:
            for one in sockets:
                one.close()
            _end(running)
    if fault:
        print(f"python -m api: {fault}", file=sys.stderr)
    return 2 if fault else 0


def _watch(running: list[_Process], stop: socket.socket) -> str:
    """Replace what ends, until `stop` can be read; returns what makes an end of it."""
    deaths: deque[float] = deque(maxlen=_DEATHS)
    while True:
        watched = {process.control.fileno(): process for process in running}
        for ready in wait([stop.fileno(), *watched]):
            process = watched.get(ready) if isinstance(ready, int) else None
            if process is None:
                return ""
            if process.is_well():
                continue
            status = process.status()
            if not process.ready:
                return f"a server process ended before it was ready (status {status})"
            deaths.append(time.monotonic())
            if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _WITHIN:
                return f"server processes keep ending (the last with status {status})"
            print(
                f"a server process ended (status {status}) and is replaced",
                file=sys.stderr,
            )
            running[running.index(process)] = process.successor()


class _Process:
    """One server process. Its end of `control` closes when it dies."""

    def __init__(self, setup: Setup, listening: socket.socket) -> None:
        self._setup, self._listening = setup, listening
        self.ready = False
        self.control, theirs = Pipe()
        files = theirs.fileno(), listening.fileno()
        roots = [str(Path(api.__file__).parents[1]), os.environ.get("PYTHONPATH")]
        # A session of its own: an interrupt at the terminal is for this process.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "api.process", *map(str, files)],
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
            start_new_session=True,
        )
        theirs.close()
        self.control.send(setup)

    def is_well(self) -> bool:
        """Take what it says; whether it lives."""
        try:
            self.ready = bool(self.control.recv())
        except (EOFError, OSError):
            return False
        return True

    def status(self) -> int:
        """The status that it ended with; it is killed if it lives on unheard."""
        self._reap(_GOING)
        return self._process.returncode

    def successor(self) -> _Process:
        self.control.close()
        return _Process(self._setup, self._listening)

    def ask_to_end(self) -> None:
        self._process.terminate()

    def end(self, patience: float) -> None:
        """Wait for the end, or make one."""
        self._reap(max(0.0, patience))
        self.control.close()

    def _reap(self, patience: float) -> None:
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _end(running: Sequence[_Process]) -> None:
    until = time.monotonic() + _PATIENCE
    for process in running:
        process.ask_to_end()
    for process in running:
        process.end(until - time.monotonic())


@contextmanager
def _stopping() -> Iterator[socket.socket]:
    """A socket that can be read once this process was asked to end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: None) for one in signals]
    signal.set_wakeup_fd(theirs.fileno())
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(-1)
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)
        ours.close()
        theirs.close()
