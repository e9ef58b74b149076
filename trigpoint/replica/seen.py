"""What was seen of a log before, which nothing that it shows later may contradict."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import Forked, RolledBack
from trigpoint.log.checkpoint import Checkpoint, parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.private import sync_folder, write_public
from trigpoint.replica.site import Head
from trigpoint.replica.tree import RemoteTree


@dataclass(frozen=True)
class Seen:
    """The last checkpoint that was believed, as its note. Those of a log that lied are
    kept below `evidence`."""

    note: str
    evidence: Path

    @property
    def checkpoint(self) -> Checkpoint:
        return parse_checkpoint(parse_note(self.note).text)

    def check_head(self, head: Head, location: str) -> None:
        """Raises RolledBack or Forked when a checkpoint contradicts this one."""
        seen, offered = self.checkpoint, head.checkpoint
        if offered.size < seen.size:
            raise RolledBack(
                f"{head.register} has {offered.size} entries at {location}, but was "
                f"seen with {seen.size}: nothing is taken back"
            )
        if offered.size == seen.size and offered.root != seen.root:
            raise self._forked(
                head, location, f"has another root at {seen.size} entries"
            )

    def check_tree(self, head: Head, location: str, tree: RemoteTree) -> None:
        """Raises Forked when the tree of a checkpoint does not go on from this one;
        `tree` has to be known from its size on."""
        size = self.checkpoint.size
        if tree.root(size) != self.checkpoint.root:
            what = f"does not go on from the {size} entries seen before"
            raise self._forked(head, location, what)

    def _forked(self, head: Head, location: str, what: str) -> Forked:
        both = (self.note + head.note).encode()
        folder = self.evidence / head.register / hashlib.sha256(both).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        write_public(folder / "seen.checkpoint", self.note)
        write_public(folder / "offered.checkpoint", head.note)
        sync_folder(folder.parent)
        return Forked(
            f"{head.register} at {location} {what}: two histories are signed in its "
            f"name. Both checkpoints are kept in {folder}, and nothing is changed"
        )
