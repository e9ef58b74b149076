"""A replica has what the log has, was fetched once, and is served as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.log.drafts import append, draft
from tests.log.installation import Installation
from tests.log.vectors import OTHER
from tests.replica.conftest import Followed
from tests.replica.sites import Site, export, follow, truth
from trigpoint.errors import (
    BadSignature,
    DataBusy,
    InvalidInput,
    InvalidParameter,
    NoData,
    NotPermitted,
    RolledBack,
)
from trigpoint.log.attest import attest
from trigpoint.log.rotation import rotate
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE, Registers
from trigpoint.replica.audit import audit_data
from trigpoint.replica.replica import open_replica


def held(replica: Path) -> Log:
    return Log(replica / LOG_FILE, readonly=True)


def test_a_replica_has_every_row_of_the_log(followed: Followed) -> None:
    """Entries, items, tiles, batches, checkpoint and statement come out the same."""
    done = follow(followed.replica, followed.site.address)
    assert [(one.register, one.added) for one in done.done] == [("town", 300)]
    copy, log = held(followed.replica), followed.inst.log
    for read in (Log.sizes, Log.registers, Log.batches, Log.withheld):
        assert read(copy) == read(log)
    assert copy.entries("town", 1, 1000) == log.entries("town", 1, 1000)
    assert copy.current("town") == log.current("town")
    assert copy.checkpoint("town") == log.checkpoint("town")
    assert copy.statement("town") == log.statement("town")
    assert copy.checkpoint_sizes("town") == [300, 600]
    assert copy.verify("town") == log.root("town")
    assert attest(copy, "town", followed.inst.ring()) == 600
    copy.close()


def test_only_what_is_new_is_fetched(followed: Followed) -> None:
    """Of two bundles that are full already, the first is not asked for again; a round
    without news asks for two notes."""
    follow(followed.replica, followed.site.address)
    asked = followed.site.asked
    assert "registers/town/tile/entries/001" in asked
    assert not [path for path in asked if path.endswith("/000")]
    asked.clear()
    follow(followed.replica, followed.site.address)
    assert sorted(asked) == [
        "keys.json",
        "registers.json",
        "registers/town/about",
        "registers/town/checkpoint",
    ]


@pytest.mark.parametrize("size", [1, 255, 256, 257])
def test_logs_of_every_shape_are_followed(
    size: int, inst: Installation, site: Site, tmp_path: Path
) -> None:
    """Full tiles, partial tiles and a lone entry are read right, then 256 more."""
    replica = tmp_path / "replica"
    for total in (size, size + 256):
        inst.grow(total - inst.log.size("other"), "other")
        export(inst, site.folder)
        assert not follow(replica, site.address).wrong
        assert held(replica).verify("other") == inst.log.root("other")
    assert held(replica).sizes() == {"other": size + 256, "town": 300}


def test_a_large_register_is_followed(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """Two levels of full tiles above the leaves are verified from the top."""
    inst.grow(66_000, "other")
    export(inst, site.folder)
    follow(tmp_path / "replica", site.address, registers=("other",))
    assert held(tmp_path / "replica").sizes() == {"other": 66_000}
    inst.grow(10, "other")
    export(inst, site.folder)
    site.asked.clear()
    done = follow(tmp_path / "replica", site.address, registers=("other",))
    assert [one.added for one in done.done] == [10]
    assert len(site.asked) < 12


def test_one_register_is_followed_by_its_own_address(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """The address of a register leads to it and to no other."""
    inst.grow(5, "other")
    export(inst, site.folder)
    done = follow(tmp_path / "replica", f"{site.address}/registers/town/")
    assert [one.register for one in done.done] == ["town"]
    assert held(tmp_path / "replica").registers() == ["town"]


def test_a_folder_is_followed_as_an_address_is(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """An export on a disk gives the same replica, by its path or a file address."""
    follow(tmp_path / "one", site.address)
    follow(tmp_path / "two", str(site.folder))
    follow(tmp_path / "three", site.folder.as_uri())
    assert truth(tmp_path / "one") == truth(tmp_path / "two")
    assert truth(tmp_path / "one") == truth(tmp_path / "three")


def test_a_server_without_partial_tiles_is_followed(
    followed: Followed,
) -> None:
    """Where only the full tile is left, as tlog-tiles allows, it is read instead."""
    followed.inst.grow(400)
    full = export(followed.inst, followed.site.folder.parent / "later")
    town = followed.site.folder / "registers" / "town" / "tile"
    for kind in ("0", "entries", "items"):
        (partial,) = (town / kind / "002.p").iterdir()
        partial.unlink()
        whole = full / "registers" / "town" / "tile" / kind / "002"
        (town / kind / "002").write_bytes(whole.read_bytes())
    assert not follow(followed.replica, followed.site.address).wrong
    assert held(followed.replica).size("town") == 600


def test_a_replica_cannot_be_appended_to(followed: Followed) -> None:
    """Whoever opens it to write is told whose replica it is."""
    with pytest.raises(NotPermitted, match=f"replica of {followed.site.address}"):
        Registers.open(followed.replica, write=True)


def test_registers_of_ones_own_are_not_followed_over(
    inst: Installation, site: Site
) -> None:
    """A data directory that signs for itself does not become a replica."""
    with pytest.raises(NotPermitted, match="registers of its own"):
        follow(inst.data, site.address)


def test_a_folder_of_something_else_is_not_followed_into(
    site: Site, tmp_path: Path
) -> None:
    """Nothing is written among it; an empty folder will do."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear Sir")
    with pytest.raises(NoData, match="holds other things"):
        follow(folder, site.address)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]
    (folder / "letter.txt").unlink()
    assert not follow(folder, site.address).wrong


def test_two_followers_do_not_meet(followed: Followed) -> None:
    """While one follows into a folder, another is turned away."""
    with (
        open_replica(followed.replica, followed.site.address),
        pytest.raises(DataBusy, match="followed into"),
    ):
        follow(followed.replica, followed.site.address)


def test_a_rotated_key_is_believed_and_remembered(followed: Followed) -> None:
    """A new key counts when the old one signed that it takes its place."""
    old = followed.inst.vkey
    rotate(followed.inst.log, followed.inst.keys)
    export(followed.inst, followed.site.folder)
    assert followed.inst.vkey != old
    assert not follow(followed.replica, followed.site.address, key=old).wrong
    remembered = json.loads((followed.replica / "keys.json").read_text("utf-8"))
    assert remembered["keys"] == [old, followed.inst.vkey]
    (found,) = audit_data(followed.replica, key=old)
    assert found.size == 600


def test_remembered_keys_that_are_damaged_are_refused(followed: Followed) -> None:
    """Not UTF-8, or no JSON: no key is trusted in their place."""
    file = followed.replica / "keys.json"
    text = file.read_bytes()
    for harm in (text.replace(b"localhost", b"local\xff", 1), text[:40], b""):
        file.write_bytes(harm)
        with pytest.raises(InvalidInput, match=r"keys\.json"):
            follow(followed.replica, followed.site.address)
        assert file.read_bytes() == harm


def test_a_pinned_key_counts_from_the_first(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """The vkey of the installation or of the register is accepted, another is not."""
    name, _, _ = inst.vkey.partition("+")
    key = inst.ring().for_register("town")[0]
    assert key.name == f"{name}/registers/town"
    assert not follow(tmp_path / "one", site.address, key=str(key)).wrong
    assert not follow(tmp_path / "two", site.address, key=inst.vkey).wrong
    with pytest.raises(BadSignature, match="not among the keys"):
        follow(tmp_path / "three", site.address, key=str(OTHER.verifier(name)))
    assert not (tmp_path / "three" / LOG_FILE).exists()


def test_a_site_without_keys_needs_a_pinned_one(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """A register behind an address that has no keys.json is followed by its vkey."""
    (site.folder / "keys.json").unlink()
    with pytest.raises(InvalidParameter, match="--key"):
        follow(tmp_path / "replica", site.address)
    assert not follow(tmp_path / "replica", site.address, key=inst.vkey).wrong
    assert not follow(tmp_path / "replica", site.address).wrong


def test_what_is_withheld_there_is_withheld_here(followed: Followed) -> None:
    """An item held before and one that is new lose their content, for the reason and
    since the day that the signed statement has; every proof stays."""
    log = followed.inst.log
    for number in (7, 444):
        item = log.entry("town", number).item_hash
        log.withhold(item, "personal data", "2026-01-31")
    export(followed.inst, followed.site.folder)
    (done,) = follow(followed.replica, followed.site.address).done
    assert (done.added, done.withheld) == (300, 1)
    copy = held(followed.replica)
    assert copy.withheld() == log.withheld()
    assert len(copy.withheld()) == 2
    assert copy.verify("town") == log.root("town")
    (found,) = audit_data(followed.replica)
    assert found.size == 600
    copy.close()


def test_an_item_stays_withheld(followed: Followed) -> None:
    """A statement that takes a redaction back is refused."""
    inst, site = followed.inst, followed.site
    before = (site.folder / "registers/town/about").read_bytes()
    item = inst.log.entry("town", 7).item_hash
    inst.log.withhold(item, "personal data", "2026-01-31")
    export(inst, site.folder)
    follow(followed.replica, site.address)
    site.lie("about", before)
    wrong = follow(followed.replica, site.address).wrong["town"]
    assert isinstance(wrong, RolledBack)
    assert "no longer withholds" in str(wrong)


def test_the_registers_share_items_and_batches(
    inst: Installation, site: Site, tmp_path: Path
) -> None:
    """An item and a batch that two registers name are stored once, as there."""
    one = draft("same", name="Same")
    for register in ("town", "village"):
        append(inst.log, [one], register)
    export(inst, site.folder)
    assert not follow(tmp_path / "replica", site.address).wrong
    copy = held(tmp_path / "replica")
    assert copy.batches() == inst.log.batches()
    assert copy.entry("village", 1).item_hash == copy.entry("town", 301).item_hash
    copy.close()
