"""Archived registers through the command."""

from __future__ import annotations

from pathlib import Path

from loaders.__main__ import parser
from tests.demo import demo_words
from tests.loaders.conftest import Load
from tests.loaders.reading import records_of
from tests.test_archive import AYR, rsf
from trigpoint.register import Registers


def test_a_file_and_a_folder_are_taken(
    load: Load, real_data: Path, tmp_path: Path
) -> None:
    """One register, then all that are in the folder; the first appends nothing new."""
    data = tmp_path / "data"
    folder = real_data / "registers"
    code, out, _ = load(
        "rsf",
        folder / "school-type-eng.rsf",
        "--data",
        data,
        "--source-date",
        "2019-11",
    )
    assert (code, out.splitlines()[-1]) == (0, "26 entries appended.")
    assert len(records_of(data, "school-type-eng")) == 26
    code, out, _ = load("rsf", folder / "school-type-eng.rsf", "--data", data)
    assert (code, out.splitlines()[-1]) == (0, "0 entries appended.")


def test_where_it_came_from_is_recorded(
    load: Load, real_data: Path, tmp_path: Path
) -> None:
    """Source, licence, attribution, date and the checksum of the file."""
    data = tmp_path / "data"
    path = real_data / "registers" / "school-type-eng.rsf"
    assert load("rsf", path, "--data", data, "--source-date", "2019-11")[0] == 0
    (appended,) = Registers.open(data).log.batches()
    batch = appended.batch
    assert (batch.source, batch.release_date) == ("rsf", "2019-11")
    ((name, checksum),) = batch.files
    assert name == "school-type-eng.rsf"
    assert checksum.startswith("sha-256:")
    assert len(checksum) == len("sha-256:") + 64
    assert batch.licence is not None
    assert "open-government-licence" in batch.licence


def test_a_root_that_does_not_come_out_is_refused(
    load: Load, real_data: Path, tmp_path: Path
) -> None:
    """A changed item makes the file unbelievable: exit code 1, the line named."""
    path = tmp_path / "school-type-eng.rsf"
    text = (real_data / "registers" / path.name).read_text(encoding="utf-8")
    path.write_text(text.replace("Community school", "Commonity school"), "utf-8")
    data = tmp_path / "data"
    code, _, err = load("rsf", path, "--data", data)
    assert code == 1
    assert "\nschool-type-eng.rsf, line " in err
    assert records_of(data, "school-type-eng") == {}


def test_a_folder_without_archives_is_refused(load: Load, tmp_path: Path) -> None:
    """The error says what is looked for."""
    (tmp_path / "empty").mkdir()
    code, _, err = load("rsf", tmp_path / "empty", "--data", tmp_path / "data")
    assert code == 2
    assert "no .rsf file" in err


def test_an_archive_that_is_refused_cannot_be_loaded_in_part(
    load: Load, tmp_path: Path
) -> None:
    """The advice is one that can be followed: no option lets some entries through."""
    path = rsf(tmp_path, [AYR, ("b", {"name": "Bath", "e-mail": "b@example.org"})])
    code, out, _ = load("rsf", path, "--data", tmp_path / "data")
    assert code == 1
    assert out.splitlines()[-1].startswith("Nothing was written: an archive is loaded ")
    assert "--accept-partial" not in out
    assert "e-mail" in out


def test_files_from_elsewhere_say_where_from(load: Load, tmp_path: Path) -> None:
    """Title and attribution are those given, and no page of GOV.UK is claimed."""
    path = rsf(tmp_path, [AYR])
    said = ("--source-title", "A sample", "--attribution", "Towns by us, CC BY 4.0")
    assert load("rsf", path, "--data", tmp_path / "data", *said)[0] == 0
    (appended,) = Registers.open(tmp_path / "data").log.batches()
    batch = appended.batch
    assert (batch.title, batch.attribution) == ("A sample", "Towns by us, CC BY 4.0")
    assert batch.landing_page is None


def test_the_demo_says_where_its_facts_come_from(tmp_path: Path) -> None:
    """`make demo` names the sample's paper, and both licences of what is in it."""
    words = demo_words(tmp_path)
    options = parser().parse_args(words[words.index("rsf") :])
    assert options.data == tmp_path
    assert len(options.files) == 25
    assert "data/SOURCE.md" in options.source_title
    for words_said in ("data/SOURCE.md", "Open Government Licence v3.0", "CC BY 4.0"):
        assert words_said in options.attribution
