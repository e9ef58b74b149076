"""What was seen of a log before, which nothing that it shows later may contradict."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import Forked, RolledBack
from trigpoint.log.checkpoint import Checkpoint, parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.log.prove import ConsistencyProof
from trigpoint.private import sync_folder, write_public
from trigpoint.replica.site import Head
from trigpoint.replica.tree import RemoteTree


@dataclass(frozen=True)
class Seen:
    """The last checkpoint that was believed, as its note. Those of a log that lied are
    kept below `evidence`, and what shows anybody that they cannot both be true: for
    two sizes that is the root that the later tree had at the earlier size, proved."""

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
        size, offered = self.checkpoint.size, head.checkpoint
        root = tree.root(size)
        if root != self.checkpoint.root:
            what = f"does not go on from the {size} entries seen before"
            hashes = tuple(tree.proof(size))
            proof = ConsistencyProof(
                head.register, size, offered.size, root, offered.root, hashes
            )
            raise self._forked(head, location, what, proof)

    def _forked(
        self,
        head: Head,
        location: str,
        what: str,
        proof: ConsistencyProof | None = None,
    ) -> Forked:
        # By what the notes say: a checkpoint that is cosigned anew is the same lie.
        both = "".join(parse_note(note).text for note in (self.note, head.note))
        name = hashlib.sha256(both.encode()).hexdigest()[:16]
        folder = self.evidence / head.register / name
        folder.mkdir(parents=True, exist_ok=True)
        write_public(folder / "seen.checkpoint", self.note)
        write_public(folder / "offered.checkpoint", head.note)
        if proof is not None:
            body = json.dumps(proof.as_json(), indent=1)
            write_public(folder / "offered.proof.json", f"{body}\n")
        sync_folder(folder.parent)
        return Forked(
            f"{head.register} at {location} {what}: two histories are signed in its "
            f"name. Both checkpoints are kept in {folder}, and nothing is changed"
        )
