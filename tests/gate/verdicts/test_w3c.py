"""The W3C SHACL core suite, as far as its tests can be written as rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.gate.verdicts.columnar import columnar_verdicts
from tests.gate.verdicts.plain import Verdict, it_dies_of, plain_verdicts
from tests.gate.verdicts.recast import NotRows, Recast, recast
from tests.gate.verdicts.suite import Case, cases_of
from trigpoint.errors import InvalidShape
from trigpoint.gate.shacl.compiler import compile_shape

COLUMNS = "by columns"
VALUES = "by columns, the targets as values"
FALLBACK = "pySHACL judges a part"
REFUSED = "refused by name"
NOT_ROWS = "cannot be rows"
IN_PART = ", in part"
# pySHACL takes "1"^^xsd:boolean for true (RDF 1.1: the same value), and so does the
# gate; the suite wants the word.
_ELSEWHERE = {"property/uniqueLang-002"}


@dataclass(frozen=True)
class Outcome:
    """What became of a test of the suite: a class, and why it is that."""

    name: str
    kind: str
    why: str


@cache
def outcomes(core: Path) -> tuple[Outcome, ...]:
    return tuple(_outcome(case) for case in cases_of(core / "manifest.ttl"))


def _outcome(case: Case) -> Outcome:
    try:
        made = recast(case)
    except NotRows as error:
        return Outcome(case.name, NOT_ROWS, str(error))
    try:
        reasons = sorted(
            {
                f"{one.text}: {one.reason}"
                for part in made.parts
                for one in compile_shape(part.known).constraints
                if one.reason is not None
            }
        )
    except InvalidShape as error:
        return Outcome(case.name, REFUSED, str(error))
    left_out = sorted(set(made.left_out.values()))
    kind = FALLBACK if reasons else VALUES if made.as_values else COLUMNS
    if left_out:
        kind += IN_PART
    return Outcome(case.name, kind, "; ".join([*reasons, *left_out]))


def _plain(made: Recast) -> set[Verdict]:
    found: set[Verdict] = set()
    for part in made.parts:
        dead = sorted(it_dies_of(part.known, part.rows))
        assert dead == []
        found |= plain_verdicts(part.known, part.rows, part.held)
    return found


def _gate(made: Recast) -> set[Verdict]:
    found: set[Verdict] = set()
    for part in made.parts:
        found |= columnar_verdicts(part.known, part.rows, part.held)
    return found


def test_tests_that_can_be_rows_get_the_verdicts_of_the_suite(suites: Path) -> None:
    """Gate, pySHACL and the suite agree on each test that can be rows and that asks
    nothing of other records; gate and pySHACL also where the suite does not."""
    wrong: list[tuple[str, str, set[Verdict]]] = []
    judged = 0
    for case in cases_of(suites / "shacl" / "core" / "manifest.ttl"):
        try:
            made = recast(case)
        except NotRows:
            continue
        if _outcome(case).kind == REFUSED:
            continue
        judged += 1
        plain, gate = _plain(made), _gate(made)
        if (plain == made.expected) == (case.name in _ELSEWHERE):
            wrong.append((case.name, "suite", plain ^ made.expected))
        if gate != plain:
            wrong.append((case.name, "gate", gate ^ plain))
    assert wrong == []
    assert judged == 75


def test_the_classes_of_outcomes_are_those_known(suites: Path) -> None:
    """No test silently falls back to pySHACL, or out of what is tested."""
    found = outcomes(suites / "shacl" / "core")
    for one in sorted(found, key=lambda one: (one.kind, one.name)):
        print(f"{one.name:<40} {one.kind:<45} {one.why}")
    assert Counter(one.kind for one in found) == {
        COLUMNS: 52,
        COLUMNS + IN_PART: 3,
        VALUES: 10,
        VALUES + IN_PART: 8,
        FALLBACK: 1,
        FALLBACK + IN_PART: 1,
        REFUSED: 4,
        NOT_ROWS: 19,
    }
