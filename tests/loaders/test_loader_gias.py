"""GIAS: English schools of the extract, and nobody's name."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from loaders.gias import EXTRACT, NO_ADDRESS, NO_POINT, SOURCE
from loaders.schools import SCHOOL
from tests.loaders.conftest import Load
from tests.loaders.reading import (
    held_in,
    holding,
    one,
    read_rows,
    reasons,
    records_of,
    staged,
)
from trigpoint.errors import BadRelease, NoData

BOROUGH = "statistical-geography-london-borough-eng"
HELD = holding(
    {
        "school-type-eng": [{"school-type-eng": "1", "name": "Community school"}],
        BOROUGH: [{BOROUGH: "E09000001", "local-authority-eng": "LND"}],
        "address": [{"address": "100022936607"}],
    }
)
ROW = {
    "URN": "100000",
    "LA (code)": "201",
    "EstablishmentNumber": "3614",
    "EstablishmentName": "Here",
    "TypeOfEstablishment (code)": "1",
    "TypeOfEstablishment (name)": "Community school",
    "EstablishmentStatus (name)": "Open",
    "GSSLACode (name)": "E09000001",
}


def extract(path: Path, **fields: str) -> Path:
    """A file of one school in the extract's columns."""
    row = dict.fromkeys(EXTRACT.columns, "") | ROW | fields
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "extract.csv"


@pytest.fixture(scope="module")
def sample(real_data: Path, areas: Path) -> pl.DataFrame:
    path = real_data / "schools" / "gias_full_width_sample.csv"
    return read_rows(SOURCE, [path], held=held_in(areas))[SCHOOL]


def test_welsh_establishments_are_left_out(sample: pl.DataFrame) -> None:
    """51 of the 99 rows are Welsh, the other 48 are staged."""
    assert (len(sample), len(staged(sample))) == (99, 48)
    assert list(reasons(sample).values()) == [51]


def test_a_uprn_that_no_address_has_is_remarked(
    sample: pl.DataFrame, load: Load, data: Path, file: Path
) -> None:
    """What is left away is counted in the summary; Welsh rows are no loss of ours."""
    assert reasons(sample, "_remark") == {NO_ADDRESS: 47}
    extract(file, UPRN="12345")
    read = read_rows(SOURCE, [file], held=HELD)[SCHOOL]
    assert reasons(read, "_remark") == {NO_ADDRESS: 1}
    extract(file, UPRN="100022936607")
    read = read_rows(SOURCE, [file], held=HELD)[SCHOOL]
    assert reasons(read, "_remark") == {}
    code, out, _ = load("gias", file, "--data", data)
    assert code == 0
    assert f"{SCHOOL}: 1 rows — {NO_ADDRESS}" in out


def test_a_school_is_read_in_full(sample: pl.DataFrame) -> None:
    """Dates, ages, place and authority, in the register's spelling."""
    assert one(sample, school_eng="100001") == {
        "_row": 3,
        "school-eng": "100001",
        "name": "City of London School for Girls",
        "dfe-number": "201/6005",
        "address-text": "St Giles' Terrace, Barbican, London",
        "postcode": "EC2Y 8BB",
        "local-authority": "local-authority-eng:LND",
        "school-type-eng": "11",
        "school-gender": "Girls",
        "minimum-age": "7",
        "maximum-age": "18",
        "capacity": "780",
        "website": "http://www.clsg.org.uk",
        "status": "Open",
        "point": "[-0.094540,51.519150]",
        "start-date": "1920-01-01",
        "_remark": NO_ADDRESS,
    }


def test_a_closed_school_has_its_last_day(sample: pl.DataFrame) -> None:
    """Closed schools have an end date; one that is proposed to close has none yet."""
    kept = staged(sample)
    closed = kept.filter(pl.col("status") == "Closed")
    assert len(closed) == closed["end-date"].str.contains(r"^\d{4}-\d\d-\d\d$").sum()
    assert kept["end-date"].drop_nulls().len() == len(closed) == 6


def test_words_for_nothing_are_absent(sample: pl.DataFrame) -> None:
    """No cell says that something is not applicable."""
    for name in set(sample.columns) - {"_row", "_left_out", "_problem", "_remark"}:
        assert not sample[name].is_in(["Not applicable", "Does not apply", ""]).any()


def test_people_s_columns_are_named_and_not_read(
    load: Load, data: Path, file: Path
) -> None:
    """Head teachers, proprietors, telephones and e-mail addresses do not get in."""
    people = {
        "HeadLastName": "Featherstonehaugh",
        "TelephoneNum": "02079460000",
        "PropsName": "Ada Example",
        "MainEmail": "head@example.org",
    }
    extract(file, **people)
    code, out, _ = load("gias", file, "--data", data)
    assert code == 0
    assert (
        "left unread, since they are about people: "
        "HeadLastName, MainEmail, PropsName, TelephoneNum" in " ".join(out.split())
    )
    record = records_of(data, SCHOOL)["100000"]
    log = (data / "log.sqlite").read_bytes()
    for text in people.values():
        assert text not in str(record)
        assert text.encode() not in log


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"Easting": "", "Northing": ""}, "point", None),
        ({"Easting": "NaN", "Northing": "NaN"}, "point", None),
        ({"UPRN": "100022936607"}, "address", "100022936607"),
        ({"UPRN": "000100022936607"}, "address", "100022936607"),
        ({"UPRN": "12345"}, "address", None),
        ({"SchoolWebsite": "www.here.org"}, "website", "http://www.here.org"),
        ({"SchoolWebsite": "head@here.org"}, "website", None),
        ({"ReligiousCharacter (name)": "None"}, "religious-character", None),
        ({"EstablishmentNumber": ""}, "dfe-number", None),
        ({"EstablishmentName": "Ysgol Môn"}, "name", "Ysgol Môn"),
        ({"OpenDate": "01-09-1999"}, "start-date", "1999-09-01"),
        ({"County (name)": "Kent", "Town": "Deal"}, "address-text", "Deal, Kent"),
    ],
)
def test_cells(
    fields: dict[str, str], name: str, expected: str | None, file: Path
) -> None:
    """Blanks, unknown UPRNs, websites without a scheme and the like."""
    read = read_rows(SOURCE, [extract(file, **fields)], held=HELD)[SCHOOL]
    assert one(read).get(name) == expected


@pytest.mark.parametrize("postcode", ["BT1 1AA", "bt11aa", " BT71 7AA"])
def test_metres_of_northern_ireland_are_not_british(postcode: str, file: Path) -> None:
    """Easting and northing beside a Northern Irish postcode give no point, and the row
    says so; beside another postcode the same pair gives one."""
    irish = {"Postcode": postcode, "Easting": "333800", "Northing": "374500"}
    row = one(read_rows(SOURCE, [extract(file, **irish)], held=HELD)[SCHOOL])
    assert "point" not in row
    assert row["_remark"] == NO_POINT
    both = read_rows(SOURCE, [extract(file, UPRN="12345", **irish)], held=HELD)[SCHOOL]
    assert reasons(both, "_remark") == {f"{NO_ADDRESS}; {NO_POINT}": 1}
    british = extract(file, **irish | {"Postcode": "B1 1TT"})
    row = one(read_rows(SOURCE, [british], held=HELD)[SCHOOL])
    assert row["point"] == "[-2.993928,53.263364]"
    assert "_remark" not in row


def test_a_northern_irish_postcode_alone_is_no_loss(file: Path) -> None:
    """Without easting and northing there is nothing to leave away."""
    read = read_rows(SOURCE, [extract(file, Postcode="BT1 1AA")], held=HELD)[SCHOOL]
    assert reasons(read, "_remark") == {}


def test_an_unknown_authority_is_a_problem(file: Path) -> None:
    """A GSS code that no register holds is said, and not left away."""
    extract(file, **{"GSSLACode (name)": "E09000099"})
    read = read_rows(SOURCE, [file], held=HELD)[SCHOOL]
    assert reasons(read, "_problem") == {
        "no register of areas holds its authority’s GSS code E09000099": 1
    }


def test_a_type_that_the_register_lacks_is_left_out(file: Path) -> None:
    """Colleges and the like are not schools of the register."""
    college = "Further education"
    extract(
        file,
        **{"TypeOfEstablishment (code)": "18", "TypeOfEstablishment (name)": college},
    )
    read = read_rows(SOURCE, [file], held=HELD)[SCHOOL]
    assert reasons(read) == {
        f"{college} is not a type of the register school-type-eng": 1
    }


def test_an_extract_without_a_column_is_refused(file: Path) -> None:
    """The missing column is named."""
    extract(file)
    file.write_text(file.read_text(encoding="cp1252").replace("Easting", "East"))
    with pytest.raises(BadRelease, match="missing Easting"):
        read_rows(SOURCE, [file], held=HELD)


def test_authorities_need_their_registers(file: Path) -> None:
    """Without areas the error says what to load first."""
    types = holding({"school-type-eng": [{"school-type-eng": "1", "name": "x"}]})
    with pytest.raises(NoData, match="statistical geography hold no records"):
        read_rows(SOURCE, [extract(file)], held=types)
