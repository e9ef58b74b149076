"""Following a log: what is new is fetched, verified, and only then believed.

In that order: the checkpoint's signatures and age; that its tree goes on from the one
held, from tiles that hash to its root; each entry and item against those tiles. Only
then is anything written, in one transaction, and the root recomputed from it. Whatever
is wrong leaves the last good state as it was.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from trigpoint.errors import InvalidShape, NotVerified, RolledBack
from trigpoint.log.about import MAX_STATEMENT, Statement, parse_statement
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.entries import WithheldItem
from trigpoint.log.entry import Draft
from trigpoint.log.mirror import mirroring
from trigpoint.log.note import parse_note
from trigpoint.replica.fetch import Fetch
from trigpoint.replica.lines import RemoteLines, Unannounced
from trigpoint.replica.replica import Replica
from trigpoint.replica.seen import Seen
from trigpoint.replica.site import Head, SignedState, Site, read_signed
from trigpoint.replica.tree import RemoteTree
from trigpoint.replica.trust import Trust
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.derive import check_derived
from trigpoint.schema.items import format_hash
from trigpoint.view import Progress, silent

_TRIES = 4  # when an item is withheld between two requests
_PAUSE = 0.5  # seconds


@dataclass(frozen=True)
class Followed:
    """What following did to a register: the entries that are new, the items that are
    withheld since; and what it has now."""

    register: str
    checkpoint: Checkpoint
    added: int
    withheld: int


@dataclass(frozen=True)
class Follower:
    """Follows the logs of a site into a replica. `max_age` is in seconds."""

    site: Site
    replica: Replica
    trust: Trust
    max_age: float | None = None
    progress: Progress = silent

    def follow(self, register: str) -> Followed:
        """Bring one register of the replica up to the site.

        Raises BadSignature, Stalled, RolledBack, Forked, NotVerified, LogCorrupt or
        SourceUnreachable, and leaves the register as it was then.
        """
        source = self.site.log(register, self.replica.spool(register))
        for tries_left in reversed(range(_TRIES)):
            signed = read_signed(source, register, self.trust.ring, self.max_age)
            try:
                return self._take(source, signed)
            except Unannounced:
                # An item may be withheld at any instant; the statement says it by now.
                if not tries_left:
                    raise
                time.sleep(_PAUSE)
        raise NotVerified(f"{source.location} was not read")

    def _take(self, source: Fetch, signed: SignedState) -> Followed:
        """Verify what a checkpoint and its statement stand for, and write it."""
        head, statement = signed.head, signed.statement
        seen = self.replica.seen(head.register)
        if seen:
            seen.check_head(head, self.site.location)
        held = seen.checkpoint if seen else None
        known = held.size if held else 0
        hidden = {one.hash: one for one in statement.withheld}
        withheld = self._to_withhold(head.register, hidden)
        if not self._unchanged(signed):
            lines = None
            self._check_shape(statement)
            if seen is None or head.checkpoint.size > known:
                lines = self._verified(source, head, seen, hidden)
            self.replica.remember(self.trust)
            self._withhold(withheld)
            self._write(signed, lines, held)
            source.clear()
        return Followed(
            head.register, head.checkpoint, head.checkpoint.size - known, len(withheld)
        )

    @cached_property
    def _schemas(self) -> Schemas:
        return Schemas([resource_folder("shapes"), self.replica.folder / "shapes"])

    def _check_shape(self, statement: Statement) -> None:
        """A shape becomes part of the one catalogue of all registers here."""
        if statement.shape is not None:
            try:
                check_derived(statement.register, statement.shape, self._schemas)
            except InvalidShape as error:
                raise NotVerified(f"{self.site.location}: {error}") from error

    def _verified(
        self, source: Fetch, head: Head, seen: Seen | None, hidden: Collection[bytes]
    ) -> RemoteLines:
        """The lines that are new, all in the spool and verified."""
        size = head.checkpoint.size
        known = seen.checkpoint.size if seen else 0
        tree = RemoteTree(source, head.checkpoint, known)
        if seen:
            seen.check_tree(head, self.site.location, tree)
        lines = RemoteLines(source, tree, hidden)
        for run in lines.read(known):
            done = run[-1].entry.number - known
            self.progress(f"fetch: {head.register}", done, size - known)
        return lines

    def _to_withhold(
        self, register: str, hidden: Mapping[bytes, WithheldItem]
    ) -> list[WithheldItem]:
        """The items held that the statement withholds, which may not be fewer than
        before."""
        text = self.replica.statement(register)
        known = (
            parse_statement(parse_note(text, MAX_STATEMENT).text).withheld
            if text
            else ()
        )
        for one in known:
            if one.hash not in hidden:
                raise RolledBack(
                    f"{register} at {self.site.location} no longer withholds the item "
                    f"{format_hash(one.hash)}: the replica stays as it is"
                )
        return [hidden[digest] for digest in hidden if self.replica.holds(digest)]

    def _unchanged(self, signed: SignedState) -> bool:
        """Whether the replica has these very notes."""
        register = signed.head.register
        held = self.replica.checkpoint(register), self.replica.statement(register)
        return held == (signed.head.note, signed.note)

    def _withhold(self, items: list[WithheldItem]) -> None:
        """Withhold here what is withheld there. It comes before the statement that
        says so is written: so it is not left out when this ends in between."""
        if items:
            self.replica.log.withhold_all(items)

    def _write(
        self, signed: SignedState, lines: RemoteLines | None, held: Checkpoint | None
    ) -> None:
        """Write it all in one transaction, looking at every line again."""
        head, known = signed.head, held.size if held else 0
        with mirroring(self.replica.log, signed.statement) as mirror:
            if lines is not None:
                mirror.append(self._drafts(head, lines, known))
            mirror.finish(head.checkpoint, (head.note, signed.note), held)

    def _drafts(self, head: Head, lines: RemoteLines, known: int) -> Iterator[Draft]:
        """What is new, to be appended."""
        stage, size = f"write: {head.register}", head.checkpoint.size
        for run in lines.read(known, again=True):
            for entry, item in run:
                if entry.number > known:
                    yield Draft(entry.timestamp, entry.key, item, entry.item_hash)
            self.progress(stage, run[-1].entry.number - known, size - known)
