"""The pool's end of the process that forks its workers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from trigpoint.graph.child import Child
from trigpoint.graph.nursery import ORDER, REPORT, Word

_TAKEN: Final = 1 << 12

_log = logging.getLogger("trigpoint")


class Births:
    """Starts workers, and says of each when it has ended. Used in one event loop.

    `lost` is called when the process is gone, and with it all workers that are not said
    to have ended.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        """Raises OSError when no process can be started."""
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._child = Child("trigpoint.graph", quick=True)
        self._control = self._child.socket
        self._partial = b""
        self._next = 0
        self._ends: dict[int, Callable[[int], None]] = {}
        self._pids: dict[int, int] = {}
        self._loop.add_reader(self._control.fileno(), self._readable)

    def start(self, ended: Callable[[int], None]) -> tuple[int, socket.socket]:
        """A new worker's number, and a socket to it; `ended` is called with its status.

        Raises OSError when the process that forks is gone.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._next += 1
        order = ORDER.pack(Word.FORK, self._next)
        with theirs:
            try:
                socket.send_fds(self._control, [order], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        self._ends[self._next] = ended
        return self._next, ours

    def kill(self, number: int) -> None:
        """SIGKILL for a worker, since native code hears nothing else."""
        if number in self._ends and self._control.fileno() >= 0:
            with suppress(OSError):  # what forks is gone: `lost` is called soon
                self._control.send(ORDER.pack(Word.KILL, number))

    def pid(self, number: int) -> int | None:
        """The process of a worker, once it has one."""
        return self._pids.get(number)

    def printed(self) -> str:
        """What workers printed since this was asked last."""
        return self._child.printed()

    async def close(self) -> None:
        """End the process and all workers, and wait until they are gone."""
        self._hush()
        await self._reap()

    async def _bury(self) -> None:
        status, printed = await self._reap()
        _log.warning("the process that forks workers ended (%d): %s", status, printed)

    async def _reap(self) -> tuple[int, str]:
        return await self._loop.run_in_executor(None, self._child.wait)

    def _hush(self) -> None:
        if self._control.fileno() >= 0:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()

    def _readable(self) -> None:
        try:
            data = self._control.recv(_TAKEN)
        except OSError:
            data = b""
        if not data:
            self._hush()
            self._burial = self._loop.create_task(self._bury())
            self._lost()
            return
        data = self._partial + data
        whole = len(data) - len(data) % REPORT.size
        self._partial = data[whole:]
        for word, number, value in REPORT.iter_unpack(data[:whole]):
            if word == Word.BORN:
                self._pids[number] = value
            else:
                self._pids.pop(number, None)
                self._ends.pop(number)(value)
