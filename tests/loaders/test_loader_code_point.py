"""Postcodes: positions through OSTN15, none where there is none, no Irish grid."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from loaders.code_point import (
    NORTHERN_IRELAND,
    POSTCODE,
    SOURCE,
    installed_files,
)
from tests.loaders.conftest import Load
from tests.loaders.reading import one, read_rows, reasons, records_of, staged
from trigpoint.spatial.crs import point_from_easting_northing

OS_ROW = '"{}",{},{},{},"E92000001","E19000001","E18000006","{}","{}","E05011363"\n'


@pytest.fixture(scope="module")
def postcodes() -> pl.DataFrame:
    return read_rows(SOURCE, installed_files())[POSTCODE]


def test_the_package_holds_great_britain(postcodes: pl.DataFrame) -> None:
    """1,739,998 postcodes in 120 areas, 964 of them without a position."""
    kept = staged(postcodes)
    assert len(kept) == kept[POSTCODE].n_unique() == 1_739_998
    assert kept["_row"].n_unique() == 1_739_998
    assert kept[POSTCODE].str.extract("^([A-Z]+)").n_unique() == 120
    placeless = kept.filter(pl.col("positional-quality") == "90")
    assert len(placeless) == 964
    for name in ("point", "easting", "northing"):
        assert placeless[name].null_count() == kept[name].null_count() == 964


def test_no_northern_irish_postcode_is_placed(postcodes: pl.DataFrame) -> None:
    """The package has none, and one in a file is left out with the reason."""
    assert not postcodes[POSTCODE].str.contains(r"^BT\d").any()


def test_points_are_where_the_core_puts_them(postcodes: pl.DataFrame) -> None:
    """A sample of positions, each to six decimals."""
    for row in postcodes.drop_nulls("point").sample(200, seed=1).to_dicts():
        point = point_from_easting_northing(int(row["easting"]), int(row["northing"]))
        assert json.loads(row["point"]) == pytest.approx(
            [point.lon, point.lat], abs=6e-7
        )


def test_os_s_own_file_names_areas(tmp_path: Path) -> None:
    """Ten columns, quoted, without a header, postcodes padded to seven characters."""
    path = tmp_path / "al.csv"
    rows = [
        OS_ROW.format("AL1 1AA", 10, 514814, 206973, "E10000015", "E07000240"),
        OS_ROW.format("AL10 1B", 90, 0, 0, "", "E07000241"),
        OS_ROW.format("BT1 1AA", 10, 333800, 374500, "", "N09000003"),
    ]
    path.write_text("".join(rows).replace("AL10 1B", "AL101BB"), encoding="utf-8")
    read = read_rows(SOURCE, [path])[POSTCODE]
    sg = "statistical-geography"
    assert one(read, postcode="AL1 1AA") == {
        "_row": 1,
        "postcode": "AL1 1AA",
        "positional-quality": "10",
        "easting": "514814",
        "northing": "206973",
        "point": "[-0.338192,51.749703]",
        "country": f"{sg}-country:E92000001",
        "county": f"{sg}-county-eng:E10000015",
        "district": f"{sg}-non-metropolitan-district-eng:E07000240",
        "ward": f"{sg}-ward:E05011363",
    }
    assert "point" not in one(read, postcode="AL10 1BB")
    assert reasons(read) == {NORTHERN_IRELAND: 1}


@pytest.mark.parametrize("postcode", ["BT1 1AA", "BT11AA", "bt1 1aa", "BT717AA"])
def test_northern_irish_metres_are_never_read(postcode: str, tmp_path: Path) -> None:
    """However the postcode is spelt, the row is left out with the reason; on the
    British grid its pair would be a place in Merseyside."""
    path = tmp_path / "bt.csv"
    path.write_text(f"{postcode},10,333800,374500\nBS1 1AA,10,358000,173000\n")
    read = read_rows(SOURCE, [path])[POSTCODE]
    assert reasons(read) == {NORTHERN_IRELAND: 1}
    assert staged(read)[POSTCODE].to_list() == ["BS1 1AA"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AB1 1AA,10,999999999,1\n", "999999999,1 is no position on the British"),
        ("AB1 1AA,10,NaN,NaN\n", "NaN,NaN is no position on the British"),
        (OS_ROW.format("AB1 1AA", 10, 394235, 806529, "", "X12000033"), "no register"),
    ],
    ids=["off-the-grid", "nan", "unknown-area"],
)
def test_a_position_or_area_that_is_none_is_a_problem(
    row: str, reason: str, tmp_path: Path
) -> None:
    """The row is refused with what is wrong about it."""
    path = tmp_path / "ab.csv"
    path.write_text(row, encoding="utf-8")
    (said,) = reasons(read_rows(SOURCE, [path])[POSTCODE], "_problem")
    assert said.startswith(reason)


def test_postcodes_are_loaded(load: Load, data: Path, tmp_path: Path) -> None:
    """A packed postcode gets its space; loading again appends nothing."""
    path = tmp_path / "ab.csv"
    path.write_text("AB101AB,10,394235,806529\nab10 1af,90,0,0\n", encoding="utf-8")
    assert load("code-point", path, "--data", data)[0] == 0
    records = records_of(data, POSTCODE)
    assert records["AB10 1AB"]["point"] == "[-2.096923,57.149590]"
    assert records["AB10 1AF"] == {"postcode": "AB10 1AF", "positional-quality": "90"}
    code, out, _ = load("code-point", path, "--data", data)
    assert (code, out.splitlines()[-1]) == (0, "0 entries appended.")
