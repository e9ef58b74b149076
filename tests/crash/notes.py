"""Every checkpoint that was ever seen of a log: all of them must be of one history."""

from __future__ import annotations

from functools import cache, partial
from itertools import combinations
from pathlib import Path

from trigpoint.log.keyfolder import KeyFolder
from trigpoint.log.keys import trusted_keys
from trigpoint.log.note import parse_note
from trigpoint.log.proof import consistency_proof, verify_consistency
from trigpoint.log.reader import LogReader


class Seen:
    """Signed notes of an installation, from wherever they were found.

    `anchor` is the first key, which all later ones have to follow from.
    """

    def __init__(self, keys: Path) -> None:
        self._keys = KeyFolder(keys)
        self._anchor = str(self._keys.public().keys[0])
        self.notes: set[str] = set()

    def add(self, *notes: str) -> None:
        self.notes.update(notes)

    def add_log(self, log: LogReader) -> None:
        """All checkpoints in a database."""
        rows = log.db.execute("SELECT note FROM checkpoint")
        self.add(*(note for (note,) in rows))

    def add_last(self) -> None:
        """The last ones in the keys folder."""
        for register in self._keys.signed_registers():
            self.add(self._keys.last(register) or "")

    def add_export(self, folder: Path) -> None:
        """All that a static export shows."""
        for file in (*folder.rglob("checkpoint"), *folder.rglob("checkpoint/*")):
            if file.is_file():
                self.add(file.read_text("utf-8"))

    def check(self, log: LogReader) -> int:
        """Each verifies, and of any two of a log the larger goes on from the smaller;
        `log` has all that was signed. Returns how many there were."""
        ring = trusted_keys(self._keys.public_text(), self._anchor)
        roots: dict[str, dict[int, bytes]] = {}
        for text in self.notes:
            found = ring.check(parse_note(text))
            known = roots.setdefault(ring.register_of(found.origin), {})
            # Two of one size are the same tree, signed again.
            assert known.setdefault(found.size, found.root) == found.root
        for register, by_size in roots.items():
            read = cache(partial(log.tile, log.register_id(register)))
            for (old, old_root), (new, new_root) in combinations(
                sorted(by_size.items()), 2
            ):
                proof = consistency_proof(read, old, new)
                verify_consistency(old, old_root, new, new_root, proof)
        return len(self.notes)
