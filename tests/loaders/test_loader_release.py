"""One file of a release: read as it stands, or refused with place and reason."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.layout import Layout
from loaders.release import open_release
from tests.loaders.reading import write_gzip
from trigpoint.errors import BadRelease

TABLE = Layout("table", ("key", "name"), optional=("note",), unread="^Head")
WINDOWS = replace(TABLE, encoding="cp1252")
TABS = replace(TABLE, separator="\t", quoted=False)
FEATURES = Layout("features", (), kind="geojson-lines")
POINT = '{"type":"Point","coordinates":[0,51]}'


def feature(code: str, geometry: str = POINT) -> str:
    return f'{{"type":"Feature","properties":{{"c":"{code}"}},"geometry":{geometry}}}\n'


def rows(path: Path, layout: Layout, folder: Path) -> list[dict[str, object]]:
    return open_release(path, [layout], folder).scan().collect().to_dicts()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "temporary"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    ("layout", "data"),
    [
        (TABLE, "key,name\n1,Ynys Môn\n".encode()),
        (TABLE, "\ufeffkey,name\r\n1,Ynys Môn\r\n".encode()),
        (TABLE, b'name,key\n"Ynys M\xc3\xb4n",1'),
        (WINDOWS, b"key,name\n1,Ynys M\xf4n\n"),
        (WINDOWS, "key,name\n1,Ynys Môn\n".encode()),
        (TABLE, gzip.compress("key,name\n1,Ynys Môn\n".encode())),
        (TABLE, gzip.compress(b"key,name\n") + gzip.compress("1,Ynys Môn".encode())),
        (TABLE, gzip.compress("key,name\n1,Ynys Môn\n".encode()) + b"\0" * 512),
        (TABS, "key\tname\n1\tYnys Môn\n".encode()),
        (TABLE, "Head,key,HeadLast,name\nx,1,y,Ynys Môn\n".encode()),
    ],
    ids=[
        *("plain", "bom-and-crlf", "quoted-other-order-no-last-newline", "cp1252"),
        *("utf-8-where-cp1252-may-be", "gzip", "two-gzip-members", "padded-gzip"),
        *("tabs", "people-columns"),
    ],
)
def test_a_sound_file_is_read_as_it_stands(
    layout: Layout, data: bytes, tmp_path: Path, folder: Path
) -> None:
    """Encodings, line ends, column order and packing do not change what is read."""
    path = tmp_path / "release.csv"
    path.write_bytes(data)
    assert rows(path, layout, folder) == [{"_row": 2, "key": "1", "name": "Ynys Môn"}]


@pytest.mark.parametrize(
    ("layout", "data", "said"),
    [
        (
            TABLE,
            gzip.compress(b"key,name\n1,a\n" * 99)[:-9],
            "gzip that ends too early",
        ),
        (TABLE, b"\x1f\x8b\x08\x00" + b"\xff" * 99, "is not sound gzip"),
        (TABLE, gzip.compress(b"key,name\n") + b"junk", "is not sound gzip"),
        (TABLE, b"", "is empty"),
        (TABLE, b"key,name\n1,caf\xe9\n", "line 2: byte 14 (0xe9) is not utf-8"),
        (WINDOWS, b"key,name\n1,\x81\n", "line 2: byte 11 (0x81) is not cp1252"),
        (TABLE, "key,name\n1,a\n".encode("utf-16"), "is UTF-16"),
        (TABLE, "key,name\n1,a\n".encode("utf-16-le"), "has a NUL byte at byte 1"),
        (TABLE, b"key,name\n1,a\n2,\0\n", "line 3: has a NUL byte at byte 15"),
        (TABLE, b"key,nmae\n1,a\n", "missing name; unexpected nmae"),
        (TABLE, b"key,name,e-mail\n1,a,b\n", "unexpected e-mail"),
        (TABLE, b"key,key,name\n1,1,a\n", "columns twice: key"),
        (TABLE, b"key,name\n1,a\n2\n", "line 3: the row has 1 cells, expected 2"),
        (TABLE, b"key,name\n1,a\n2", "the file is whole and the row was not cut"),
        (TABLE, b"key,name\r1,a\r", "line 1: has a carriage return without a line"),
        (TABLE, b"key,name\n1,a,b\n", "line 2: the row has 3 cells, expected 2"),
        (TABLE, b'key,name\n1,"a\n2,b\n', "the row cannot be cut into cells"),
        (TABLE, b'key,name\n1,"a"b\n', "line 2: the row cannot be cut into cells"),
        (FEATURES, b'{"type":"FeatureCollection","features":[]}\n', "not a Feature"),
        (FEATURES, b"[1,2]\n", "not a Feature"),
        (FEATURES, b'{"type":"Feature",\n', "line 1: is not JSON"),
        (FEATURES, b'{"type":"Feature","properties":{}}\n', "or no geometry"),
        (FEATURES, b"[" * 100_000 + b"\n", "is not JSON"),
        (
            FEATURES,
            feature("E1", '{"type":"Point","coordinates":[NaN,51]}').encode(),
            "NaN is neither JSON nor a coordinate",
        ),
        (
            FEATURES,
            (feature("E1") + feature("E2").replace('"c"', '"d"')).encode(),
            "line 2: the feature has other properties than the first",
        ),
    ],
    ids=[
        *("truncated-gzip", "damaged-gzip", "junk-after-gzip", "empty", "not-utf-8"),
        *("not-cp1252", "utf-16", "utf-16-without-bom", "nul-byte", "wrong-column"),
        *("undeclared-column", "column-twice", "short-row", "cut-row"),
        *("carriage-returns", "long-row"),
        *("quote-left-open", "text-after-quote", "feature-collection", "json-array"),
        *("cut-json", "no-geometry-member", "deep-json", "nan-coordinate"),
        "features-differ",
    ],
)
def test_an_unsound_file_is_refused_with_the_place_and_the_reason(
    layout: Layout, data: bytes, said: str, tmp_path: Path, folder: Path
) -> None:
    """The error names the file, the row where there is one, and the defect."""
    path = tmp_path / "release.csv"
    path.write_bytes(data)
    with pytest.raises(BadRelease) as refused:
        open_release(path, [layout], folder)
    assert str(refused.value).startswith("release.csv")
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, folder: Path) -> None:
    """A path without a file is said to be that."""
    with pytest.raises(BadRelease, match=r"gone.csv: cannot be read: No such file"):
        open_release(tmp_path / "gone.csv", [TABLE], folder)


def test_a_line_of_200_megabytes_is_refused_before_it_is_held(
    tmp_path: Path, folder: Path
) -> None:
    """The line is given up at the limit, long before its end is read."""
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"key,name\n1,")
        for _ in range(200):
            file.write(b"x" * (1 << 20))
    seen: list[int] = []
    with pytest.raises(BadRelease, match="line 2: the line is longer than 32 MiB"):
        open_release(path, [TABLE], folder, advance=seen.append)
    assert sum(seen) < 40 << 20


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    tmp_path: Path, folder: Path
) -> None:
    """Unpacking stops at the limit on the bytes of a whole file."""
    path = write_gzip(tmp_path / "bomb.csv.gz", b"key,name\n" + b"1,a\n" * (4 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(BadRelease, match="unpacks to more than 8 MiB"):
        open_release(path, [TABLE], folder, max_bytes=8 << 20)


def test_rows_are_numbered_as_a_person_counts(tmp_path: Path, folder: Path) -> None:
    """The header is row 1, a cell may span lines, and blank lines count."""
    path = tmp_path / "release.csv"
    path.write_text('key,name\n1,"a\nb"\n\n2,c\n', encoding="utf-8")
    assert [row["_row"] for row in rows(path, TABLE, folder)] == [2, 4]


def test_an_empty_cell_is_absent(tmp_path: Path, folder: Path) -> None:
    """Nothing between the separators, quoted or not, is null and not empty text."""
    path = tmp_path / "release.csv"
    path.write_text('key,name,note\n1,,""\n', encoding="utf-8")
    row = {"_row": 2, "key": "1", "name": None, "note": None}
    assert rows(path, TABLE, folder) == [row]


def test_people_are_not_written_down(tmp_path: Path, folder: Path) -> None:
    """Columns about people are named, and are not in the temporary file either."""
    path = tmp_path / "release.csv"
    path.write_text("key,name,HeadLastName\n1,a,Featherstonehaugh\n", encoding="utf-8")
    release = open_release(path, [TABLE], folder)
    assert release.unread == ("HeadLastName",)
    assert b"Featherstonehaugh" not in release.clean.read_bytes()
    assert "HeadLastName" not in release.scan().collect_schema()


def test_the_checksum_is_of_the_file_as_given(tmp_path: Path, folder: Path) -> None:
    """SHA-256 of the packed bytes, also when the file had to be decoded twice."""
    path = write_gzip(tmp_path / "release.csv.gz", b"key,name\n1,M\xf4n\n")
    release = open_release(path, [WINDOWS], folder)
    assert release.checksum == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (release.rows, release.last_row) == (1, 2)


def test_a_file_is_told_by_its_columns(tmp_path: Path, folder: Path) -> None:
    """Of several layouts the one that fits is taken, or the nearest is spoken of."""
    path = tmp_path / "some.tsv"
    path.write_text("urn\ttype\n1\ta\n", encoding="utf-8")
    types = Layout("types", ("urn", "type"), separator="\t", quoted=False)
    assert open_release(path, [TABLE, types], folder).layout is types
    path.write_text("urn\ttipe\n1\ta\n", encoding="utf-8")
    with pytest.raises(BadRelease, match="missing type; unexpected tipe"):
        open_release(path, [TABLE, types], folder)


def cells() -> st.SearchStrategy[str]:
    """Text such as a cell may hold: quotation marks, separators, breaks, any letter."""
    letters = st.characters(codec="utf-8", exclude_characters="\0\r")
    return st.text(letters, max_size=12)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cells")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(cells(), min_size=1, max_size=5))
def test_any_text_in_a_cell_comes_back(names: list[str], shared: Path) -> None:
    """What RFC 4180 quotes is what is read, letter for letter."""
    path = shared / "cells.csv"
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = ["key,name", *(f"{n},{text}" for n, text in enumerate(quoted))]
    path.write_bytes("\n".join(lines).encode())
    folder = shared / "temporary"
    folder.mkdir(exist_ok=True)
    read = [row["name"] for row in rows(path, TABLE, folder)]
    assert read == [name or None for name in names]


def test_opening_a_file_needs_nothing_of_the_sources() -> None:
    """Imports run one way: sources know of releases, releases not of sources."""
    told = "import sys, loaders.release; sys.exit('loaders.source' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
