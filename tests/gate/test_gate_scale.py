"""Long releases: what clean rows cost, and that one bad row is found among them."""

from __future__ import annotations

import sys
from types import FrameType

import polars as pl
import pytest

from bench.addresses import address_rows
from tests.gate.rows import BASE
from trigpoint.gate import Report, check
from trigpoint.gate.staged import Staged
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas

COUNCILS = ["BIR", "HRT"]
STREETS = 500


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """The project's own registers."""
    return Schemas([resource_folder("shapes")], [resource_folder("ontology")])


def held(register: str, keys: pl.Series) -> pl.DataFrame:
    """The councils and streets that the rows link to, none of them ended."""
    del register
    return pl.DataFrame({"key": keys}).with_columns(end=pl.lit(None, pl.String))


def judged(rows: pl.DataFrame, schemas: Schemas) -> Report:
    """What the gate says of address rows, in one batch."""
    return check(
        Staged(rows, batch=len(rows)),
        schemas["address"],
        schemas,
        held=held,
        source_date="2025-05-01",
        base=BASE,
    )


def calls(rows: pl.DataFrame, schemas: Schemas) -> int:
    """How many functions of Python are called to judge rows that conform."""
    count = 0

    def look(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(look)
    try:
        report = judged(rows, schemas)
    finally:
        sys.setprofile(None)
    assert len(report) == 0
    return count


def test_clean_rows_cost_no_python(schemas: Schemas) -> None:
    """A hundred times as many rows are judged with as many calls, but for the passes
    over columns that come in steps."""
    few, many = (address_rows(n, COUNCILS, STREETS) for n in (2_000, 200_000))
    judged(few, schemas)  # compiles the shape
    assert calls(many, schemas) < 1.2 * calls(few, schemas)


def test_one_bad_row_among_many_is_named(schemas: Schemas) -> None:
    """Of 250,000 rows the one that is bad is found, and nothing else."""
    rows = address_rows(250_000, COUNCILS, STREETS)
    bad = rows.with_columns(
        pl.when(pl.col("_row") == 249_877)
        .then(pl.lit("sw1a 1aa"))
        .otherwise("postcode")
        .alias("postcode")
    )
    (found,) = judged(bad, schemas).violations
    assert (found.row, found.field, found.value) == (249_877, "postcode", "sw1a 1aa")
    assert found.message.startswith("Expected a postcode in capitals")
