"""Where worker processes come from: a process that has in memory what they need, and
forks.

A new process takes half a second of a core to read Python's modules and the grammar,
and a fork some milliseconds, so a query that has its worker killed costs others little.
Started by `QueryPool` as `python -m trigpoint.graph FD`. What forks runs no query, has
one thread, and ends when the other end of its socket closes, its workers with it.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
import sys
from enum import IntEnum
from typing import Final

from trigpoint.graph.sparql import parse_query
from trigpoint.graph.worker import serve

ORDER: Final = struct.Struct("!BI")  # what, and the number of a worker
REPORT: Final = struct.Struct("!BIi")  # the same, and a process id or a status


class Word(IntEnum):
    """Orders, and reports."""

    FORK = 1  # comes with the worker's end of its socket
    KILL = 2
    BORN = 3  # the process id
    DIED = 4  # the status


class Nursery:
    """The process that forks, in its own eyes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._wakes, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._numbers: dict[int, int] = {}  # by process id

    def run(self) -> socket.socket | None:
        """Follow orders until there are none; in a worker, returns its socket."""
        parse_query("ASK {}")  # reads the grammar
        gc.freeze()  # what is here now is shared, and stays where it is
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken.fileno())
        while True:
            ready, _, _ = select.select([self._control, self._wakes], [], [])
            if self._wakes in ready:
                self._wakes.recv(4096)
                self._reap(os.WNOHANG)
            if self._control in ready:
                order, files, _, _ = socket.recv_fds(self._control, ORDER.size, 1)
                if len(order) < ORDER.size:
                    self._end()
                    return None
                word, number = ORDER.unpack(order)
                if word == Word.KILL:
                    self._kill(number)
                elif not self._fork(number, files[0]):
                    return socket.socket(fileno=files[0])

    def _fork(self, number: int, file: int) -> bool:
        """False in the child."""
        try:
            process = os.fork()
        except OSError as error:
            print(f"no worker could be forked: {error}", file=sys.stderr)
            self._report(Word.DIED, number, -signal.SIGKILL)
        else:
            if not process:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for one in (self._control, self._wakes, self._woken):
                    one.close()
                return False
            self._numbers[process] = number
            self._report(Word.BORN, number, process)
        os.close(file)
        return True

    def _kill(self, number: int) -> None:
        for process, other in self._numbers.items():
            if other == number:
                os.kill(process, signal.SIGKILL)  # not reaped yet, so still its own

    def _reap(self, flags: int) -> None:
        while self._numbers:
            process, status = os.waitpid(-1, flags)
            if not process:
                return
            ended = os.waitstatus_to_exitcode(status)
            self._report(Word.DIED, self._numbers.pop(process), ended)

    def _end(self) -> None:
        for process in self._numbers:
            os.kill(process, signal.SIGKILL)
        self._reap(0)

    def _report(self, word: Word, number: int, value: int) -> None:
        try:
            self._control.sendall(REPORT.pack(word, number, value))
        except OSError:
            return  # nobody listens; the end of orders says so, too


def main(file: int) -> None:
    """Be the process that forks, or a worker of it."""
    connection = Nursery(socket.socket(fileno=file)).run()
    if connection is not None:
        serve(connection)
