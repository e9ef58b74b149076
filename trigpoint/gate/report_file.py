"""One file of a report: written beside its place, and put there when it is complete.

A run that breaks leaves no file that looks whole, and one that was there before as it
was. Memory holds none of it but what an HTML page shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from trigpoint.errors import InvalidParameter, ReportNotWritten
from trigpoint.gate.forms import FORMS
from trigpoint.gate.results import Naming
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

_PAGE, _RDF = ".html", (".nt", ".ttl")


class ReportFile:
    """Takes every finding of a report, in the form that the suffix of `path` names.

    `base` and `schemas` are what focus nodes and values are named by. Raises
    InvalidParameter as `check_path` does, and ReportNotWritten when the file cannot be
    made: before anything is judged.
    """

    def __init__(self, path: Path, base: str, schemas: Mapping[str, Schema]) -> None:
        check_path(path)
        self.path = path
        self.naming = Naming(base, schemas)
        self._form = FORMS[path.suffix.lower()](self.naming)
        self._place = path.resolve()  # what a link leads to is replaced, not the link
        self._beside = self._place.with_name(f"{self._place.name}.{os.getpid()}.new")
        # Half of a surrogate pair, which JSON of an archive may hold, is no UTF-8:
        # escaped as JSON does it, and in RDF, which cannot have it at all, a “?”.
        lone = "replace" if path.suffix.lower() in _RDF else "backslashreplace"
        self._done = False
        try:
            self._file = self._beside.open(
                "w", encoding="utf-8", errors=lone, newline=""
            )
            self._file.write(self._form.head())
        except OSError as error:
            raise self._unwritten(error) from error

    @property
    def whole(self) -> bool:
        """Whether the file has every finding: a page for people has the first only."""
        return self.path.suffix.lower() != _PAGE

    def write(self, violation: Violation) -> None:
        """Raises ReportNotWritten, for a full disk say."""
        try:
            self._file.write(self._form.one(violation))
        except OSError as error:
            raise self._unwritten(error) from error

    def close(self) -> None:
        """Finish the file and put it in its place; once is enough. Raises
        ReportNotWritten."""
        if self._done:
            return
        try:
            self._file.write(self._form.tail())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._place)
        except OSError as error:
            raise self._unwritten(error) from error
        self._done = True

    def discard(self) -> None:
        """Leave no file, unless it is complete."""
        if self._done:
            return
        self._done = True
        with suppress(OSError):  # what could not be written need not be
            self._file.close()
        self._beside.unlink(missing_ok=True)

    def _unwritten(self, error: OSError) -> ReportNotWritten:
        return ReportNotWritten(
            f"the report {self.path} cannot be written: {error.strerror}; make room "
            "there, or name another place for it"
        )


def check_path(path: Path) -> None:
    """Raises InvalidParameter when no report can be written to `path`: its suffix is
    not known, its folder is not there, or it is no file."""
    known = ", ".join(FORMS)
    if path.suffix.lower() not in FORMS:
        raise InvalidParameter(
            f"a report cannot be written to {path}: expected a name that ends in one "
            f"of {known}",
            parameter="report",
        )
    if not path.parent.is_dir():
        raise InvalidParameter(
            f"a report cannot be written to {path}: there is no folder {path.parent}; "
            "make it, or name another",
            parameter="report",
        )
    if path.exists() and not path.is_file():
        raise InvalidParameter(
            f"a report cannot be written to {path}: that is no file; name another",
            parameter="report",
        )
