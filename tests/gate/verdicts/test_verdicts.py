"""The columnar gate gives pySHACL's verdicts: on our shapes, and on made ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyshacl.errors import ReportableRuntimeError

from tests.gate.verdicts.bulk import compare, known_of, registers
from tests.gate.verdicts.columnar import columnar_verdicts, compared, findings
from tests.gate.verdicts.coverage import Place, places, table, unbreakable
from tests.gate.verdicts.generator import (
    LESS_THAN_OR_EQUALS,
    generate,
    made_up_held,
    staged,
)
from tests.gate.verdicts.made import HELD, made_brief, made_rows
from tests.gate.verdicts.plain import HeldKeys, it_dies_of, plain_verdicts
from tests.gate.verdicts.samples import samples
from tests.gate.verdicts.shrink import described, smallest
from trigpoint.errors import InvalidShape
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.shacl.compiler import compile_shape
from trigpoint.gate.shacl.conditions import ONLY_ITS_OWN

ROWS, LONG_ROWS, PART = 150, 20_000, 500
_MADE_ROWS = 20
_SHOWABLE = 100  # hypothesis writes down what it chooses from
_HYPOTHESIS = settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("register", registers())
def test_verdicts_on_broken_rows_are_those_of_pyshacl(register: str) -> None:
    """Rows that break each constraint of a shape that a row can break, and odd ones,
    get the same verdicts from both."""
    differences, counts = compare(register, ROWS, seed=registers().index(register))
    print(table(register, counts, known_of(register)))
    assert differences == ""
    assert_all_broken(register, counts, at_least=2)


@pytest.mark.long
def test_verdicts_on_twenty_thousand_rows_a_shape_are_those_of_pyshacl() -> None:
    """The same of many rows, with every breakable constraint broken a hundred times."""
    counts: dict[str, Counter[Place]] = {name: Counter() for name in registers()}
    parts = [(name, seed) for seed in range(LONG_ROWS // PART) for name in counts]
    names, seeds = zip(*parts, strict=True)
    wrong: list[str] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = pool.map(compare, names, [PART] * len(parts), seeds)
        for done, (differences, broken) in enumerate(found, 1):
            name = names[done - 1]
            print(f"{done * PART} of {len(parts) * PART} rows: {name} {differences}")
            counts[name] += broken
            wrong += [f"{name}: {differences}"] if differences else []
    assert wrong == []
    for name, broken in counts.items():
        print(table(name, broken, known_of(name)))
        assert_all_broken(name, broken, at_least=100)


def assert_all_broken(register: str, counts: Counter[Place], at_least: int) -> None:
    """A comparison says nothing of a constraint that no row broke."""
    known = known_of(register)
    wanted = [one for one in places(known) if unbreakable(known, one) is None]
    seldom = {one: counts[one] for one in wanted if counts[one] < at_least}
    assert wanted
    assert seldom == {}


def rows_of(known: Brief, held: HeldKeys) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few rows of any register, with hypothesis to choose and to shrink them."""
    pick = random.Random(1)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in known.schema.fields:
        if field.name == known.schema.key:
            fields[field.name] = st.sampled_from(["1", "12", "a b", "é/ü", "%", ""])
            continue
        values = {s.value for s in samples(field, known, held, pick)}
        pool = [None, *sorted(value for value in values if len(value) <= _SHOWABLE)]
        value = st.sampled_from(pool) | st.text(max_size=12)
        fields[field.name] = st.lists(value, max_size=4) if field.many else value
    return st.lists(
        st.fixed_dictionaries(fields),
        min_size=1,
        max_size=5,
        unique_by=lambda row: row[known.schema.key],
    )


@pytest.mark.parametrize("register", ["site", "school-eng", "boundary"])
@given(data=st.data())
@_HYPOTHESIS
def test_verdicts_on_rows_of_any_text_are_those_of_pyshacl(
    register: str, data: st.DataObject
) -> None:
    """Any combination of values, and any text, gets the same verdicts from both."""
    known = known_of(register)
    held = made_up_held(known.registers)
    rows = staged(known.schema, data.draw(rows_of(known, held)))
    assert compared(known, rows, held).told() == ""


@given(seed=st.integers(0, 2**32), batch=st.integers(1, 30))
@settings(_HYPOTHESIS, max_examples=5)
def test_verdicts_do_not_depend_on_batches_order_and_absent_columns(
    seed: int, batch: int
) -> None:
    """The same rows get the same verdicts however they are cut and ordered; a column
    of nulls is as good as none."""
    known = known_of("site")
    held = made_up_held(known.registers)
    pick = random.Random(seed)
    rows = generate(known, held, 25, seed).rows
    names = [n for n in known.schema.names if n != known.schema.key]
    absent = pick.sample(names, k=3)
    whole = rows.with_columns(pl.lit(None, rows.schema[n]).alias(n) for n in absent)
    said = columnar_verdicts(known, whole, held)
    assert columnar_verdicts(known, whole, held, batch) == said
    assert columnar_verdicts(known, whole.drop(absent), held) == said
    order = pick.sample(range(len(rows)), k=len(rows))
    assert columnar_verdicts(known, whole[order], held, batch) == said


@pytest.mark.parametrize(
    ("least", "most"),
    [
        *[("x", "1"), ("y", "x"), ("9" * 5_000, "1"), ("1", "x"), ("x", "9" * 5_000)],
        *[("12", "true"), ("true", "½"), ("x", "y"), ("x", "x"), ("1.0", "1")],
    ],
)
def test_ages_that_cannot_be_compared_are_refused(least: str, most: str) -> None:
    """A pair of which pySHACL dies breaks sh:lessThanOrEquals, as the Recommendation
    says; of a pair that it can put in some order its verdict stands."""
    known = known_of("school-eng")
    row = {"school-eng": "100001", "minimum-age": least, "maximum-age": most}
    rows = staged(known.schema, [{**row, "name": "School"}])
    both = compared(known, rows, {})
    assert both.told() == ""
    found = [v.component for v in findings(known, rows, {})]
    assert (LESS_THAN_OR_EQUALS in found) == (
        bool(both.dead) or any(LESS_THAN_OR_EQUALS in v for v in both.plain)
    )


def test_made_shapes_get_the_verdicts_of_pyshacl() -> None:
    """Shapes made at random of all constraints, nested, on rows made for them."""
    assert sum(asks_of_others(made_brief(seed)) for seed in range(100)) < 40
    assert [text for seed in range(100) for text in made_differences(seed)] == []


@pytest.mark.long
def test_thousands_of_made_shapes_get_the_verdicts_of_pyshacl() -> None:
    """The same of many more shapes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = pool.map(made_difference, range(1_000, 6_000), chunksize=50)
        assert [text for text in found if text] == []


def made_difference(seed: int) -> str:
    return "\n".join(made_differences(seed))


def made_differences(seed: int) -> Iterator[str]:
    """Where gate and pySHACL differ on a made shape, with the least that shows it."""
    known, rows = made_brief(seed), made_rows(seed, _MADE_ROWS)
    if asks_of_others(known):
        return
    dead = sorted(it_dies_of(known, rows))
    rows = rows.filter(~pl.col("_row").is_in(dead))
    differences = made_told(known, rows)
    if differences:
        least = smallest(known, rows, lambda one, some: bool(made_told(one, some)))
        yield f"seed {seed}\n{made_told(*least)}\n{described(*least)}"


def asks_of_others(known: Brief) -> bool:
    """Whether a shape asks more of other records than their class, which is refused."""
    try:
        len(compile_shape(known).constraints)
    except InvalidShape as error:
        return ONLY_ITS_OWN in str(error)
    return False


def made_told(known: Brief, rows: pl.DataFrame) -> str:
    """A shape that pySHACL refuses is refused by the gate, too, and no other."""
    try:
        plain_verdicts(known, rows, HELD)
    except ReportableRuntimeError as error:
        try:
            findings(known, rows, HELD)
        except InvalidShape:
            return ""
        return f"refused by pySHACL only: {error}"
    try:
        return compared(known, rows, HELD).told()
    except InvalidShape as error:
        return f"refused by the gate only: {error}"
