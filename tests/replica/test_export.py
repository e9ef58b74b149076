"""The static export: the same bytes as files, at any instant a log that verifies."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.copies import copy_data
from tests.log.drafts import append, draft, log_of
from tests.log.naive import Leaves, tiles
from tests.log.signing import sign
from tests.replica.exports import KEYS, signed_log, towns, verified_size
from trigpoint.cli import app
from trigpoint.errors import Forked, InvalidInput, NotSigned, RolledBack
from trigpoint.log.entry import Batch
from trigpoint.log.served import log_paths, log_resource
from trigpoint.log.store import Log
from trigpoint.log.tiles import unpack_items
from trigpoint.register import Registers
from trigpoint.replica.export import export_static
from trigpoint.staging import Load


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Log]:
    """A register of 300 towns, signed, and an empty folder `out` beside it."""
    log = signed_log(tmp_path / "data", *towns(1, 300))
    yield log
    log.close()


def files(folder: Path) -> dict[str, bytes]:
    """Every file that a static server would show, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each path is, and when it was written."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_are_what_is_served(town: Log, tmp_path: Path) -> None:
    """Every path of the log is a file with the bytes that the slow way makes."""
    out = tmp_path / "out"
    export_static(town, out)
    found = files(out)
    for path, body in tiles(Leaves.of(town, "town"), 300):
        assert found.pop(f"registers/town/{path}") == body
    for path in ("about", "checkpoint"):
        assert (
            found.pop(f"registers/town/{path}") == log_resource(town, "town", path).body
        )
    assert found.pop("keys.json") == KEYS
    assert json.loads(found.pop("registers.json")) == {
        "registers": [{"register": "town"}]
    }
    page = found.pop("index.html").decode()
    assert "300" in page
    assert town.root("town").hex() in page
    assert found == {}


def test_exporting_again_changes_nothing(town: Log, tmp_path: Path) -> None:
    """A second export of the same log writes no file."""
    out = tmp_path / "out"
    (first,) = export_static(town, out)
    before = state(out)
    (second,) = export_static(town, out)
    assert (first.written, second.written) == (first.files, 0)
    assert state(out) == before


def test_a_longer_log_adds_to_the_files(town: Log, tmp_path: Path) -> None:
    """Full tiles are kept as they are, new ones come, and partial ones go once their
    full tile is there."""
    out = tmp_path / "out"
    export_static(town, out)
    before = state(out)
    append(town, towns(301, 400))
    sign(town)
    export_static(town, out)
    between = set(files(out))
    assert "registers/town/tile/0/001.p/44" in between, "a signed size stays"
    assert "registers/town/tile/0/001.p/144" in between
    append(town, towns(401, 600))
    sign(town)
    export_static(town, out)
    after = state(out)
    for path in log_paths(town, "town"):
        name = f"registers/town/{path}"
        if ".p/" not in path and path.startswith("tile/") and name in before:
            assert after[name] == before[name]
    assert not [path for path in after if "/001.p/" in path]
    assert verified_size(out, town) == 600


def test_files_that_went_missing_come_back(town: Log, tmp_path: Path) -> None:
    """A tile that somebody deleted is written again."""
    out = tmp_path / "out"
    export_static(town, out)
    (out / "registers/town/tile/entries/000").unlink()
    (done,) = export_static(town, out)
    assert done.written == 1
    assert verified_size(out, town) == 300


def test_a_withheld_item_goes_from_every_file(town: Log, tmp_path: Path) -> None:
    """Bundles of all sizes that had the item are written again without it, others are
    left alone."""
    out = tmp_path / "out"
    export_static(town, out)
    append(town, towns(301, 310))
    sign(town)
    export_static(town, out)
    secret = town.item(town.entry("town", 299).item_hash).encode()
    held = sorted(name for name, body in files(out).items() if secret in body)
    assert held == [f"registers/town/tile/items/001.p/{w}" for w in (44, 54)]
    before = state(out)
    town.withhold(hashlib.sha256(secret).digest(), "a name", "2026-01-01")
    (done,) = export_static(town, out)
    assert done.written == 2
    assert not [name for name, body in files(out).items() if secret in body]
    after = state(out)
    assert {name for name in after if after[name] != before[name]} == set(held)
    items = unpack_items((out / "registers/town/tile/items/001.p/54").read_bytes())
    assert [n for n, item in enumerate(items, start=257) if item is None] == [299]


def test_what_is_not_signed_is_not_exported(town: Log, tmp_path: Path) -> None:
    """A register without a checkpoint is left out, entries beyond one too."""
    append(town, [draft("v1")], "village")
    append(town, towns(301, 305))
    (done,) = export_static(town, tmp_path / "out")
    assert (done.register, done.checkpoint.size) == ("town", 300)
    assert not (tmp_path / "out/registers/village").exists()


def test_nothing_signed_is_an_error(tmp_path: Path) -> None:
    """There is nothing to follow in a log that was never signed."""
    log = log_of(tmp_path, draft("a"))
    with pytest.raises(NotSigned):
        export_static(log, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_new_key_is_there_before_what_it_signed(town: Log, tmp_path: Path) -> None:
    """`keys.json` is read after the checkpoint and written before it: a key that came
    while the export ran is in it."""
    out = tmp_path / "out"
    rotated = b'{"name": "of two keys"}\n'

    def rotate(_stage: str, _done: int, _total: int | None) -> None:
        assert not (out / "registers/town/checkpoint").exists()
        (town.path.parent / "keys.json").write_bytes(rotated)

    export_static(town, out, rotate)
    assert (out / "keys.json").read_bytes() == rotated


def test_a_folder_of_other_things_is_left_alone(town: Log, tmp_path: Path) -> None:
    """A folder that no export made is not written to."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("mine")
    with pytest.raises(InvalidInput, match="holds other things"):
        export_static(town, out)
    assert files(out) == {"index.html": b"mine"}


def test_another_history_is_refused(town: Log, tmp_path: Path) -> None:
    """A log that is older than what was exported, or began otherwise, does not go over
    it: the folder keeps its last good state."""
    out = tmp_path / "out"
    export_static(town, out)
    before = files(out)
    shorter = signed_log(tmp_path / "shorter", *towns(1, 200))
    with pytest.raises(RolledBack, match="300"):
        export_static(shorter, out)
    other = signed_log(tmp_path / "other", *towns(2, 400))
    with pytest.raises(Forked, match="does not begin with"):
        export_static(other, out)
    assert files(out) == before


def test_what_an_interrupted_export_left_is_not_believed(
    town: Log, tmp_path: Path
) -> None:
    """Tiles that no checkpoint covers may be another log's: they are compared."""
    out = tmp_path / "out"
    export_static(town, out)
    (out / "registers/town/checkpoint").unlink()
    (out / "registers/town/tile/0/000").write_bytes(bytes(8192))
    (out / ".new").mkdir()
    (out / ".new/left").write_bytes(b"half")
    export_static(town, out)
    assert verified_size(out, town) == 300
    assert not (out / ".new").exists()


def test_the_verb(demo: Path, tmp_path: Path) -> None:
    """`trigpoint export-static` says of each register what it wrote, and nothing is
    written twice."""
    words = ["export-static", str(tmp_path / "out"), "--data", str(demo)]
    first, second = (CliRunner().invoke(app, words).stdout for _ in range(2))
    log = Log(demo / "log.sqlite", readonly=True)
    assert len(first.splitlines()) == len(log.registers())
    assert "country: 210 entries, 5 files, 5 of them written\n" in first
    assert second.count(" 0 of them written\n") == len(log.registers())
    assert verified_size(tmp_path / "out", log, "country") == 210


@pytest.fixture
def site(demo: Path, tmp_path: Path) -> Iterator[str]:
    """The embedded sample as a static export behind a plain file server."""
    log = Log(demo / "log.sqlite", readonly=True)
    export_static(log, tmp_path / "out")
    quiet = partial(QuietHandler, directory=str(tmp_path / "out"))
    with ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """A plain file server that prints nothing."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def follow(site: str, replica: Path) -> None:
    """One round of following, as the command does it."""
    words = ["follow", site, str(replica), "--once", "--no-views"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def test_a_plain_file_server_is_enough_to_follow(
    demo: Path, site: str, tmp_path: Path
) -> None:
    """A replica made from the files alone has every register, and what it exports is
    the same again, byte for byte."""
    follow(site, tmp_path / "replica")
    log = Log(tmp_path / "replica/log.sqlite", readonly=True)
    assert log.sizes() == Log(demo / "log.sqlite", readonly=True).sizes()
    export_static(log, tmp_path / "again")
    assert files(tmp_path / "again") == files(tmp_path / "out")


def test_a_half_exported_state_can_be_followed(
    demo: Path, site: str, tmp_path: Path
) -> None:
    """When an export stops before the checkpoint, the folder is followed at the old
    one, though the statement and the tiles are those of the new."""
    later = copy_data(demo, tmp_path / "later")
    registers = Registers.open(later, write=True)
    row = {"country": "GB", "official-name": "The United Kingdom"}
    load = Load("country", pl.DataFrame([row]), partial=True)
    assert registers.load([load], Batch("test", "A change")).appended
    for path in log_paths(registers.log, "country"):
        if path != "checkpoint":
            file = tmp_path / "out/registers/country" / path
            file.write_bytes(log_resource(registers.log, "country", path).body)
    follow(site, tmp_path / "replica")
    log = Log(tmp_path / "replica/log.sqlite", readonly=True)
    assert log.size("country") == registers.log.size("country") - 1
    export_static(registers.log, tmp_path / "out")
    follow(site, tmp_path / "replica")
    assert log.root("country") == registers.log.root("country")
