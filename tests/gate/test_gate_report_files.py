"""The report on disk: complete in each form, and there only when it is."""

from __future__ import annotations

import csv
import json
import os
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.gate.rows import BASE
from tests.gate.test_gate_report import ONE, many
from trigpoint.errors import InvalidParameter, ReportNotWritten
from trigpoint.gate import Report, Violation
from trigpoint.gate.page import SHOWN
from trigpoint.gate.render import member
from trigpoint.gate.report_file import ReportFile
from trigpoint.schema.catalogue import Schemas

FORMS = ("csv", "html", "json", "jsonl", "ndjson", "nt", "ttl")
ODD = '<b>&amp;</b> \u202eabc\u0001\x00\u2028,"two"\nlines\r\n\ud800 🏫'


def written(path: Path, found: list[Violation], schemas: Schemas) -> str:
    with Report(limit=3, files=[ReportFile(path, BASE, schemas)]) as report:
        report.extend(found)
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson"])
def test_json_lines_are_complete(suffix: str, schemas: Schemas, tmp_path: Path) -> None:
    """One line each, as HTTP lists it, whatever memory holds."""
    found = [*many(9), replace(ONE, value=ODD)]
    text = written(tmp_path / f"report.{suffix}", found, schemas)
    lines = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    assert lines == [member(one, BASE) for one in found]


def test_csv_is_complete(schemas: Schemas, tmp_path: Path) -> None:
    """A header, then all members of each finding; what is absent is empty."""
    odd = ODD.replace("\ud800", "")
    found = [*many(5), replace(ONE, value=odd, row=None, key=None)]
    written(tmp_path / "report.csv", found, schemas)
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [
        {k: "" if v is None else str(v) for k, v in asdict(one).items()}
        for one in found
    ]
    assert rows == wanted


@pytest.mark.parametrize("count", [0, 1, 12])
def test_json_is_the_document_of_memory(
    count: int, schemas: Schemas, tmp_path: Path
) -> None:
    """The same members as `as_json` of a report that holds all."""
    found = [*many(count), replace(ONE, severity="warning", value=ODD)]
    whole = Report()
    whole.extend(found)
    text = written(tmp_path / "report.JSON", found, schemas)
    assert json.loads(text) == whole.as_json(BASE)


@pytest.mark.parametrize("suffix", FORMS)
def test_a_report_without_findings_is_a_file(
    suffix: str, schemas: Schemas, tmp_path: Path
) -> None:
    """Nothing found is a file that says so, not a missing one."""
    path = tmp_path / f"report.{suffix}"
    text = written(path, [], schemas)
    assert text == {"jsonl": "", "ndjson": ""}.get(suffix, text)
    assert re.search(
        {
            "csv": r"\Aregister,row,key,field,value,.*\r\n\Z",
            "html": "<p>Nothing was refused",
            "json": '"conforms": true, "total": 0',
            "nt": 'conforms> "true"',
            "ttl": 'conforms> "true"',
        }.get(suffix, r"\A\Z"),
        text,
    )


def test_the_page_is_for_people(schemas: Schemas, tmp_path: Path) -> None:
    """Counts on top, then rows with what refuses first; values cannot be markup."""
    found = [
        replace(ONE, severity="info", message="note this"),
        replace(ONE, severity="warning", value="שלום"),
        replace(
            ONE, row=9, value=ODD, field="<i>", message="<script>alert(1)</script>"
        ),
        replace(ONE, row=8, value="POLYGON((1 2" + ",3 4" * 100_000 + "))"),
    ]
    text = written(tmp_path / "report.html", found, schemas)
    assert "2 violations, 1 warnings, 1 notes" in text
    assert re.findall('<tr class="(.*?)"', text) == [
        "violation",
        "violation",
        "warning",
        "info",
    ]
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in text
    assert "\u202e" not in text
    assert "<bdi>שלום</bdi>" in text
    assert "more" not in text.split("<body>")[1]
    assert re.findall("([^\n]*){ overflow-wrap: anywhere }", text) == [
        "td:nth-child(n+6) "
    ]
    columns = re.findall('<th scope="col">(.*?)</th>', text)
    assert columns[-2:] == ["Value", "Problem"] == columns[2:][5:]
    assert len(text) < 5_000
    assert text.index("POLYGON") < text.index("&lt;script")


def test_the_page_says_how_many_it_leaves_out(schemas: Schemas, tmp_path: Path) -> None:
    """It has the first thousand, and names the forms that have them all."""
    text = written(tmp_path / "report.html", many(SHOWN + 1234), schemas)
    assert text.count('<tr class="violation">') == SHOWN
    assert "there were 1,234 more: a report in CSV" in text
    assert '<td class="n">2,234</td>' in text


def test_a_long_value_is_whole_on_disk(schemas: Schemas, tmp_path: Path) -> None:
    """Outlines are cut for people only."""
    outline = "POLYGON((1 2" + ",3 4" * 500_000 + "))"
    found = [replace(ONE, value=outline)]
    for suffix in ("csv", "json", "ndjson", "nt", "ttl"):
        assert outline in written(tmp_path / f"report.{suffix}", found, schemas)
    assert outline not in Report().table()


@pytest.mark.parametrize("suffix", FORMS)
def test_memory_stays_flat_while_a_report_is_written(
    suffix: str, schemas: Schemas, tmp_path: Path
) -> None:
    """Thousands of long values pass through, and few are held."""
    file = ReportFile(tmp_path / f"report.{suffix}", BASE, schemas)
    tracemalloc.start()
    with Report(limit=10, files=[file]) as report:
        for row in range(4_000):
            report.add(replace(ONE, row=row, value=f"{row} {'y' * 3_000}"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6_000_000


def test_parts_of_a_report_share_its_files(schemas: Schemas, tmp_path: Path) -> None:
    """Registers of one load are judged apart, and come together in one file."""
    path = tmp_path / "report.ndjson"
    with Report(limit=2, files=[ReportFile(path, BASE, schemas)]) as whole:
        for register in ("site", "owner"):
            part = whole.part()
            part.extend(replace(one, register=register) for one in many(5))
            assert part.rejected_rows(register).to_list() == [2, 3, 4, 5, 6]
            assert len(part) == 5
            whole.merge(part)
        other = Report()
        other.add(ONE)
        whole.merge(other)
    assert len(whole) == 11
    assert path.read_text(encoding="utf-8").count("\n") == 11


def test_a_truncated_report_cannot_be_merged_into_one_on_disk(
    schemas: Schemas, tmp_path: Path
) -> None:
    """What is no longer held cannot be written, so nothing pretends that it was."""
    part = Report(limit=1)
    part.extend(many(2))
    file = ReportFile(tmp_path / "a.ndjson", BASE, schemas)
    with pytest.raises(ValueError, match="truncated"), Report(files=[file]) as whole:
        whole.merge(part)


def _breaking() -> Iterator[Violation]:
    yield from many(3)
    raise RuntimeError("broken")


def test_a_broken_run_leaves_what_was_there(schemas: Schemas, tmp_path: Path) -> None:
    """Neither half a file in its place nor one beside it."""
    path = tmp_path / "report.csv"
    path.write_text("the last one", encoding="utf-8")
    with (
        pytest.raises(RuntimeError, match="broken"),
        Report(files=[ReportFile(path, BASE, schemas)]) as report,
    ):
        report.extend(_breaking())
    assert [p.name for p in tmp_path.iterdir()] == ["report.csv"]
    assert path.read_text(encoding="utf-8") == "the last one"


def test_a_report_takes_the_place_of_the_last_one_when_complete(
    schemas: Schemas, tmp_path: Path
) -> None:
    """Until then the last one is there; a link goes on leading to where it did."""
    path, link = tmp_path / "report.csv", tmp_path / "link.csv"
    path.write_text("the last one", encoding="utf-8")
    link.symlink_to(path)
    with Report(files=[ReportFile(link, BASE, schemas)]) as report:
        report.extend(many(2))
        assert path.read_text(encoding="utf-8") == "the last one"
        report.close()
        assert path.read_text(encoding="utf-8").count("\n") == 3
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.csv", "report.csv"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.xlsx", "one of .csv, .html, .json, .jsonl, .ndjson, .nt, .ttl"),
        ("report", "expected a name that ends in"),
        ("none/report.csv", "there is no folder"),
        ("folder.csv", "that is no file"),
    ],
)
def test_a_path_that_cannot_be_a_report_is_refused(
    name: str, said: str, schemas: Schemas, tmp_path: Path
) -> None:
    """An unknown suffix, a folder that is not there, a folder in its place."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidParameter, match=re.escape(said)):
        ReportFile(tmp_path / name, BASE, schemas)


def test_a_place_that_cannot_be_written_to_is_an_error_at_once(
    schemas: Schemas, tmp_path: Path
) -> None:
    """A name that the file system does not take is refused when the file is made."""
    with pytest.raises(ReportNotWritten, match="cannot be written: File name too long"):
        ReportFile(tmp_path / f"{'n' * 250}.csv", BASE, schemas)


@pytest.mark.parametrize("count", [1, 100_000])
def test_a_full_disk_is_an_error_of_ours(
    count: int, schemas: Schemas, tmp_path: Path
) -> None:
    """Found while writing or at the end; either way no report is left."""
    path = tmp_path / "report.csv"
    (tmp_path / f"report.csv.{os.getpid()}.new").symlink_to("/dev/full")
    with (
        pytest.raises(ReportNotWritten, match="No space left on device; make room"),
        Report(files=[ReportFile(path, BASE, schemas)]) as report,
    ):
        report.extend(many(count))
    assert not list(tmp_path.iterdir())
