"""`python -m bench [SUBJECT…] [--quick]`: measure, print, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from bench import report
from bench.inputs import Inputs
from bench.measure import Comparison, measure

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
# Title and module of each. Modules are imported when they are run: the gate's worker
# processes import this one, and should not have to load geopandas for it.
SUBJECTS = {
    "districts": ("Point in district", "bench.districts"),
    "nearest": ("What is nearest", "bench.nearest"),
    "gate": ("The gate", "bench.gate"),
    "log": ("The log", "bench.log"),
    "appends": ("Appending as a service", "bench.durable"),
    "rdf": ("RDF and views", "bench.rdf"),
    "sparql": ("SPARQL", "bench.sparql"),
    "endpoint": ("SPARQL over HTTP", "bench.sparql_served"),
    "http": ("HTTP", "bench.web"),
    "points": ("Tables of points", "bench.points"),
}
Comparisons: TypeAlias = Callable[[Inputs], Iterator[Comparison]]
_ROUNDS = 5
_QUICK_ROUNDS = 2
_QUICK_SHRINK = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subjects named, or all; 0 when all was measured.

    Only a whole run, of all subjects and at full size, writes the page: it must not
    mix figures of different runs.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    wanted = options.subjects or list(SUBJECTS)
    if unknown := set(wanted) - SUBJECTS.keys():
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    whole = not options.quick and not options.subjects
    console = Console()
    start = time.monotonic()
    results = []
    with tempfile.TemporaryDirectory(prefix="trigpoint-bench-") as folder:
        inputs = Inputs.here(Path(folder), _QUICK_SHRINK if options.quick else 1)
        for result in run(inputs, wanted, _QUICK_ROUNDS if options.quick else _ROUNDS):
            console.print(report.terminal(result))
            results.append(result)
    seconds = time.monotonic() - start
    if whole:
        PAGE.write_text(report.markdown(results, seconds), encoding="utf-8")
    said = f"written to {PAGE.name}" if whole else "not written: not a whole run"
    console.print(f"{len(results)} comparisons in {seconds:.0f} s; {said}")
    return 0


def run(
    inputs: Inputs, subjects: Sequence[str], rounds: int
) -> Iterator[report.Result]:
    """Measure the comparisons of some subjects, one after the other."""
    for name in subjects:
        title, module = SUBJECTS[name]
        comparisons: Comparisons = import_module(module).comparisons
        for comparison in comparisons(inputs):
            yield report.Result(title, comparison, measure(comparison, rounds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "subjects",
        nargs="*",
        metavar="SUBJECT",
        help=f"{', '.join(SUBJECTS)} (default: all)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="small inputs and few rounds"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
