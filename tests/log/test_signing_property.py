"""Whatever is done to a log, all that was ever signed of it is one history.

The log is appended to, put back from older copies, damaged and signed in any order, and
its keys are rotated. What was signed last must go on from all that was signed before.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.log.drafts import append, draft
from tests.log.installation import Installation, installation, reopened
from trigpoint.errors import LogCorrupt, SigningRefused
from trigpoint.log import rotation
from trigpoint.log.entry import Entry, leaf
from trigpoint.log.keys import trusted_keys
from trigpoint.log.merkle import leaf_hash, root_hash
from trigpoint.log.note import parse_note

REGISTERS = st.sampled_from(["town", "county"])
DAMAGE = (
    "DELETE FROM entry WHERE number = (SELECT max(number) FROM entry)",
    "DELETE FROM entry WHERE number = abs(random()) % 20 + 1",
    "DELETE FROM tile WHERE rowid = (SELECT max(rowid) FROM tile)",
    "DELETE FROM checkpoint",
    "DELETE FROM statement",
    "DELETE FROM item WHERE id NOT IN (SELECT item FROM entry)",
    "UPDATE register SET size = size - 1 WHERE size > 0",
    "UPDATE item SET content = content || ' ' WHERE id = 3",
    "UPDATE entry SET key = 'other' WHERE number = 5",
    "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE rowid = 1",
)


class Signing(RuleBasedStateMachine):
    """A log in real files; `leaves` are those of the greatest tree that was signed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="trigpoint-signing-"))
        self.here = installation(self.folder)
        self.pinned = self.here.vkey
        self.leaves: dict[str, list[bytes]] = {}
        self.copies = 0
        self.made = 0

    def teardown(self) -> None:
        self.here.log.close()
        shutil.rmtree(self.folder)

    @rule(register=REGISTERS, count=st.integers(1, 70))
    def append(self, register: str, count: int) -> None:
        """Entries that no other history has."""
        self.made += 1
        drafts = [draft(f"k{n}", name=f"{self.made}") for n in range(count)]
        # What was damaged may not be appended to.
        with suppress(LogCorrupt, sqlite3.IntegrityError):
            append(self.here.log, drafts, register)

    @rule()
    def back_up(self) -> None:
        """Copy the data directory, not the keys."""
        self.here.log.close()
        shutil.copytree(self.here.data, self.folder / f"copy-{self.copies}")
        self.copies += 1

    @precondition(lambda self: self.copies)
    @rule(pick=st.randoms(use_true_random=False))
    def restore(self, pick: random.Random) -> None:
        """Put an older copy of the data in its place."""
        self.here.log.close()
        shutil.rmtree(self.here.data)
        copy = self.folder / f"copy-{pick.randrange(self.copies)}"
        shutil.copytree(copy, self.here.data)
        self.here = reopened(self.here.data)

    @rule(sql=st.sampled_from(DAMAGE))
    def damage(self, sql: str) -> None:
        """Change rows behind the log's back."""
        self.here.log.db.execute("PRAGMA foreign_keys = OFF")
        self.here.log.db.execute(sql)

    @rule(rotate=st.booleans())
    def sign(self, rotate: bool) -> None:
        """Sign, or refuse to."""
        with suppress(SigningRefused, LogCorrupt):
            if rotate:
                rotation.rotate(self.here.log, self.here.keys)
            else:
                self.here.sign(renew_before=time.time() + 1)

    @invariant()
    def one_history(self) -> None:
        """What was signed last goes on from all that was signed before it, by the
        entries that the log has now; and all that is shown is the start of it."""
        # An older copy of the data does not show the newest key until it is signed.
        ring = trusted_keys(self.here.keys.public_text(), self.pinned)
        for register in self.here.keys.signed_registers():
            last = ring.check(parse_note(self.here.keys.last(register) or ""))
            leaves = self.leaves.setdefault(register, [])
            assert last.size >= len(leaves)
            leaves += leaves_after(self.here, register, len(leaves), last.size)
            assert root_hash(leaves) == last.root
            if register in self.here.log.registers():
                for size in self.here.log.checkpoint_sizes(register):
                    shown = parse_note(self.here.log.checkpoint(register, size))
                    assert ring.check(shown).root == root_hash(leaves[:size])


def leaves_after(
    here: Installation, register: str, first: int, last: int
) -> list[bytes]:
    """The leaves of entries as they are stored."""
    if first == last:
        return []
    rows = here.log.db.execute(
        "SELECT e.number, e.timestamp, e.key, i.hash FROM entry e "
        "JOIN item i ON i.id = e.item WHERE e.register = ? "
        "AND e.number > ? AND e.number <= ? ORDER BY e.number",
        (here.log.register_id(register), first, last),
    )
    return [leaf_hash(leaf(Entry(*row))) for row in rows]


TestSigning = Signing.TestCase
TestSigning.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    # Each try writes files: making a failing one smaller would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
