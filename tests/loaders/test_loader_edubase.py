"""EduBase: English schools with type, lines and postcode; the rest left out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from loaders.edubase import SOURCE
from loaders.schools import SCHOOL, plain_type
from tests.loaders.reading import (
    held_in,
    holding,
    one,
    read_rows,
    reasons,
    staged,
)
from trigpoint.errors import NoData

TYPES = holding(
    {"school-type-eng": [{"school-type-eng": "39", "name": "Free schools 16 to 19"}]}
)


@pytest.fixture(scope="module")
def schools(real_data: Path, archived: Path) -> pl.DataFrame:
    folder = real_data / "schools"
    files = [folder / "edubase_2016.tsv.gz", folder / "school_types_by_urn.tsv.gz"]
    return read_rows(SOURCE, files, held=held_in(archived))[SCHOOL]


def test_every_school_of_the_file_is_accounted_for(schools: pl.DataFrame) -> None:
    """27,339 rows: schools of a registered type, and others by their reason."""
    assert len(schools) == 27_339
    assert len(staged(schools)) == 24_332
    left_out = reasons(schools)
    assert sum(left_out.values()) == 27_339 - 24_332
    welsh = "a Welsh establishment: this register is of schools in England"
    assert left_out[welsh] == 2014
    assert (
        left_out["Further Education is not a type of the register school-type-eng"]
        == 340
    )
    unknown = "its type is not known, so neither is its place in the register"
    assert left_out[unknown] == 3


def test_every_school_staged_has_a_type(schools: pl.DataFrame) -> None:
    """Names of types in other spelling find their code, and nothing is guessed."""
    kept = staged(schools)
    assert kept["school-type-eng"].null_count() == 0
    assert kept["school-type-eng"].n_unique() == 26
    assert one(kept, school_eng="100001") == {
        "_row": 3,
        "school-eng": "100001",
        "name": "City of London School for Girls",
        "address-text": "St Giles' Terrace, Barbican, London",
        "postcode": "EC2Y 8BB",
        "school-type-eng": "11",
    }


def test_addresses_do_not_end_in_a_comma(schools: pl.DataFrame) -> None:
    """The comma that ends each address text is gone, and so are empty lines."""
    texts = staged(schools)["address-text"].drop_nulls()
    assert not texts.str.contains(r",\s*$|^\s*,|,\s*,").any()


def test_punctuation_that_came_as_control_characters_is_restored(
    schools: pl.DataFrame,
) -> None:
    """St Oswald’s has its apostrophe, and the summary counts such rows."""
    assert one(schools, school_eng="142523")["name"] == (
        "St Oswald’s Catholic Primary School"
    )
    assert not schools["name"].str.contains("[\\x{80}-\\x{9f}]").any()
    assert sum(reasons(schools, "_remark").values()) == 11


@pytest.mark.parametrize(
    ("one_name", "another"),
    [
        ("Free Schools - 16-19", "Free schools 16 to 19"),
        ("LA Nursery School", "Local authority nursery school"),
        ("Academy 16-19 Converter", "Academy 16-19 converter"),
        ("Free Schools - Alternative Provision", "Free schools alternative provision"),
    ],
)
def test_types_are_compared_without_their_spelling(one_name: str, another: str) -> None:
    """Capitals, hyphens and two abbreviations make no difference."""
    names = pl.DataFrame({"name": [one_name, another]})
    assert names.select(plain_type(pl.col("name")).n_unique()).item() == 1


def test_without_types_all_schools_are_taken(tmp_path: Path) -> None:
    """TBC is no postcode, commas alone are no address."""
    path = tmp_path / "edubase.tsv"
    path.write_text(
        "test\tname\ttext\tpostcode\nschool:100000\tA\t, , \tTBC\n", encoding="utf-8"
    )
    read = read_rows(SOURCE, [path], held=TYPES)[SCHOOL]
    assert one(read) == {"_row": 2, "school-eng": "100000", "name": "A"}


def test_types_need_their_register(tmp_path: Path) -> None:
    """With types but no register of them, the error says what to load."""
    schools, types = tmp_path / "schools.tsv", tmp_path / "types.tsv"
    schools.write_text("test\tname\ttext\tpostcode\n", encoding="utf-8")
    types.write_text(
        "urn\testablishment-type\testablishment-group-type\n", encoding="utf-8"
    )
    with pytest.raises(NoData, match="school-type-eng holds no records"):
        read_rows(SOURCE, [schools, types])
