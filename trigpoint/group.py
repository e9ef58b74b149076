"""A group of submissions in one transaction: judged together, refused one by one.

The gate takes as long for one row as for a hundred, so rows of several submissions for
one register are judged as one frame. When some are refused, the others are judged again
without them, and each of those alone, so that its report is about its own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from trigpoint.dates import today
from trigpoint.errors import ItemRejected, NotPermitted, ReleaseRejected, TrigpointError
from trigpoint.gate.report import Report
from trigpoint.loading import Judged, Loading
from trigpoint.log.entry import Batch, Draft, Entry
from trigpoint.log.store import Transaction
from trigpoint.rights import CustodianKey
from trigpoint.staging import ROW, Counts, Load

SOURCE = "http"
_MOST_ROWS = 10_000  # judged together; a submission that has more is judged alone
_SHOWN = 1_000  # violations that a refusal lists


@dataclass(frozen=True)
class Submission:
    """Rows for one register, as `staging.Load` takes them, and whose they are.

    `weight` is how many bytes were sent. Rows that are `partial` amend the fields that
    they name, of records that are held.
    """

    register: str
    rows: pl.DataFrame
    key: CustodianKey
    weight: int
    partial: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Appended:
    """What a submission did, or with `dry_run` would have done."""

    counts: Counts
    entries: tuple[Entry, ...] = ()


Outcome = Appended | TrigpointError
_Numbered = tuple[int, Submission]  # its place in the group


@dataclass
class _Part:
    """Submissions that are judged together: no key is in two of them."""

    members: list[_Numbered] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    rows: int = 0

    def takes(self, keys: set[str], rows: int) -> bool:
        return not self.keys & keys and self.rows + rows <= _MOST_ROWS

    def add(self, one: _Numbered, keys: set[str]) -> None:
        self.members.append(one)
        self.keys |= keys
        self.rows += len(one[1].rows)


class Group:
    """Appends submissions within one transaction; `outcomes` are by place."""

    def __init__(self, loading: Loading, transaction: Transaction) -> None:
        self._loading = loading
        self._transaction = transaction
        self.outcomes: dict[int, Outcome] = {}

    def take(
        self, submissions: Sequence[Submission], known: Mapping[str, CustodianKey]
    ) -> None:
        """Judge and append; `known` are the custodians' keys as they are now."""
        waiting = []
        for place, one in enumerate(submissions):
            try:
                _check_still(one, known)
                waiting.append((place, one))
            except NotPermitted as error:
                self.outcomes[place] = error
        for members in self._parts(waiting):
            self._take_part(members)

    def _parts(self, waiting: Iterable[_Numbered]) -> list[list[_Numbered]]:
        """What can be judged together. Of two that share a key the later comes later,
        and a dry run is judged alone: others must not build on its rows."""
        parts: list[_Part] = []
        open_: dict[tuple[str, bool], _Part] = {}
        for place, one in waiting:
            keys = set(one.rows[self._loading.schemas[one.register].key])
            kind = one.register, one.partial
            part = open_.get(kind)
            if one.dry_run or part is None or not part.takes(keys, len(one.rows)):
                part = _Part()
                parts.append(part)
                if not one.dry_run:
                    open_[kind] = part
            part.add((place, one), keys)
        return [part.members for part in parts]

    def _take_part(self, part: list[_Numbered]) -> None:
        alone: list[_Numbered] = []
        while part:
            judged = self._judge(part)
            if isinstance(judged, TrigpointError):
                refused = {place for place, _ in part}
            else:
                refused = _refused(part, judged.report)
                if not refused:
                    self._keep(part, judged)
                    break
            if len(part) == 1:
                self.outcomes[part[0][0]] = self._refusal(part[0][1], judged)
                break
            alone += [one for one in part if one[0] in refused]
            part = [one for one in part if one[0] not in refused]
        for one in alone:
            self._take_part([one])

    def _judge(self, part: list[_Numbered]) -> Judged | TrigpointError:
        first = part[0][1]
        rows = first.rows
        if len(part) > 1:
            rows = pl.concat([one.rows for _, one in part], how="diagonal")
            rows = rows.drop(ROW).with_row_index(ROW)
        load = Load(first.register, rows, first.partial, whole=False)
        try:
            return self._loading.judge_rows(load, today())
        except TrigpointError as error:
            return error

    def _keep(self, part: list[_Numbered], judged: Judged) -> None:
        """Append the drafts of submissions that all conform."""
        key_field = self._loading.schemas[part[0][1].register].key
        owner = {key: place for place, one in part for key in one.rows[key_field]}
        counts = {place: Counts(unchanged=len(one.rows)) for place, one in part}
        drafts: dict[int, list[Draft]] = {place: [] for place, _ in part}
        for drafted, _ in self._loading.draft(judged):
            for draft, changes in zip(drafted.drafts, drafted.changes, strict=True):
                place = owner[draft.key]
                drafts[place].append(draft)
                counts[place].unchanged -= 1
                counts[place].changed += changes
                counts[place].added += not changes
        custodians: dict[str, list[_Numbered]] = {}
        for place, one in part:
            self.outcomes[place] = Appended(counts[place])
            if drafts[place] and not one.dry_run:
                custodians.setdefault(one.key.id, []).append((place, one))
        for theirs in custodians.values():
            self._append(theirs, drafts, counts)

    def _append(
        self,
        theirs: list[_Numbered],
        drafts: Mapping[int, Sequence[Draft]],
        counts: Mapping[int, Counts],
    ) -> None:
        """Append what one custodian sent, as one batch."""
        key, register = theirs[0][1].key, theirs[0][1].register
        number = self._loading.log.size(register)
        try:
            batch = self._batch(theirs[0][1])
            with self._transaction.batch(batch, key.signed, joins=True) as appender:
                appender.append(register, [d for p, _ in theirs for d in drafts[p]])
        except TrigpointError as error:
            self.outcomes.update({place: error for place, _ in theirs})
            return
        for place, _ in theirs:
            entries = []
            for draft in drafts[place]:
                number += 1
                entries.append(
                    Entry(number, draft.timestamp, draft.key, draft.item_hash)
                )
            self.outcomes[place] = Appended(counts[place], tuple(entries))

    def _batch(self, one: Submission) -> Batch:
        schema = self._loading.schemas[one.register]
        return Batch(
            source=SOURCE,
            title=f"Rows sent by {one.key.name}",
            licence=schema.licence,
            attribution=schema.copyright or None,
        )

    def _refusal(
        self, one: Submission, judged: Judged | TrigpointError
    ) -> TrigpointError:
        if isinstance(judged, TrigpointError):
            return judged
        report = judged.report
        first = next(v for v in report.violations if v.severity == "violation")
        said = report.as_json(self._loading.base, limit=_SHOWN)
        kind = ItemRejected if len(one.rows) == 1 else ReleaseRejected
        return kind(
            f"{one.register}: {first.message}; "
            f"violations in all: {report.refusals}; nothing was appended",
            total=said["total"],
            violations=said["violations"],
        )


def _check_still(one: Submission, known: Mapping[str, CustodianKey]) -> None:
    """Raises NotPermitted when a key was revoked, or ran out, while its rows waited."""
    key = known.get(one.key.id)
    if key is None:
        raise NotPermitted(f"the key {one.key.id} is not known any more")
    key.check([one.register])


def _refused(part: list[_Numbered], report: Report) -> set[int]:
    """The places of submissions with a row that the gate refused."""
    register = part[0][1].register
    if report.rejects_all(register) or len(part) == 1:
        return set() if report.conforms else {place for place, _ in part}
    rows, refused, start = report.rejected_rows(register), set(), 0
    for place, one in part:
        stop = start + len(one.rows)
        if rows.is_between(start, stop, closed="left").any():
            refused.add(place)
        start = stop
    return refused
