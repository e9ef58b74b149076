"""What was measured, as a table for the terminal and as docs/benchmarks.md."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.table import Table

from bench.measure import Comparison, Measured

_LIBRARIES = (
    *("convertbng", "fastapi", "geopandas", "numpy", "polars", "pyarrow"),
    *("pyoxigraph", "pyproj", "pyshacl", "rdflib", "sedonadb", "shapely", "uvicorn"),
)
_COLUMNS = ("side", "figure", "least – most", "ratio", "")
_SCALES = {"s": 1.0, "ms": 1e3, "µs": 1e6}
_HOW_TO_READ = """\
Written by `make bench`; do not edit. Every comparison ran its sides in turns, in one
run, in changing order, after a round that did not count. A figure is the median of the
rounds; beside it stand the least and the most. **Read the ratios**: the median, over
the rounds, of how many times as fast as the first side the side was in that round.
Seconds depend on the machine and on who else uses it; ratios less, and least by the
processor clock, which stands still while other programs run. In tables *by phase* the
ratio is the part of the whole's time instead. The sides gave the same answers, where
they give any, or the run would have ended with an error.
"""


@dataclass(frozen=True)
class Result:
    """A comparison and what was measured, in the order of its sides."""

    subject: str
    comparison: Comparison
    measured: list[Measured]


def rows(result: Result) -> list[tuple[str, ...]]:
    """The cells of a result's table: side, figure, range, ratio, remark."""
    return [
        (
            one.side,
            figure(one.median, result.comparison),
            _range(one.seconds, result.comparison),
            _ratio(one, first=n == 0, shares=result.comparison.shares),
            one.remark or "",
        )
        for n, one in enumerate(result.measured)
    ]


def figure(seconds: float, comparison: Comparison) -> str:
    """Seconds for one unit, in the comparison's own measure."""
    if comparison.per == "second":
        return f"{_short(1 / seconds)} {comparison.unit}/s"
    return f"{_short(seconds * _SCALES[comparison.per])} {comparison.per}"


def terminal(result: Result) -> Table:
    """A table for the terminal."""
    comparison = result.comparison
    table = Table(title=f"{comparison.title}\n{comparison.given}", title_justify="left")
    for n, name in enumerate(_COLUMNS):
        table.add_column(name, justify="right" if n in (1, 2, 3) else "left")
    for row in rows(result):
        table.add_row(*row)
    return table


def markdown(results: Iterable[Result], seconds: float) -> str:
    """The page docs/benchmarks.md."""
    parts = ["# Benchmarks", _HOW_TO_READ.rstrip(), _machine(seconds)]
    subject = about = ""
    for result in results:
        if result.subject != subject:
            subject = result.subject
            parts.append(f"## {subject}")
        parts.append(_section(result))
        # Said once where several comparisons in a row have it in common.
        if result.comparison.about not in ("", about):
            about = result.comparison.about
            parts.append(about)
    return "\n\n".join(parts) + "\n"


def _section(result: Result) -> str:
    comparison = result.comparison
    rounds = len(result.measured[0].seconds)
    lines = [
        f"### {comparison.title}",
        "",
        f"{comparison.given}. {rounds} rounds, by the {comparison.clock} clock.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---|--:|--:|--:|---|",
        *(f"| {' | '.join(row)} |" for row in rows(result)),
    ]
    return "\n".join(lines)


def _range(seconds: list[float], comparison: Comparison) -> str:
    ends = sorted((min(seconds), max(seconds)), reverse=comparison.per == "second")
    least, most = (figure(end, comparison).split(" ")[0] for end in ends)
    return f"{least} – {most}"


def _ratio(one: Measured, *, first: bool, shares: bool) -> str:
    if first:
        return "whole" if shares else "1"
    return f"{100 / one.ratio:.0f} %" if shares else f"{_short(one.ratio)} ×"


def _short(value: float) -> str:
    """Three digits that count, thousands set apart."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def _machine(seconds: float) -> str:
    facts: Mapping[str, str] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{_memory() / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "load": f"{os.getloadavg()[1]:.1f} processes on average over the last five "
        f"minutes, ours among them; the run took {seconds:.0f} s",
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def _processor() -> str:
    """The processor's model, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
