"""`python -m bench [SUBJECT…] [--quick]`: measure, print, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from bench import districts, gate, log, nearest, rdf, report, sparql, web
from bench.inputs import Inputs
from bench.measure import Comparison, measure

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SUBJECTS: dict[str, tuple[str, Callable[[Inputs], Iterator[Comparison]]]] = {
    "districts": ("Point in district", districts.comparisons),
    "nearest": ("What is nearest", nearest.comparisons),
    "gate": ("The gate", gate.comparisons),
    "log": ("The log", log.comparisons),
    "rdf": ("RDF and views", rdf.comparisons),
    "sparql": ("SPARQL", sparql.comparisons),
    "http": ("HTTP", web.comparisons),
}
_ROUNDS = 7
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
        title, comparisons = SUBJECTS[name]
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
