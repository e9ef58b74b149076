"""The gate over real files: no false alarms, and what is wrong is found."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from tests.gate.rows import BASE
from trigpoint.gate import check, terms
from trigpoint.gate.checks import run
from trigpoint.gate.rules import checks
from trigpoint.identifiers import uprn_from_base32
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas

TABLES = [
    ("schools/edubase_2016.tsv.gz", "utf8"),
    ("schools/school_types_by_urn.tsv.gz", "utf8"),
    ("schools/gias_links_2025-04-22.csv.gz", "cp1252"),
    ("addresses/gds_address.tsv.gz", "utf8"),
    ("addresses/gds_street.tsv.gz", "utf8"),
    ("addresses/school_uprn.tsv", "utf8"),
    ("addresses/ofsted_nondomestic_2021-08.csv.gz", "cp1252"),
    ("codes/uk_local_authorities.csv", "utf8"),
    ("codes/la_all_codes.csv", "utf8"),
]


@pytest.fixture(scope="module")
def real_schemas() -> Schemas:
    return Schemas([resource_folder("shapes")], [resource_folder("ontology")])


def read(path: Path, encoding: str = "utf8") -> pl.DataFrame:
    """A table as text, nothing taken for a number."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)
    separator = "\t" if ".tsv" in path.name else ","
    return pl.read_csv(text.encode(), separator=separator, infer_schema=False)


def found_in(texts: Iterable[str], schemas: Schemas) -> Counter[str]:
    """What the rules about text find in these values, by component."""
    values = pl.Series("name", sorted(set(texts)), pl.String)
    frame = pl.DataFrame(
        {
            "_row": pl.int_range(len(values), dtype=pl.UInt32, eager=True),
            "address": pl.Series(["1"], dtype=pl.String).extend_constant(
                "1", len(values) - 1
            ),
            "name": values,
        }
    )
    found = run(frame, checks(schemas["address"], frame.columns))
    return Counter(one.component for one in found)


def test_real_tables_raise_no_false_alarm(
    real_data: Path, real_schemas: Schemas
) -> None:
    """Over every cell of nine real tables nothing is taken for a formula or an e-mail
    address. Eleven texts of one have misread cp1252 quotes, which are controls."""
    cells: set[str] = set()
    for name, encoding in TABLES:
        for column in read(real_data / name, encoding).iter_columns():
            cells.update(column.drop_nulls())
    found = found_in(cells - {""}, real_schemas)
    assert len(cells) > 200_000
    assert found == {terms.CONTROL_CHARACTER: 11}


def test_archived_registers_hold_no_formula_and_only_known_addresses(
    real_data: Path, real_schemas: Schemas
) -> None:
    """The mailboxes in one register's contacts are all the e-mail addresses there
    are in 51 archived registers."""
    contacts: set[str] = set()
    others: set[str] = set()
    for path in sorted((real_data / "registers").glob("*.rsf")):
        for line in path.read_text(encoding="utf8").split("\n"):
            if line.startswith("add-item\t"):
                for name, value in json.loads(line.split("\t")[1]).items():
                    values = [value] if isinstance(value, str) else value
                    (contacts if name == "contact" else others).update(values)
    assert len(others) > 20_000
    found = found_in(others, real_schemas)
    assert terms.FORMULA_CELL not in found
    assert terms.PERSONAL_DATA not in found
    assert found_in(contacts, real_schemas)[terms.PERSONAL_DATA] > 20


def test_all_real_addresses_are_judged(real_data: Path, real_schemas: Schemas) -> None:
    """Of 26,140 addresses seven name a parent that the file does not have; seven more
    stand under those."""
    frame = read(real_data / "addresses" / "gds_address.tsv.gz").with_row_index(
        "_row", offset=2
    )
    uprns = pl.col("address", "parent-address", "primary-address")
    frame = frame.with_columns(
        pl.col("_row").cast(pl.UInt32),
        uprns.map_elements(uprn_from_base32, return_dtype=pl.String),
    )

    def streets(register: str, keys: pl.Series) -> pl.DataFrame:
        held = keys if register == "street" else keys.clear()
        return pl.DataFrame({"key": held}).with_columns(end=pl.lit(None, pl.String))

    report = check(
        frame,
        real_schemas["address"],
        real_schemas,
        held=streets,
        source_date="2017-01-01",
        base=BASE,
    )
    assert len(frame) == 26_140
    assert report.counts == {
        ("address", "parent-address", terms.CLASS): 7,
        ("address", "parent-address", terms.LINK_TO_REFUSED): 7,
    }
