"""The façade: stage, gate, append, publish the views; and what readers ask for."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trigpoint.archive import append_archive, read_archives, shape_of
from trigpoint.dates import today
from trigpoint.erasure import erase_withheld
from trigpoint.errors import (
    DataBusy,
    NoData,
    NotPermitted,
    TrigpointError,
    ViewDamaged,
    ViewOutdated,
    ViewsBehind,
)
from trigpoint.fitting import fit
from trigpoint.gate.report import Report
from trigpoint.identity import Identity, ensure, read_identity, signer_of
from trigpoint.iris import DEFAULT_BASE, parse_base
from trigpoint.loading import Loading, Summary
from trigpoint.log.entry import Batch
from trigpoint.log.reader import LogReader
from trigpoint.log.store import Log
from trigpoint.resources import resource_folder
from trigpoint.rights import CustodianKey, Custodians
from trigpoint.schema.catalogue import Schemas
from trigpoint.snapshot import Snapshot
from trigpoint.staging import Load
from trigpoint.view import Progress, View, silent
from trigpoint.views import Views

LOG_FILE = "log.sqlite"

_log = logging.getLogger(__name__)


class Registers(Snapshot):
    """One data directory: its log, the schemas of its registers, its views."""

    log: Log

    def __init__(self, data: Path, log: Log, base: str) -> None:
        super().__init__(data, log, base, _read_schemas(data, log))
        self.views = Views(data / "views")
        self.made: Identity | None = None
        self._view: View | None = None

    @classmethod
    def open(
        cls, data: Path, *, base: str | None = None, write: bool = False
    ) -> Registers:
        """Open a data directory; with `write`, make it if it is not there, and its
        signing key: `made` says that it was.

        `base` is the IRI that records are named under; without it, the one that the
        published views have. Raises NoData for a folder that holds no registers,
        InvalidParameter for a base that is none, NotPermitted to write to a replica.
        """
        chosen = parse_base(base) if base else None
        if not write and not (data / LOG_FILE).is_file():
            raise NoData(f"{data} holds no registers: load one first")
        identity = read_identity(data)
        if write and identity is not None and identity.replica_of is not None:
            raise NotPermitted(
                f"{data} is a replica of {identity.replica_of}: nothing can be "
                "appended to it; append there"
            )
        log = Log(data / LOG_FILE, readonly=not write)
        published = Views(data / "views").current()
        first = identity.base if identity and identity.base else DEFAULT_BASE
        base = chosen or (published.base if published else first)
        registers = cls(data, log, base)
        registers.made = ensure(data, base, log) if write else None
        return registers

    # ---- signing -------------------------------------------------------------

    def refresh_signatures(self, older_than_seconds: float) -> list[str]:
        """Sign what is not signed, and cosign anew what was last cosigned so long ago,
        so that followers see that the log is alive; returns the registers signed.

        Without a keys folder nothing is done. Raises what `Signer.sign` does.
        """
        identity = read_identity(self.data)
        if identity is None or identity.keys is None or not identity.keys.is_dir():
            return []
        before = time.time() - older_than_seconds
        return identity.signer().sign(self.log, renew_before=before)

    def _sign_appended(self) -> None:
        """Sign what is in the log by now; raises ViewsBehind when that fails."""
        try:
            signer_of(self.data).sign(self.log)
        except (OSError, sqlite3.Error, DataBusy) as error:
            raise ViewsBehind(
                f"the entries are in the log, but could not be signed ({error}): run "
                "`trigpoint sign` and `trigpoint rebuild` when that is mended"
            ) from error

    # ---- views ---------------------------------------------------------------

    def view(self) -> View:
        """The published view, opened again when a newer one was published.

        It is built when there is none for this base, and built anew when it is damaged
        or something was withheld since. Raises ViewOutdated when another process
        published under another base since: two bases cannot be served from one data
        directory.
        """
        version, withheld = self.views.version(), self.log.withheld_count()
        held = self._view
        if held and (held.version, held.withheld) == (version, withheld):
            return held
        current = self.views.current()
        if current is not None and current.base != self.base and self._view:
            raise ViewOutdated(
                f"the views in {self.data} are now those of {current.base}, not of "
                f"{self.base}: serve one base from one data directory"
            )
        known = current and (current.base, current.withheld)
        if current is None or known != (self.base, withheld):
            current = self.publish()
        try:
            current.check()
        except (ViewDamaged, FileNotFoundError) as error:
            # Of millions of records this takes minutes, in which nothing is served.
            _log.warning("the views are built anew from the log: %s", error)
            current = self.publish(anew=True)
        self._view = current
        return current

    def publish(self, progress: Progress = silent, *, anew: bool = False) -> View:
        """Bring the views up to the log, or with `anew` build them from nothing. What
        was withheld, and is not yet erased, is erased then."""
        self._view = self.views.publish(
            self.log, self.schemas, self.base, anew=anew, progress=progress
        )
        self.views.sweep()  # of the view that was held here
        try:
            erase_withheld(self.log.path)
        except (DataBusy, OSError) as error:
            # The views are as they must be; the next publish tries again.
            _log.warning("what was withheld is to be erased yet: %s", error)
        return self._view

    # ---- loading -------------------------------------------------------------

    def permit(self, key: str | None, registers: Collection[str] = ()) -> CustodianKey:
        """Whose key may append to these registers: the token given, or without one
        the owner's, for whoever can read it in the keys folder.

        Raises KeyRequired, NotPermitted, and NoSigningKey where nothing is appended, or
        when the keys folder is not where it was.
        """
        keys = signer_of(self.data).keys
        keys.check_closed()
        return Custodians(keys.path).permit(key, registers)

    def load(
        self,
        loads: Sequence[Load],
        batch: Batch,
        *,
        key: str | None = None,
        dry_run: bool = False,
        accept_partial: bool = False,
        force: bool = False,
        progress: Progress = silent,
        report: Report | None = None,
        folder: Path | None = None,
    ) -> Summary:
        """Gate rows and append what is new: everything, or nothing at all.

        Rows that the gate refuses keep the whole load out, unless `accept_partial`.
        `force` lets a release through that drops far more than usual. The release
        date of `batch` is the day that links must hold on; today, if it has none.
        `key` is a custodian's token: see `permit`, whose errors this raises. What the
        gate finds goes into `report`, an empty one, which is complete on disk before
        anything is appended: ReportNotWritten, too, keeps the whole load out. Lazy
        rows are staged in files of `folder`, if it is given, and never in memory whole;
        it has to stay until the summary's rejects were read.
        """
        summary = Summary(report=Report() if report is None else report)
        loading = Loading(self.log, self.schemas, self.base, folder)
        day = batch.release_date or today()
        touched = [load.register for load in loads]
        if not dry_run:
            signer_of(self.data).ready(self.log, touched)
        by = None if dry_run and key is None else self.permit(key, touched).signed
        with self.log.appending(batch, key=by, dry_run=dry_run) as appender:
            for load in loads:
                part = summary.report.part()
                judged = loading.judge_rows(
                    load, day, force=force, progress=progress, report=part
                )
                summary.coverages += fit(loading, judged)
                summary.report.merge(part)
                wanted = summary.report.conforms or accept_partial
                # Rows of the loads that follow may link to those of this one.
                keep = (wanted and not dry_run) or load is not loads[-1]
                loading.append(judged, appender, summary, keep=keep, progress=progress)
            summary.report.close()
            if summary.report.conforms or accept_partial:
                summary.appended = not dry_run
            else:
                appender.abandon()
        if summary.appended:
            self._settle(progress)
        return summary

    def _settle(self, progress: Progress) -> None:
        """Sign what was appended and publish it, side by side, since neither needs the
        other; raises what either does, and of two errors that of signing."""
        with ThreadPoolExecutor(1) as beside:
            signing = beside.submit(self._sign_appended)
            try:
                self._publish_appended(progress)
            finally:
                signing.result()

    def _publish_appended(self, progress: Progress) -> None:
        """Publish what is in the log by now; raises ViewsBehind when that fails."""
        try:
            self.publish(progress)
        except (OSError, RuntimeError, TrigpointError) as error:
            # RuntimeError: what the store raises for storage that fails.
            raise ViewsBehind(
                "the entries are in the log, but the views could not be built "
                f"({error}): run `trigpoint rebuild` when that is mended"
            ) from error

    def import_rsf(
        self,
        paths: Sequence[Path],
        batch: Batch,
        *,
        key: str | None = None,
        dry_run: bool = False,
        progress: Progress = silent,
        report: Report | None = None,
    ) -> Summary:
        """Append archived registers as they are, each with its own root hashes.

        Raises BadRelease, naming file and line, and appends nothing of any of them
        when one cannot be believed; so does a violation of a register's shape. `key`
        is a custodian's token: see `permit`, whose errors this raises; `report` is
        as for `load`.
        """
        summary = Summary(report=Report() if report is None else report)
        if not dry_run:
            signer_of(self.data).ready(self.log)
        who = None if dry_run and key is None else self.permit(key)
        by = None if who is None else who.signed
        with self.log.appending(batch, key=by, dry_run=dry_run) as appender:
            # Within it, so that nobody appends between the look and the leap.
            archives = read_archives(paths, self.log)
            if who is not None:
                who.check(archive.register for archive in archives)
            shapes = {a.register: shape_of(a, self.schemas) for a in archives}
            brought = {name: shape for name, shape in shapes.items() if shape}
            schemas = _read_schemas(self.data, self.log, brought)
            loading, fresh = Loading(self.log, schemas, self.base), {}
            summary.report.use(schemas)
            for archive in archives:
                register = archive.register
                summary.counts[register], fresh[register] = append_archive(
                    archive, shapes[register], self.log, appender
                )
            for done, (register, items) in enumerate(fresh.items(), start=1):
                progress("gate: registers", done, len(archives))
                loading.judge(register, items, batch, summary.report)
            summary.report.close()
            if summary.report.conforms:
                summary.appended = not dry_run
            else:
                appender.abandon()
        if summary.appended:
            self.schemas = schemas
            self._settle(progress)
        return summary


def _read_schemas(
    data: Path, log: LogReader, brought: Mapping[str, str] | None = None
) -> Schemas:
    """All schemas: the project's, the data directory's, and derived ones, those of
    `brought` taking the place of the log's."""
    return Schemas(
        [resource_folder("shapes"), data / "shapes"],
        [resource_folder("ontology"), data / "ontology"],
        {**log.derived_shapes(), **(brought or {})}.values(),
    )
