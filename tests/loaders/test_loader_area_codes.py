"""Authorities and areas as of 2026: facts that anyone can look up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from loaders.area_codes import ORDER, SOURCE
from loaders.columns import GOVERNED_BY
from loaders.councils import LIST, REGISTERS
from loaders.source import CC_BY
from tests.loaders.conftest import Load
from tests.loaders.reading import held_in, one, read_rows, reasons, records_of
from trigpoint.errors import NoData
from trigpoint.schema.catalogue import Schemas

SG = "statistical-geography"
UNITARY = f"{SG}-unitary-authority-eng"
DISTRICT = f"{SG}-non-metropolitan-district-eng"
METROPOLITAN = f"{SG}-metropolitan-district-eng"
COUNTY = f"{SG}-county-eng"
ENGLAND = "local-authority-eng"


def files(real_data: Path) -> Iterable[Path]:
    codes = real_data / "codes"
    names = {layout.name for layout in SOURCE.layouts}
    return sorted(path for path in codes.rglob("*") if path.name in names)


@pytest.fixture(scope="module")
def read(real_data: Path, archived: Path) -> dict[str, pl.DataFrame]:
    return read_rows(SOURCE, list(files(real_data)), held=held_in(archived))


def area(read: dict[str, pl.DataFrame], register: str, code: str) -> dict[str, object]:
    row = read[register].filter(pl.col(register) == code).row(0, named=True)
    return {
        k: v for k, v in row.items() if v is not None and k not in ("_row", register)
    }


def test_each_register_has_the_rows_that_the_tables_explain(
    read: dict[str, pl.DataFrame],
) -> None:
    """366 councils of GDS and 14 since; 361 current districts, 21 counties."""
    counts = {register: len(frame) for register, frame in read.items()}
    assert counts[ENGLAND] == 366 + 14
    assert (counts["local-authority-sct"], counts["principal-local-authority"]) == (
        (32, 22)
    )
    assert counts[f"{SG}-country"] == 4
    assert counts[f"{SG}-region-eng"] == 9
    assert counts[f"{SG}-combined-authority-eng"] == 15
    assert counts[f"{SG}-council-area-sct"] == 46 + 4
    current = sum(
        read[register]
        .select((pl.col("end-date").is_null() & (pl.col("successors").is_null())).sum())
        .item()
        for register in ORDER[3:9] + ORDER[10:]
    )
    assert current == 361
    counties = read[COUNTY].filter(pl.col("end-date").is_null())
    assert len(counties) == 21


def test_no_area_of_the_archive_is_lost(
    read: dict[str, pl.DataFrame], archived: Path
) -> None:
    """Every code that a GDS register has is among the rows of its register."""
    for register in ORDER:
        assert set(records_of(archived, register)) <= set(read[register][register])


def test_ids_of_the_list_itself_are_left_out(read: dict[str, pl.DataFrame]) -> None:
    """mySociety's NIR-A to NIR-Y are not ids of the register."""
    assert reasons(read["local-authority-nir"]) == {
        "an id of this list only: the register has GDS's": 25
    }


def test_an_abolished_council_ends_on_its_last_day(
    read: dict[str, pl.DataFrame],
) -> None:
    """The list's 2023-04-01 is Cumberland's first day; Allerdale's last was before."""
    allerdale = one(read[ENGLAND], local_authority_eng="ALL")
    assert allerdale["end-date"] == "2023-03-31"
    assert allerdale["successors"] == ["CBD"]
    assert one(read[ENGLAND], local_authority_eng="CBD")["start-date"] == "2023-04-01"
    cumbria = one(read[ENGLAND], local_authority_eng="CMA")
    assert cumbria["successors"] == ["CBD", "WAF"]
    aylesbury = one(read[ENGLAND], local_authority_eng="AYL")
    assert aylesbury["end-date"] == "2020-03-31"


def test_years_that_were_taken_for_days_are_years_again(
    read: dict[str, pl.DataFrame], archived: Path
) -> None:
    """1905-06-20 is 1998 days after 1899-12-30: West Berkshire began in 1998."""
    before = records_of(archived, ENGLAND)
    wrong = {k for k, v in before.items() if str(v.get("start-date")) < "1906"}
    assert len(wrong) == 45
    starts = dict(read[ENGLAND].select(ENGLAND, "start-date").iter_rows())
    assert {len(starts[key]) for key in wrong} == {4}
    assert (starts["WBK"], starts["BMH"], starts["GLA"]) == ("1998", "1997", "2000")
    assert not any("1905" <= date < "1906" for date in starts.values() if date)
    assert not any("2005-05" <= date < "2005-09" for date in starts.values() if date)


def test_only_renamed_councils_are_renamed(
    read: dict[str, pl.DataFrame], archived: Path
) -> None:
    """A lost apostrophe or “The” is no new name; a new name is."""
    renamed = set()
    for register in REGISTERS.values():
        before = records_of(archived, register)
        frame = read[register]
        for field in {"name", "official-name"} & set(frame.columns):
            for key, text in frame.select(register, field).iter_rows():
                if key in before and before[key].get(field) not in (None, text):
                    renamed.add((key, field, text))
    assert renamed == {
        ("DNC", "official-name", "City of Doncaster Council"),
        ("SHE", "official-name", "Folkestone and Hythe District Council"),
        ("SCR", "official-name", "South Yorkshire Mayoral Combined Authority"),
        ("SCR", "name", "South Yorkshire Mayoral Combined Authority"),
    }


@pytest.mark.parametrize(
    ("register", "code", "successors", "end"),
    [
        (DISTRICT, "E07000097", [f"{DISTRICT}:E07000242"], "2013-03-31"),
        (METROPOLITAN, "E08000020", [f"{METROPOLITAN}:E08000037"], "2013-03-31"),
        (UNITARY, "E06000048", [f"{UNITARY}:E06000057"], "2013-03-31"),
        (METROPOLITAN, "E08000016", [f"{METROPOLITAN}:E08000038"], None),
        (METROPOLITAN, "E08000019", [f"{METROPOLITAN}:E08000039"], None),
        (
            f"{SG}-council-area-sct",
            "S12000015",
            [f"{SG}-council-area-sct:S12000047"],
            None,
        ),
        (
            f"{SG}-council-area-sct",
            "S12000016",
            [f"{SG}-council-area-sct:S12000037"],
            "2002-05-31",
        ),
        (
            COUNTY,
            "E10000006",
            [f"{UNITARY}:E06000063", f"{UNITARY}:E06000064"],
            "2023-03-31",
        ),
        (COUNTY, "E10000026", [f"{UNITARY}:E06000051"], "2009-03-31"),
        (DISTRICT, "E07000190", [f"{DISTRICT}:E07000246"], "2019-03-31"),
        (DISTRICT, "E07000246", [f"{UNITARY}:E06000066"], "2023-03-31"),
    ],
)
def test_codes_are_succeeded_by_what_took_their_place(
    read: dict[str, pl.DataFrame],
    register: str,
    code: str,
    successors: list[str],
    end: str | None,
) -> None:
    """Recoded councils keep their council, abolished ones give way, step by step."""
    found = area(read, register, code)
    assert found["successors"] == successors
    assert found.get("end-date") == end


def test_a_recoded_area_keeps_its_council(read: dict[str, pl.DataFrame]) -> None:
    """Barnsley's old and new code are both governed by Barnsley."""
    old = area(read, METROPOLITAN, "E08000016")
    new = area(read, METROPOLITAN, "E08000038")
    assert old["local-authority-eng"] == new["local-authority-eng"] == "BNS"
    assert "start-date" not in new


def test_areas_say_what_they_are_within(read: dict[str, pl.DataFrame]) -> None:
    """County, combined authority, region and country; for an ended one what it was."""
    assert area(read, DISTRICT, "E07000008")["within"] == [
        f"{COUNTY}:E10000003",
        f"{SG}-combined-authority-eng:E47000008",
        f"{SG}-region-eng:E12000006",
        f"{SG}-country:E92000001",
    ]
    assert area(read, DISTRICT, "E07000201")["within"] == [
        f"{COUNTY}:E10000029",  # the list says Surrey, by mistake
        f"{SG}-region-eng:E12000006",
        f"{SG}-country:E92000001",
    ]
    assert area(read, DISTRICT, "E07000026")["within"] == [
        f"{COUNTY}:E10000006",
        f"{SG}-region-eng:E12000002",
        f"{SG}-country:E92000001",
    ]
    assert area(read, UNITARY, "E06000058") == {
        "name": "Bournemouth, Christchurch and Poole",
        "local-authority-eng": "BPC",
        "within": [f"{SG}-region-eng:E12000009", f"{SG}-country:E92000001"],
        "start-date": "2019-04-01",
    }


def test_wales_s_current_codes_are_open_again(read: dict[str, pl.DataFrame]) -> None:
    """GDS ended two codes of Wales that ONS uses to this day."""
    register = f"{SG}-unitary-authority-wls"
    for code, council in (("W06000014", "VGL"), ("W06000016", "RCT")):
        found = area(read, register, code)
        assert "end-date" not in found
        assert found["principal-local-authority"] == council
    assert area(read, register, "W06000014")["name-cy"] == "Bro Morgannwg"
    assert area(read, register, "W06000007")["end-date"] == "2009-05-31"


def test_types_that_stood_for_councils_are_put_right(
    read: dict[str, pl.DataFrame],
) -> None:
    """Each Northern Irish district is governed by one of the eleven councils."""
    register = f"{SG}-local-government-district-nir"
    councils = set(read["local-authority-nir"]["local-authority-nir"])
    governed = read[register]["local-authority-nir"]
    assert governed.n_unique() == 11
    assert set(governed) <= councils


def test_the_registers_have_to_be_there_first(real_data: Path) -> None:
    """Without the archived registers there is nothing to bring up to date."""
    with pytest.raises(NoData, match="load them first"):
        read_rows(SOURCE, list(files(real_data)))


def test_loading_again_appends_nothing(load: Load, data: Path, real_data: Path) -> None:
    """A second load finds every record as it would make it."""
    before = records_of(data, UNITARY)
    code, out, _ = load("area-codes", real_data / "codes", "--data", data)
    assert (code, out.splitlines()[-1]) == (0, "0 entries appended.")
    assert records_of(data, UNITARY) == before


def test_a_date_added_by_hand_stays(
    load: Load, data: Path, real_data: Path, tmp_path: Path
) -> None:
    """What the tables do not say, a custodian may: the next load leaves it."""
    register = f"{SG}-council-area-sct"
    path = tmp_path / "known.csv"
    path.write_text(f"{register},start-date\nS12000047,2018-04-01\n", encoding="utf-8")
    command = ("rows", path, "--register", register, "--partial", "--data", data)
    assert load(*command)[0] == 0
    assert load("area-codes", real_data / "codes", "--data", data)[0] == 0
    assert records_of(data, register)["S12000047"]["start-date"] == "2018-04-01"


def test_a_folder_without_the_tables_is_refused(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """The error names the files that are wanted."""
    (tmp_path / "empty").mkdir()
    code, _, err = load("area-codes", tmp_path / "empty", "--data", data)
    assert code == 2
    assert "la_all_codes.csv" in err


@pytest.mark.parametrize("register", [*REGISTERS.values(), *GOVERNED_BY])
def test_registers_that_mysociety_has_a_part_in_say_so(
    register: str, schemas: Schemas
) -> None:
    """Dates, successors and authorities are CC BY 4.0: name, licence, where it is."""
    assert LIST.attribution is not None
    assert LIST.attribution in schemas[register].copyright
    assert CC_BY in LIST.attribution
