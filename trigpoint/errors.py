"""The one family of errors that the core raises.

Each class is named by what is wrong; its text says which thing, what was
expected and what to do. `slug` names the kind to the outside (a problem type
over HTTP, a heading in docs/problems.md) and `members` carries the details a
program needs. Nothing here knows of HTTP.
"""

from __future__ import annotations

from typing import ClassVar


class TrigpointError(Exception):
    """Anything that the core refuses or cannot do."""

    slug: ClassVar[str] = "error"

    def __init__(self, message: str, **members: object) -> None:
        super().__init__(message)
        self.members: dict[str, object] = {
            name: value for name, value in members.items() if value is not None
        }


class NotFound(TrigpointError):
    """The thing asked for was never held."""

    slug = "not-found"


class NoSuchRegister(NotFound):
    slug = "no-such-register"


class NoSuchRecord(NotFound):
    slug = "no-such-record"


class NoSuchEntry(NotFound):
    slug = "no-such-entry"


class NoSuchItem(NotFound):
    slug = "no-such-item"


class NoSuchGraph(NotFound):
    """The store has no graph of that name."""

    slug = "no-such-graph"


class Withheld(TrigpointError):
    """The item was held, and its content is withheld for good."""

    slug = "withheld"


class InvalidInput(TrigpointError):
    """A value given by the caller does not mean what it has to mean."""

    slug = "invalid-input"


class InvalidIdentifier(InvalidInput):
    slug = "invalid-identifier"


class InvalidPoint(InvalidInput):
    slug = "invalid-point"


class InvalidParameter(InvalidInput):
    slug = "invalid-parameter"


class InvalidGraph(InvalidInput):
    """A document is not the RDF that it is said to be."""

    slug = "invalid-graph"


class InvalidTable(InvalidInput):
    """A table of positions cannot be read, or not answered in the form asked for."""

    slug = "invalid-table"


class TableTooLong(TrigpointError):
    """A table has more rows than are answered."""

    slug = "table-too-long"


class InvalidShape(TrigpointError):
    """A shape file does not define a register in the way that shapes must."""

    slug = "invalid-shape"


class BadRelease(TrigpointError):
    """A source file cannot be read: says file, row, field and what to do."""

    slug = "bad-release"

    def __init__(
        self,
        what: str,
        *,
        file: str,
        row: int | None = None,
        field: str | None = None,
        do: str | None = None,
    ) -> None:
        where = file
        if row is not None:
            where += f", line {row}"
        if field is not None:
            where += f", field {field}"
        text = f"{where}: {what}"
        if do:
            text += f". {do[0].upper()}{do[1:]}"
        super().__init__(text, file=file, row=row, field=field)


class ReleaseRejected(TrigpointError):
    """The gate refused rows of a release; nothing was appended."""

    slug = "release-rejected"


class ItemRejected(ReleaseRejected):
    """The gate refused the one row that was given."""

    slug = "item-rejected"


class DumpNotWritten(TrigpointError):
    """A dump cannot be written as a file of its format."""

    slug = "dump-not-written"


class ReportNotWritten(TrigpointError):
    """The gate's report cannot be kept where it was to be."""

    slug = "report-not-written"


class LogCorrupt(TrigpointError):
    """What is stored does not hash to what was recorded."""

    slug = "log-corrupt"


class NotVerified(TrigpointError):
    """What was given does not prove what it should."""

    slug = "not-verified"


class BadSignature(NotVerified):
    """A note is signed by no key that is trusted, or a signature is wrong."""

    slug = "bad-signature"


class Forked(NotVerified):
    """Two signed states of one log cannot both be true: one does not extend the
    other."""

    slug = "forked"


class RolledBack(NotVerified):
    """A log shows fewer entries than it was seen to have."""

    slug = "rolled-back"


class Stalled(NotVerified):
    """A log's newest signature is older than is accepted."""

    slug = "stalled"


class NotSigned(NotFound):
    """No checkpoint was signed of what is asked for."""

    slug = "not-signed"


class SigningRefused(TrigpointError):
    """The log must not be signed as it is: it contradicts what was signed before."""

    slug = "signing-refused"


class NoSigningKey(TrigpointError):
    """The signing key is not there, or not as it must be."""

    slug = "no-signing-key"


class KeyRequired(TrigpointError):
    """Appending needs a custodian's key, and none that is known was given."""

    slug = "key-required"


class NotPermitted(TrigpointError):
    """The key given is not for this register, or no longer."""

    slug = "not-permitted"


class SourceUnreachable(TrigpointError):
    """What is followed cannot be read just now; what is held stays as it was."""

    slug = "source-unreachable"


class DataBusy(TrigpointError):
    """Another process is writing to the same data directory."""

    slug = "data-busy"


class TooBusy(TrigpointError):
    """As much work as may wait is waiting."""

    slug = "too-busy"


class NoData(TrigpointError):
    """There is no register data in the folder named."""

    slug = "no-data"


class ViewOutdated(TrigpointError):
    """A view was built by other code or for another base; rebuild it."""

    slug = "view-outdated"


class ViewDamaged(TrigpointError):
    """A view's file is missing, foreign or not what was written; rebuild it."""

    slug = "view-damaged"


class ViewsBehind(TrigpointError):
    """Entries were appended or items withheld, and the views do not say so yet."""

    slug = "views-behind"


class QueryRejected(TrigpointError):
    """A query asks for something that is not offered here."""

    slug = "query-rejected"


class QueryTooLarge(TrigpointError):
    """An answer would exceed a limit in rows, bytes or memory."""

    slug = "query-too-large"


class QueryTimedOut(TrigpointError):
    slug = "query-timed-out"


class QueryFailed(TrigpointError):
    """The worker that ran the query died; the query was not answered."""

    slug = "query-failed"


class QueryBusy(TrigpointError):
    """No worker was free for the query in time; nothing was run."""

    slug = "query-busy"


class TooManyQueries(QueryBusy):
    """As many queries of one client are under way as it may have."""

    slug = "too-many-queries"


class RemoteUnavailable(TrigpointError):
    """The remote store does not answer, refuses, or answers what is no answer."""

    slug = "remote-unavailable"


class RemoteBehind(TrigpointError):
    """The remote store is being brought up to a view, or holds none to be told."""

    slug = "remote-behind"


class RemoteDiffers(TrigpointError):
    """The remote store does not hold what was sent to it."""

    slug = "remote-differs"
