"""Successors of schools, from links told by either side."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.gias_links import SOURCE
from loaders.schools import SCHOOL
from tests.loaders.reading import holding, read_rows, reasons, staged

HEADER = '"URN","LinkURN","LinkName","LinkType","LinkEstablishedDate"\r\n'
SCHOOLS = holding({SCHOOL: [{SCHOOL: str(n)} for n in range(100000, 100010)]})


def links(path: Path, *rows: tuple[int, int, str]) -> dict[str, list[str]]:
    """Successors by school, from links given as URN, LinkURN and type."""
    lines = [f'{urn},{to},"x","{kind}",""\r\n' for urn, to, kind in rows]
    path.write_text(HEADER + "".join(lines), encoding="cp1252", newline="")
    read = staged(read_rows(SOURCE, [path], held=SCHOOLS)[SCHOOL])
    return dict(read.select(SCHOOL, "successors").iter_rows())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "links.csv"


def test_either_side_is_enough(file: Path) -> None:
    """A predecessor told by the new school is a successor of the old one."""
    found = links(
        file,
        (100000, 100001, "Successor"),
        (100003, 100002, "Predecessor - merged"),
        (100004, 100002, "Predecessor - Split School"),
        (100002, 100003, "Successor - merged"),
    )
    assert found == {"100000": ["100001"], "100002": ["100003", "100004"]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((100000, 100001, "Closure"), "the link is of the kind “Closure”"),
        (
            (100000, 100001, "Result of Amalgamation"),
            "the link is of the kind “Result of Amalgamation”",
        ),
        (
            (100000, 999999, "Successor"),
            "its successor is not in the register school-eng",
        ),
        (
            (999999, 100000, "Successor"),
            "the school replaced is not in the register school-eng",
        ),
        ((100000, 100000, "Successor"), "the school is linked to itself"),
    ],
)
def test_other_links_are_left_out(
    row: tuple[int, int, str], reason: str, file: Path
) -> None:
    """Kinds without a direction, unknown schools and loops are counted apart."""
    assert links(file, row) == {}
    assert reasons(read_rows(SOURCE, [file], held=SCHOOLS)[SCHOOL]) == {reason: 1}


def test_schools_that_each_replaced_the_other_did_not(file: Path) -> None:
    """A contradiction is left out, both halves of it."""
    found = links(
        file, (100000, 100001, "Successor"), (100001, 100000, "Successor - merged")
    )
    assert found == {}
    assert reasons(read_rows(SOURCE, [file], held=SCHOOLS)[SCHOOL]) == {
        "the file says of each that it replaced the other": 2
    }


def test_every_real_link_is_accounted_for(real_data: Path) -> None:
    """33,801 links, read from Windows-1252; each is used or has its reason."""
    path = real_data / "schools" / "gias_links_2025-04-22.csv.gz"
    every = holding({SCHOOL: [{SCHOOL: str(n)} for n in range(100000, 410000)]})
    read = read_rows(SOURCE, [path], held=every)[SCHOOL]
    left_out = reasons(read)
    other_kinds = sum(n for reason, n in left_out.items() if "of the kind" in reason)
    assert other_kinds == 3 + 3 + 5 + 9 + 9 + 15 + 57 + 111 + 135
    assert left_out["the file says of each that it replaced the other"] == 20
    used = staged(read)["successors"].list.len().sum()
    # Most takeovers are told by both sides; they make one successor.
    assert used < 33_801 - sum(left_out.values()) < 2 * used
