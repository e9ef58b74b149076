"""Rows in register form: any register, its own columns, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.rows import SOURCE
from tests.loaders.conftest import Load
from tests.loaders.reading import one, read_rows, records_of

COUNTRY = "country"
WARD = "statistical-geography-ward"


@pytest.mark.parametrize("separator", [",", "\t"], ids=["csv", "tsv"])
def test_rows_are_taken_as_they_stand(separator: str, tmp_path: Path) -> None:
    """Columns in any order; cells with many values become lists."""
    path = tmp_path / "wards"
    lines = [("within", WARD), ("a:1; b:2;;", "E05000001"), ("", "E05000002")]
    text = "\n".join(separator.join(line) for line in lines)
    path.write_text(text, encoding="utf-8")
    read = read_rows(SOURCE, [path], f"--register {WARD}")[WARD]
    assert one(read, **{WARD.replace("-", "_"): "E05000001"}) == {
        "_row": 2,
        WARD: "E05000001",
        "within": ["a:1", "b:2"],
    }
    assert read["within"].to_list()[1] is None


def test_a_column_that_nobody_declared_is_refused(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """The column is named, and nothing is written."""
    path = tmp_path / "rows.csv"
    path.write_text("country,name,e-mail\nXX,Here,a@example.org\n", encoding="utf-8")
    before = records_of(data, COUNTRY)
    code, _, err = load("rows", path, "--register", COUNTRY, "--data", data)
    assert code == 1
    assert "unexpected e-mail" in err
    assert records_of(data, COUNTRY) == before


def test_a_register_that_there_is_not_is_refused(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """The error says that a shape is wanted."""
    path = tmp_path / "rows.csv"
    path.write_text("museum,name\n1,Here\n", encoding="utf-8")
    code, _, err = load("rows", path, "--register", "museum", "--data", data)
    assert code == 2
    assert "add museum.ttl to shapes/" in err


def test_partial_rows_leave_the_rest_as_it_is(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """A name is corrected, the other fields of the record stay."""
    before = records_of(data, COUNTRY)["GB"]
    path = tmp_path / "rows.csv"
    path.write_text("country,name\nGB,Great Britain and so on\n", encoding="utf-8")
    command = ("rows", path, "--register", COUNTRY, "--partial", "--data", data)
    assert load(*command)[0] == 0
    after = records_of(data, COUNTRY)["GB"]
    assert after == before | {"name": "Great Britain and so on"}


def test_partial_rows_amend_only_what_is_there(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """A key that the register does not hold is refused."""
    path = tmp_path / "rows.csv"
    path.write_text("country,name\nXX,Nowhere\n", encoding="utf-8")
    command = ("rows", path, "--register", COUNTRY, "--partial", "--data", data)
    code, out, _ = load(*command)
    assert code == 1
    assert "no record of this key to amend" in " ".join(out.split())


def test_northern_irish_postcodes_have_their_place_in_degrees(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """One with metres, or with a point that is elsewhere, is refused by the gate,
    which says what is expected; others are taken."""
    refused = [
        "BT1 1AA,333800,374500,",
        "BT1 1AB,333800,,",
        'BT1 1AD,,,"[-2.993928,53.263364]"',
        'BT1 1AE,,,"[5.93,54.6]"',
        'BT1 1AF,333800,374500,"[-5.93,54.6]"',
    ]
    taken = [
        'BT1 1AG,,,"[-5.93,54.6]"',
        'BT1 1AH,,,"[-8.17,54.46]"',
        'BT1 1AJ,,,"[-6,54]"',
        "BT1 1AL,,,",
        'B1 1AA,406000,287000,"[-1.91,52.48]"',
    ]
    path = tmp_path / "rows.csv"
    lines = ["postcode,easting,northing,point", *refused, *taken]
    path.write_text("\n".join(lines), encoding="utf-8")
    options = ("--register", "postcode", "--data", data, "--accept-partial")
    code, out, err = load("rows", path, *options)
    assert code == 1
    assert "5  postcode (row) sh:Node" in out + err
    assert "since these are of the British grid" in " ".join((out + err).split())
    keys = {row.partition(",")[0] for row in taken}
    assert keys <= set(records_of(data, "postcode"))
    assert "BT1 1AA" not in records_of(data, "postcode")
