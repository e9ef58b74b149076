"""How long ordinary answers take, measured in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

from tests.hostile.asking import client_at, path_of, persist

POINT = "/lookup/point?lon=-0.1276&lat=51.5072"
RECORD = path_of("SELECT ?p ?o { </id/country/GB> ?p ?o }")
_PAUSE = 0.01  # seconds between an answer and the next question


@dataclass(frozen=True)
class Pace:
    """Milliseconds that answers took."""

    times: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.times)

    def __str__(self) -> str:
        high = quantiles(self.times, n=100)[98]
        return f"median {self.median:.2f} ms, 99 % {high:.2f} ms ({len(self.times)})"


def pace(home: str, seconds: float, last: int) -> tuple[Pace, Pace]:
    """The pace of look-ups and of queries for one record, asked in turn by one client
    over one connection for so many seconds. Each must be answered: a look-up at once, a
    query at the latest when it is asked again, which is counted as one long time."""
    times: dict[str, list[float]] = {POINT: [], RECORD: []}
    end = time.monotonic() + seconds
    with client_at(home, last) as client:
        while time.monotonic() < end:
            for path, taken in times.items():
                begun = time.perf_counter()
                answer = client.get(path)
                if path == RECORD and answer.headers.get("retry-after"):
                    answer = persist(partial(client.get, path))
                taken.append(1000 * (time.perf_counter() - begun))
                assert answer.status_code == 200, answer.text
                time.sleep(_PAUSE)
    look_ups, queries = (_pace(one) for one in times.values())
    return look_ups, queries


def _pace(times: Sequence[float]) -> Pace:
    return Pace(tuple(times))
