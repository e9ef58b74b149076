"""The pool's end of a worker process: what it is given, and what comes of it.

Each worker has its own socket, and nothing is shared between workers, so one that is
killed, in whatever state, takes nothing along.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from socket import SHUT_RDWR
from typing import Final

from trigpoint.errors import QueryFailed, TrigpointError
from trigpoint.graph.answer import Answer
from trigpoint.graph.births import Births
from trigpoint.graph.engine import Bounds
from trigpoint.graph.frames import FrameReader, Kind, error_of, frame
from trigpoint.graph.limits import death, timed_out
from trigpoint.graph.query import Query, Snapshot
from trigpoint.graph.spool import Spool
from trigpoint.graph.worker import Job

_TAKEN: Final = 1 << 18  # bytes that are taken from the socket at once
_PATIENCE: Final = 0.25  # seconds that a query nobody waits for may go on
_WORN: Final = 384 << 20  # bytes of memory after which a worker is replaced

_log = logging.getLogger("trigpoint")


class WorkerProcess:
    """One worker process, till its end. Used in one event loop.

    `freed` is called when it can take a query, `ended` once when its process is gone.
    """

    def __init__(
        self,
        births: Births,
        bounds: Bounds,
        snapshot: Snapshot,
        freed: Callable[[WorkerProcess], None],
        ended: Callable[[WorkerProcess], None],
    ) -> None:
        """Raises OSError when no process can be started."""
        self._births = births
        self._bounds, self._freed, self._ended = bounds, freed, ended
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._answer: Answer | None = None
        self._error: TrigpointError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._opening: Snapshot | None = None
        self._expected = False  # whether it was us who ended it
        self.client: str | None = None  # whose query it runs
        self.ready = self.worn = False
        self.holds: frozenset[Path] = frozenset()
        self._status: int | None = None
        self._listening = self._deaf = self._overdue = False
        self._number, self._socket = births.start(self._died)
        self._socket.send(frame(Kind.SETUP, pickle.dumps(bounds)))
        self._listen()
        self.open(snapshot)

    @property
    def pid(self) -> int | None:
        """Its process, once it is known."""
        return self._births.pid(self._number)

    def open(self, snapshot: Snapshot) -> None:
        """Have it let go of other snapshots. Not while it runs a query."""
        self.opened = snapshot
        if self._opening is None:
            self._open()

    def _open(self) -> None:
        """Have it open the newest; those that come meanwhile are passed over, but for
        the last: opening takes longer than changing a small store does."""
        self._opening = self.opened
        self.holds |= {self.opened.path}
        try:
            self._socket.send(frame(Kind.OPEN, pickle.dumps(self.opened)))
        except OSError:
            self.kill()  # it is ending already

    async def run(self, snapshot: Snapshot, query: Query, spool: Spool) -> Answer:
        """Give it a query, and give back the answer to come. Raises OSError when the
        process has ended before it got it."""
        spool.drained = self._listen
        answer = Answer(snapshot, spool)
        answer.on_close(lambda: self._abandon(answer))
        job = frame(Kind.JOB, pickle.dumps(Job(snapshot, query)))
        self.opened = snapshot
        self.holds |= {snapshot.path}
        self._answer = answer
        self._timer = self._loop.call_later(self._bounds.limits.time, self._late)
        try:
            await self._loop.sock_sendall(self._socket, job)
        except asyncio.CancelledError:
            self.kill()
            raise
        except OSError:
            if not self._overdue:
                raise
        return answer

    def kill(self) -> None:
        """End the process; `ended` is called once it is gone."""
        self._expected = True
        self._births.kill(self._number)
        self._listen()  # or its end would not be seen

    def _late(self) -> None:
        if self._answer is not None:
            self._answer.end(timed_out(self._bounds.limits))
        self._overdue = True
        self.kill()

    def _abandon(self, answer: Answer) -> None:
        """Nobody waits for that answer any more."""
        if self._answer is not answer:
            return
        self._listen()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_PATIENCE, self.kill)

    def _listen(self) -> None:
        if not self._listening and not self._deaf:
            self._listening = True
            self._loop.add_reader(self._socket.fileno(), self._readable)

    def _pause(self) -> None:
        if self._listening:
            self._listening = False
            self._loop.remove_reader(self._socket.fileno())

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_TAKEN)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close()
            self._bury()
            return
        for kind, content in self._reader.feed(data):
            self._take(kind, content)
        going = not self._expected and self._status is None
        if going and self._answer is not None and self._answer.spool.full:
            self._pause()

    def _close(self) -> None:
        self._pause()
        self._deaf = True
        with suppress(OSError):  # the other end is gone
            # A loop that is sending keeps the socket open until that fails.
            self._socket.shutdown(SHUT_RDWR)
        self._socket.close()

    def _take(self, kind: Kind, content: bytes) -> None:
        if kind == Kind.READY:
            done, self._opening = self._opening, None
            if self._answer is None:
                if self.opened != done:
                    self._open()
                self._forget_others()
            if not self.ready:
                self.ready = True
                self._freed(self)
        elif kind == Kind.END:
            self.worn = self.worn or json.loads(content) > _WORN
            self._finish(self._error)
            self._error = None
            self._forget_others()
            self._freed(self)
        elif kind == Kind.ERROR:
            self._error = error_of(content)
        elif self._answer is not None:
            if kind == Kind.HEAD:
                self._answer.take_head(content)
            else:
                self._answer.take_body(content)

    def _forget_others(self) -> None:
        if self._opening in (None, self.opened):
            self.holds = frozenset((self.opened.path,))

    def _finish(self, error: TrigpointError | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(error)

    def lose(self) -> None:
        """Give it up: what it was forked by is gone."""
        self._expected = True
        self._close()
        self._died(-SIGKILL)

    def _died(self, status: int) -> None:
        self._status = status
        self._listen()  # for the rest of what it said
        self._bury()

    def _bury(self) -> None:
        """What is to be done once the process is gone, and all that it said is read."""
        if self._status is None or not self._deaf:
            return
        self.holds = frozenset()
        if self._expected:
            self._finish(QueryFailed("the process that ran the query was ended"))
        else:
            printed = self._births.printed()
            _log.warning("a query's process ended (%d): %s", self._status, printed)
            self._finish(death(self._status, self._bounds.limits))
        self._ended(self)
