"""What is done again and again to one installation, and killed each time.

Nothing is put back between two turns: each goes on from what the last kill left, so
that all that was ever signed belongs to one history. Nothing is mended by hand, either.
"""

from __future__ import annotations

import random
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.crash.notes import Seen
from tests.crash.programs import Killer
from tests.log.drafts import BATCH, draft
from tests.log.installation import installation
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.log.reader import LogReader
from trigpoint.log.rotation import rotate
from trigpoint.replica.audit import audit_data, audit_site
from trigpoint.replica.export import export_static
from trigpoint.replica.site import open_site
from trigpoint.replica.trust import trust
from trigpoint.views import Views

TOWNS = ("river", "summit", "town")
GROWTH = 60  # entries of each register a turn

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = [f"{one}{two}" for one in LETTERS for two in LETTERS]

Sizes = dict[str, int]


class Chain(ABC):
    """An installation with three registers in `folder`, and what is done to it."""

    old: Sizes  # before a turn

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        made = installation(folder)
        self.data, self.keys, self.signer = made.data, made.keys.path, made.signer
        self.log = made.log
        self.output = folder / "output"
        self.seen = Seen(self.keys)
        self.chance = chance
        self.turn = 0
        self.grow()
        self.signer.sign(self.log)

    def grow(self) -> None:
        """Append to each register, in one transaction; nothing is signed."""
        self.turn += 1
        with self.log.appending(BATCH) as appender:
            for register in TOWNS:
                count = self.chance.randint(1, 2 * GROWTH)
                drafts = [
                    draft(f"k{n % 90}", name=f"N{self.turn} {n}") for n in range(count)
                ]
                appender.append(register, drafts)

    def sizes(self) -> Sizes:
        return self.log.sizes()

    @property
    def vkey(self) -> str:
        """The first key: what a reader may have pinned."""
        return str(self.signer.keys.public().keys[0])

    @abstractmethod
    def prepare(self) -> tuple[str | Path, ...]:
        """Make something to do; returns the words that do it."""

    @abstractmethod
    def check(self) -> str:
        """Nothing may be torn or lost, as it was left; returns a name for that."""

    @abstractmethod
    def check_done(self) -> None:
        """All that was to be done is done."""

    def run(self, times: int) -> Counter[str]:
        """So many kills; returns how often they left what."""
        killer, states = Killer(self.chance, *self.watched()), Counter[str]()
        killer.run(self.output, *self.prepare())
        self.check_done()
        while states.total() < times:
            words = self.prepare()
            over = killer.kill(self.output, *words)
            self.collect()
            state = self.check()
            states["done" if over else state] += 1
            if over:
                self.check_done()
            killer.run(self.output, *words)
            self.collect()
            self.check_done()
        self.seen.check(self.log)
        self.log.close()
        return states

    def watched(self) -> tuple[Path, ...]:
        """The folders that the program writes to."""
        return self.data, self.keys

    def collect(self) -> None:
        """Remember all that is signed."""
        self.seen.add_log(self.log)
        self.seen.add_last()


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note).text).size


def between(found: Mapping[str, int], old: Sizes, new: Sizes) -> int:
    """How many registers have their new size; the others have the old one."""
    for register, size in found.items():
        assert size in (old.get(register, 0), new[register])
    return sum(found.get(register) == new[register] for register in new)


class Appending(Chain):
    """Rows of a file are loaded, which ends with the views; some with a new value, and
    all in one batch."""

    def prepare(self) -> tuple[str | Path, ...]:
        self.turn += 1
        self.old = {"country": self.log.size("country")}
        self.batches = len(self.log.batches())
        count = self.chance.randint(1, 2 * GROWTH)
        self.new = {"country": self.old["country"] + count}
        file = self.folder / "rows.csv"
        rows = [f"{PAIRS[n]},Land {self.turn} {n}\n" for n in range(count)]
        file.write_text("".join(["country,name\n", *rows]), "utf-8")
        return "loaders", "rows", file, "--register", "country", "--data", self.data

    def check(self) -> str:
        held = {one.name: one.size for one in audit_data(self.data, key=self.vkey)}
        appended = between({"country": held.get("country", 0)}, self.old, self.new)
        assert len(self.log.batches()) == self.batches + appended
        if not appended:
            return "nothing appended"
        kept = self.signer.keys.last("country")
        if kept is None or _size(kept) < self.new["country"]:
            return "appended"
        sizes = self.log.checkpoint_sizes("country")
        if sizes[-1:] != [self.new["country"]]:
            return "and signed"
        served = Views(self.data / "views").current()
        published = served is not None and served.sizes.items() >= self.new.items()
        return "and published" if published else "and the checkpoint in the database"

    def check_done(self) -> None:
        assert self.check() == "and published"
        latest = self.log.record("country", PAIRS[0]).item["name"]
        assert latest == f"Land {self.turn} 0"


class Signing(Chain):
    """Entries are signed, cosigned anew, or another key takes the place of the first;
    each when the last one is complete."""

    def prepare(self) -> tuple[str | Path, ...]:
        self.old = self.signed()
        self.grow()
        verb = ("sign", "sign", "refresh", "rotate")[self.turn % 4]
        words = ("sign", "--refresh") if verb == "refresh" else (verb,)
        return "trigpoint", *words, "--data", self.data

    def signed(self) -> Sizes:
        """The last sizes that were signed, by the keys folder."""
        found = {}
        for register in self.signer.keys.signed_registers():
            note = self.signer.keys.last(register) or ""
            found[register] = _size(note)
        return found

    def check(self) -> str:
        held = {one.name: one.size for one in audit_data(self.data, key=self.vkey)}
        assert held == self.sizes()
        signed = self.signed()
        kept = between(signed, self.old, self.sizes())
        stored = {name: self.log.checkpoint_sizes(name)[-1] for name in TOWNS}
        # What is in the database was in the keys folder before.
        assert all(stored[name] <= signed[name] for name in TOWNS)
        put = between(stored, self.old, self.sizes())
        assert put in (0, len(TOWNS))
        rotating = " while rotating" if self.signer.keys.has("next.key") else ""
        return f"{kept} of 3 kept with the key, {put} in the database{rotating}"

    def check_done(self) -> None:
        self.check()
        assert self.signed() == self.sizes()
        assert self.signer.sign(self.log) == []


class Exporting(Chain):
    """The log is exported as files, which are read by whoever pinned the first key."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self.old: Sizes = {}
        self.out = folder / "out"

    def watched(self) -> tuple[Path, ...]:
        return (self.out,)

    def prepare(self) -> tuple[str | Path, ...]:
        self.old = self.exported()
        self.grow()
        self.signer.sign(self.log)
        if self.turn % 5 == 0:
            rotate(self.log, self.signer.keys)
        if self.turn % 7 == 0:
            shutil.rmtree(self.out)
            self.old = {}
        return "trigpoint", "export-static", self.out, "--data", self.data

    def exported(self) -> Sizes:
        """The sizes that the export verifies at; none before it lists any register."""
        if not (self.out / "registers.json").exists():
            return {}
        with open_site(str(self.out)) as site:
            ring = trust(site.keys(), None, self.vkey).ring
            found = list(audit_site(site, ring=ring))
        for one in found:
            assert one.root == self.log.root(one.name, one.size)
        return {one.name: one.size for one in found}

    def collect(self) -> None:
        super().collect()
        self.seen.add_export(self.out)

    def check(self) -> str:
        found = self.exported()
        assert set(found) in (set(), set(TOWNS))
        fresh = "first export, " if not self.old else ""
        return f"{fresh}{between(found, self.old, self.sizes())} of 3 registers new"

    def check_done(self) -> None:
        assert self.exported() == self.sizes()
        assert not (self.out / ".new").exists()


class Following(Chain):
    """A replica follows an export."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self.old: Sizes = {}
        self.site, self.replica = folder / "site", folder / "replica"

    def watched(self) -> tuple[Path, ...]:
        return (self.replica,)

    def prepare(self) -> tuple[str | Path, ...]:
        self.old = self.held()
        self.grow()
        self.signer.sign(self.log)
        if self.turn % 5 == 0:
            rotate(self.log, self.signer.keys)
        export_static(self.log, self.site)
        if self.turn % 7 == 0:
            shutil.rmtree(self.replica)
            self.old = {}
        return (
            *("trigpoint", "follow", self.site, self.replica),
            *("--once", "--no-views", "--key", self.vkey),
        )

    def held(self) -> Sizes:
        """The sizes that the replica verifies at."""
        if not (self.replica / "log.sqlite").exists():
            return {}
        found = list(audit_data(self.replica))
        for one in found:
            assert one.root == self.log.root(one.name, one.size)
        return {one.name: one.size for one in found}

    def collect(self) -> None:
        super().collect()
        if (self.replica / "log.sqlite").exists():
            replica = LogReader(self.replica / "log.sqlite")
            self.seen.add_log(replica)
            replica.close()

    def check(self) -> str:
        found = self.held()
        assert set(self.old) <= set(found)
        spool = self.replica / "incoming"
        fetched = any(spool.rglob("*.*")) or any(spool.rglob("tile"))
        fresh = "first round, " if not self.old else ""
        half = ", another half fetched" if fetched else ""
        return (
            f"{fresh}{between(found, self.old, self.sizes())} of 3 registers new{half}"
        )

    def check_done(self) -> None:
        assert self.held() == self.sizes()
