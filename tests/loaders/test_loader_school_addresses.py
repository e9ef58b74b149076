"""Schools matched to their UPRN by hand: an address each, and the link to it."""

from __future__ import annotations

from pathlib import Path

from loaders.school_addresses import ADDRESS, SHARED, SOURCE
from loaders.schools import SCHOOL
from tests.loaders.conftest import Load
from tests.loaders.reading import (
    holding,
    nothing_held,
    one,
    read_rows,
    reasons,
    records_of,
    staged,
)

HEADER = "test\taddress\tname\ttext\tpostcode\n"
ROWS = (
    HEADER + "school:100001\t00012\tOld School\tA Road, \tAL1 1AA\n"
    "school:100002\t12\tNew School\tA Road\tAL1 1AB\n"
)


def test_the_real_matches_give_addresses_and_schools(real_data: Path) -> None:
    """436 schools at 383 addresses, since some stood on the same site."""
    path = real_data / "addresses" / "school_uprn.tsv"
    read = read_rows(SOURCE, [path], held=nothing_held)
    assert len(staged(read[ADDRESS])) == read[ADDRESS][ADDRESS].n_unique() == 383
    assert reasons(read[ADDRESS]) == {SHARED: 53}
    assert len(staged(read[SCHOOL])) == read[SCHOOL][SCHOOL].n_unique() == 436
    assert set(read[SCHOOL][ADDRESS]) == set(read[ADDRESS][ADDRESS])


def test_the_wording_of_the_school_that_is_held_stands(tmp_path: Path) -> None:
    """Of two schools on a site, the one in the list of schools names the address."""
    path = tmp_path / "matches.tsv"
    path.write_text(ROWS, encoding="utf-8")
    listed = {SCHOOL: "100002", "name": "The New School", "school-type-eng": "1"}
    held = holding({SCHOOL: [{SCHOOL: "100001", "name": "Old School"}, listed]})
    read = read_rows(SOURCE, [path], held=held)
    assert one(staged(read[ADDRESS]), address="12")["postcode"] == "AL1 1AB"
    first = staged(read_rows(SOURCE, [path])[ADDRESS])
    assert one(first, address="12")["postcode"] == "AL1 1AA"


def test_a_school_that_is_held_keeps_its_own_words(tmp_path: Path) -> None:
    """It gets the link and nothing else; one that is not held is taken whole."""
    path = tmp_path / "matches.tsv"
    path.write_text(ROWS, encoding="utf-8")
    held = holding({SCHOOL: [{SCHOOL: "100002", "name": "The New School"}]})
    schools = read_rows(SOURCE, [path], held=held)[SCHOOL]
    assert one(schools, school_eng="100002") == {
        "_row": 3,
        "school-eng": "100002",
        "address": "12",
        "name": "The New School",
    }
    assert one(schools, school_eng="100001") == {
        "_row": 2,
        "school-eng": "100001",
        "address": "12",
        "name": "Old School",
        "address-text": "A Road",
        "postcode": "AL1 1AA",
    }


def test_schools_and_addresses_are_loaded_together(
    load: Load, data: Path, real_data: Path
) -> None:
    """The links of schools hold, since their addresses come in the same load."""
    path = real_data / "addresses" / "school_uprn.tsv"
    code, out, _ = load("school-addresses", path, "--data", data)
    assert (code, out.splitlines()[-1]) == (0, "819 entries appended.")
    schools, addresses = records_of(data, SCHOOL), records_of(data, ADDRESS)
    assert (len(schools), len(addresses)) == (436, 383)
    assert {school["address"] for school in schools.values()} <= set(addresses)
