"""Rows that custodians send to a running server: appended and signed while they wait.

All submissions that wait go into one transaction and under one signature, and each is
all or nothing by itself. Views follow by themselves, after the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from trigpoint.errors import TrigpointError
from trigpoint.group import Appended, Group, Submission
from trigpoint.intake import Intake, IntakeLimits
from trigpoint.loading import Loading
from trigpoint.log.entry import Entry
from trigpoint.log.signer import Signer
from trigpoint.publisher import Publisher
from trigpoint.register import Registers
from trigpoint.rights import Custodians
from trigpoint.staging import Counts

LIMITS = IntakeLimits(group=256, waiting=1_024, weight=64_000_000)
# Seconds to wait while the log is being written to: another server process appends a
# group in less. A load takes longer, and who waits for that is told.
_PATIENCE = 3.0


@dataclass(frozen=True)
class Receipt:
    """What became of a submission: its entries, and the signed checkpoint of the
    register that covers them; None while the register is empty."""

    register: str
    counts: Counts
    entries: tuple[Entry, ...]
    checkpoint: str | None


class Submissions:
    """Takes submissions from any thread until it is closed.

    `registers` are opened for writing, and used by nobody else.
    """

    def __init__(
        self, registers: Registers, custodians: Custodians, signer: Signer
    ) -> None:
        self._registers = registers
        self._custodians = custodians
        self._signer = signer
        self._publisher = Publisher(registers.publish)
        self._intake = Intake(self._append, LIMITS, at_end=registers.log.close)

    def submit(self, submission: Submission) -> Future[Receipt]:
        """Have rows judged and appended. The future has the receipt once the entries
        are durable and signed.

        It raises ItemRejected or ReleaseRejected, with the members of the gate's
        report, when rows are refused; NotPermitted for a key that was revoked since;
        DataBusy while another process writes for longer than a group takes; and what
        signing raises, the entries being in the log then. This raises TooBusy, at once.
        """
        return self._intake.submit(
            submission, sender=submission.key.id, weight=submission.weight
        )

    def close(self) -> None:
        """Take no more, finish what was taken, and end."""
        self._intake.close()
        self._publisher.close()

    def _append(self, group: Sequence[Submission]) -> list[Receipt | TrigpointError]:
        registers = self._registers
        # Asked first: what could not be signed is not appended.
        self._signer.ready(registers.log, {one.register for one in group})
        known = {key.id: key for key in self._custodians.known()}
        loading = Loading(registers.log, registers.schemas, registers.base)
        with registers.log.transaction(patience=_PATIENCE) as transaction:
            done = Group(loading, transaction)
            done.take(group, known)
        outcomes = [done.outcomes[place] for place in range(len(group))]
        fault = self._sign(group, outcomes)
        return [
            outcome
            if isinstance(outcome, TrigpointError)
            else fault or self._receipt(one, outcome)
            for one, outcome in zip(group, outcomes, strict=True)
        ]

    def _sign(
        self, group: Sequence[Submission], outcomes: Sequence[Appended | TrigpointError]
    ) -> TrigpointError | None:
        """Sign what the group left in the log; returns what kept it from being."""
        good = [
            (one.register, outcome.entries)
            for one, outcome in zip(group, outcomes, strict=True)
            if not isinstance(outcome, TrigpointError) and not one.dry_run
        ]
        if any(entries for _, entries in good):
            self._publisher.wake()
        log = self._registers.log
        # What was appended before, and then could not be signed, is signed now.
        names = {name for name, _ in good if log.size(name)}
        try:
            if names:
                self._signer.sign(log, names)
        except TrigpointError as error:
            return error  # what was refused by then is refused all the same
        return None

    def _receipt(self, one: Submission, outcome: Appended) -> Receipt:
        log = self._registers.log
        note = log.checkpoint(one.register) if log.size(one.register) else None
        return Receipt(one.register, outcome.counts, outcome.entries, note)
