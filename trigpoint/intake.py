"""A queue in front of one writer: what waits is done together, each answered alone.

An append is durable only once the disk says so, and signing costs as much again,
whether for one entry or for hundreds. So nothing is appended by itself: while one group
is being written, the next gathers, and its size follows the load (group commit). What
the work is, is no business of this module.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from trigpoint.errors import TooBusy, TrigpointError

_PATIENCE = 0.1  # of the time that a group took, which the next may wait to fill

Work = TypeVar("Work")
Done = TypeVar("Done")


@dataclass(frozen=True)
class IntakeLimits:
    """How much may wait and be done at once.

    `group` pieces of work are done together at most; `waiting` of them may wait, of
    `weight` together (bytes, say), and any one sender may take up half of either.
    """

    group: int = 256
    waiting: int = 2_048
    weight: int = 64_000_000


@dataclass
class _Waiting(Generic[Work, Done]):
    work: Work
    weight: int
    answer: Future[Done] = field(default_factory=Future)


@dataclass
class _Sender(Generic[Work, Done]):
    """What one sender has waiting, oldest first."""

    waiting: deque[_Waiting[Work, Done]] = field(default_factory=deque)
    weight: int = 0


def nothing() -> None:
    """Nothing is left to be done at the end."""


class Intake(Generic[Work, Done]):
    """Takes work from any thread and has one thread do it, in groups.

    `do` is given a group and returns as many answers, each a result or the error that
    refuses it; what it raises refuses the whole group. Senders take turns, so that one
    who sends much does not keep the others waiting. `at_end` is the last thing that the
    thread does.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Work]], Sequence[Done | TrigpointError]],
        limits: IntakeLimits | None = None,
        *,
        at_end: Callable[[], object] = nothing,
    ) -> None:
        self._do = do
        self._at_end = at_end
        self._limits = limits or IntakeLimits()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._lock = threading.Condition()  # held for what stands below
        self._senders: OrderedDict[str, _Sender[Work, Done]] = OrderedDict()
        self._count = 0
        self._weight = 0
        self._busy = False
        self._closed = False

    def submit(self, work: Work, *, sender: str = "", weight: int = 1) -> Future[Done]:
        """Have `work` done; the future has its result, or the error that refused it.

        Raises TooBusy, at once, when as much as may wait is waiting already.
        """
        one: _Waiting[Work, Done] = _Waiting(work, weight)
        with self._lock:
            self._check_room(sender, weight)
            found = self._senders.setdefault(sender, _Sender())
            found.waiting.append(one)
            found.weight += weight
            self._count += 1
            self._weight += weight
            self._start()
            self._lock.notify_all()
        return one.answer

    def close(self) -> None:
        """Take no more work, and return when all that was taken is done."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._lock.wait_for(lambda: not self._busy)
        self._writer.submit(self._at_end)
        self._writer.shutdown()

    def _check_room(self, sender: str, weight: int) -> None:
        if self._closed:
            raise TooBusy("this server is ending: send it again in a while")
        limits, mine = self._limits, self._senders.get(sender, _Sender())
        if (
            self._count >= limits.waiting
            or self._weight + weight > limits.weight
            or len(mine.waiting) >= limits.waiting // 2
            or mine.weight + weight > limits.weight // 2
        ):
            raise TooBusy(
                f"{self._count} submissions are waiting already: try again later",
                limit=limits.waiting,
            )

    def _start(self) -> None:
        """Have the writer do the next group, unless it is at one; the lock is held."""
        if not self._busy and self._count:
            self._busy = True
            self._writer.submit(self._run, self._take())

    def _take(self) -> list[_Waiting[Work, Done]]:
        """The next group: one piece of each sender in turn, oldest first."""
        group: list[_Waiting[Work, Done]] = []
        while self._senders and len(group) < self._limits.group:
            name, sender = self._senders.popitem(last=False)
            one = sender.waiting.popleft()
            sender.weight -= one.weight
            self._count -= 1
            self._weight -= one.weight
            if sender.waiting:
                self._senders[name] = sender  # and to the end of the line
            # Not when whoever sent it gave up waiting.
            if one.answer.set_running_or_notify_cancel():
                group.append(one)
        return group

    def _run(self, group: list[_Waiting[Work, Done]]) -> None:
        began = time.monotonic()
        try:
            answers = self._do([one.work for one in group]) if group else []
            for one, answer in zip(group, answers, strict=True):
                if isinstance(answer, TrigpointError):
                    one.answer.set_exception(answer)
                else:
                    one.answer.set_result(answer)
        except BaseException as error:
            # Whatever it is, nobody may be left waiting for an answer.
            for one in group:
                if not one.answer.done():
                    one.answer.set_exception(error)
            raise
        finally:
            with self._lock:
                self._gather(self._count + len(group), time.monotonic() - began)
                self._busy = False
                self._start()
                self._lock.notify_all()

    def _gather(self, expected: int, spent: float) -> None:
        """Give those who were just answered a moment to send again; the lock is held.

        Else they would miss the next group, and two groups of half the size would take
        turns for ever. The moment is short against what the last group took.
        """
        most = min(expected, self._limits.group)
        self._lock.wait_for(
            lambda: self._count >= most or self._closed, spent * _PATIENCE
        )
