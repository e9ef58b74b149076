"""Measuring side by side: what is compared runs in turns, in one process and run.

Machines are shared and their clocks drift, so a figure of one run says little. The
sides of a comparison take turns, round by round and in changing order, and the ratio
is the median of the rounds' own ratios: noise that lasts for a round cancels out.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

_LEAST_ROUNDS = 3
_PATIENCE = 12.0  # seconds; a comparison that took longer gets no more rounds

_CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


class SidesDisagree(Exception):
    """Two sides of a comparison gave different answers, so their speed says nothing."""


def nothing() -> None:
    """No preparation, or no remark."""


@dataclass(frozen=True)
class Side:
    """One way of doing the work. `run` does `count` units of it, or as many as
    `count` says after it.

    `prepare` is called before each run and not timed. What the first run returns, if
    anything, must be the same on all sides. `remark` is asked after the last round.
    """

    name: str
    count: int | Callable[[], int]
    run: Callable[[], object]
    prepare: Callable[[], object] = nothing
    remark: Callable[[], str | None] = nothing


@dataclass(frozen=True)
class Comparison:
    """Sides that do the same work on the same input; the first is the reference.

    Figures are `unit` a second with `per` "second", else `per` (s, ms or µs) for one
    `unit`. With `shares`, the sides are parts of the reference and their ratio is the
    part of its time. The processor's clock does not run while other programs have the
    cores: it is for work that is done in this process, and waits for nothing.
    """

    title: str
    given: str
    unit: str
    sides: Sequence[Side]
    per: Literal["second", "s", "ms", "µs"] = "second"
    shares: bool = False
    clock: Literal["wall", "processor"] = "wall"
    about: str = ""


@dataclass
class Measured:
    """Seconds for one unit on one side, a value a round, and against the reference.

    `ratios` are how many times as fast as the reference the side was, by round.
    """

    side: str
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    remark: str | None = None

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def measure(comparison: Comparison, rounds: int) -> list[Measured]:
    """Run a comparison; raises SidesDisagree when its sides answer differently."""
    _warm_up(comparison)
    found = [Measured(side.name) for side in comparison.sides]
    turns = list(zip(comparison.sides, found, strict=True))
    with _old_objects_frozen():
        _take_turns(turns, _CLOCKS[comparison.clock], rounds)
    for side, measured in zip(comparison.sides, found, strict=True):
        measured.remark = side.remark()
    return found


def _take_turns(
    turns: list[tuple[Side, Measured]], clock: Callable[[], float], rounds: int
) -> None:
    found = [measured for _, measured in turns]
    start = time.perf_counter()
    for _ in range(rounds):
        for side, measured in turns:
            spent = _time(side, clock)
            done = side.count() if callable(side.count) else side.count
            measured.seconds.append(spent / done)
        turns.reverse()
        for measured in found:
            measured.ratios.append(found[0].seconds[-1] / measured.seconds[-1])
        late = time.perf_counter() - start > _PATIENCE
        if late and len(found[0].seconds) >= _LEAST_ROUNDS:
            break


@contextmanager
def _old_objects_frozen() -> Iterator[None]:
    """Keep the garbage collector to what the sides make, which is then soon done."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _warm_up(comparison: Comparison) -> None:
    """Run each side once, untimed, and compare the answers."""
    answers: dict[str, object] = {}
    for side in comparison.sides:
        side.prepare()
        answer = side.run()
        if answer is not None:
            answers[side.name] = answer
    expected = next(iter(answers.values()), None)
    for name, answer in answers.items():
        if answer != expected:
            raise SidesDisagree(
                f"{comparison.title}: {name} answered {str(answer)[:200]}, and "
                f"{next(iter(answers))} {str(expected)[:200]}"
            )


def _time(side: Side, clock: Callable[[], float]) -> float:
    side.prepare()
    gc.collect()  # or this side would pay for what the last one left
    start = clock()
    side.run()
    return clock() - start
