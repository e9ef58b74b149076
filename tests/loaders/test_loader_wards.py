"""Wards: every one within a district that there is."""

from __future__ import annotations

from pathlib import Path

from loaders.wards import SOURCE, WARD
from tests.loaders.reading import one, read_rows, reasons, staged

LINE = (
    '{"type":"Feature","properties":{"WD24CD":"E05000001","WD24NM":"Here",'
    '"LAD24CD":"%s"},"geometry":null}\n'
)


def test_the_real_wards_lie_in_all_districts(real_data: Path) -> None:
    """8,405 wards of four nations, in each of the 361 districts."""
    path = real_data / "boundaries" / "ward_2025.geojsonl.gz"
    wards = staged(read_rows(SOURCE, [path])[WARD])
    assert len(wards) == wards[WARD].n_unique() == 8405
    assert wards["within"].list.first().n_unique() == 361
    assert dict(wards[WARD].str.slice(0, 3).value_counts().iter_rows()) == {
        "E05": 6826,
        "W05": 762,
        "N08": 462,
        "S13": 355,
    }


def test_the_district_is_linked_by_its_register(tmp_path: Path) -> None:
    """The register of the district follows from its code."""
    path = tmp_path / "wards.geojsonl"
    path.write_text(LINE % "N09000003", encoding="utf-8")
    read = read_rows(SOURCE, [path], "--parent-property LAD24CD")[WARD]
    assert one(read, name="Here")["within"] == [
        "statistical-geography-local-government-district-nir:N09000003"
    ]


def test_a_district_of_no_register_is_a_problem(tmp_path: Path) -> None:
    """A ward within something unknown is refused with the code."""
    path = tmp_path / "wards.geojsonl"
    path.write_text(LINE % "X99000001", encoding="utf-8")
    read = read_rows(SOURCE, [path], "--parent-property LAD24CD")[WARD]
    assert reasons(read, "_problem") == {"no register holds the district X99000001": 1}
