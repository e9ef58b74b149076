"""The benchmarks run, compare what they say they do, and are written down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bench import __main__ as program
from bench.inputs import Inputs
from bench.measure import Comparison, Side, SidesDisagree, measure
from bench.report import Result, figure, markdown, rows, terminal

SHRINK = 2_000
LEAST = {
    "districts": 3,
    "nearest": 4,
    "gate": 7,
    "log": 4,
    "appends": 1,
    "rdf": 3,
    "sparql": 2,
    "endpoint": 13,
    "http": 6,
    "points": 1,
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Tiny inputs, none of them real files."""
    return Inputs(tmp_path_factory.mktemp("bench"), SHRINK)


def sides(*seconds: float) -> Iterator[Side]:
    """Sides that do nothing, one per number."""
    return (Side(f"{number}", 1, lambda: None) for number in seconds)


def test_every_subject_is_tried() -> None:
    """No subject can be added without a smoke test."""
    assert LEAST.keys() == program.SUBJECTS.keys()


@pytest.mark.parametrize("subject", LEAST)
def test_a_subject_gives_figures_and_tables(inputs: Inputs, subject: str) -> None:
    """Each comparison runs on a tiny input, its sides agree, and all are measured."""
    results = list(program.run(inputs, [subject], 1))
    assert len(results) >= LEAST[subject]
    page = markdown(results, 1.0)
    for result in results:
        assert len(result.measured) == len(result.comparison.sides) >= 2
        assert all(one.median > 0 and one.ratio > 0 for one in result.measured)
        assert terminal(result).row_count == len(result.measured)
        assert f"### {result.comparison.title}\n" in page
        for one in result.measured:
            assert f"\n| {one.side} | " in page


def test_sides_that_disagree_are_refused() -> None:
    """A side that gives another answer is an error, not a figure."""
    one, other = Side("one", 1, lambda: 1), Side("other", 1, lambda: 2)
    comparison = Comparison("Numbers", "none", "number", (one, other))
    with pytest.raises(SidesDisagree, match="Numbers: other answered 2, and one 1"):
        measure(comparison, 1)


def test_sides_take_turns_in_changing_order() -> None:
    """After the warm-up every round runs each side once, every second one backwards."""
    ran: list[str] = []
    pair = [Side(name, 1, lambda name=name: ran.append(name)) for name in "ab"]  # type: ignore[misc]  # mypy cannot type a default of a lambda
    found = measure(Comparison("Turns", "none", "turn", pair), 2)
    assert "".join(ran) == "ab" + "ab" + "ba"
    assert [len(one.seconds) for one in found] == [2, 2]


def test_figures_are_rates_or_times_of_a_unit() -> None:
    """A comparison says in which measure its figures are given."""
    pair = tuple(sides(1, 2))
    rate = Comparison("Rate", "none", "points", pair)
    assert figure(0.00001, rate) == "100,000 points/s"
    each = Comparison("Time", "none", "point", pair, per="µs")
    assert figure(0.0000123456, each) == "12.3 µs"


def test_parts_of_a_whole_are_shown_as_shares() -> None:
    """Phases are given as parts of the reference's time."""
    pair = tuple(sides(1, 2))
    comparison = Comparison("Parts", "none", "row", pair, shares=True)
    measured = measure(comparison, 1)
    measured[1].ratios = [4.0]
    shown = [row[3] for row in rows(Result("S", comparison, measured))]
    assert shown == ["whole", "25 %"]


def test_only_a_whole_run_writes_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A quick run leaves docs/benchmarks.md alone; one of everything writes it."""
    page = tmp_path / "benchmarks.md"
    monkeypatch.setattr(program, "PAGE", page)

    def comparisons(_: Inputs) -> Iterator[Comparison]:
        yield Comparison("Nothing", "none", "thing", tuple(sides(1, 2)))

    module = ModuleType("nothing")
    module.__dict__["comparisons"] = comparisons
    monkeypatch.setitem(sys.modules, "nothing", module)
    monkeypatch.setattr(program, "SUBJECTS", {"nothing": ("Nothing", "nothing")})
    assert program.main(["--quick"]) == 0
    assert program.main(["nothing"]) == 0
    assert not page.exists()
    assert program.main([]) == 0
    assert "### Nothing\n" in page.read_text(encoding="utf-8")


def test_an_unknown_subject_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with exit code 2 and names the subject."""
    with pytest.raises(SystemExit) as ended:
        program.main(["astrology"])
    assert ended.value.code == 2
    assert "no such subject: astrology" in capsys.readouterr().err
