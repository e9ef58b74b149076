"""Where the report of a load goes: to the files that a person names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from trigpoint.errors import InvalidParameter
from trigpoint.gate.report import Report
from trigpoint.gate.report_file import ReportFile, check_path
from trigpoint.schema.shape import Schema


def check_reports(paths: Sequence[Path]) -> None:
    """Raises InvalidParameter for a path that cannot be a report, or is named twice."""
    for path in paths:
        check_path(path)
    if len({path.resolve() for path in paths}) < len(paths):
        raise InvalidParameter(
            "two reports have the same name: name each once", parameter="report"
        )


def check_apart(paths: Sequence[Path], files: Iterable[Path]) -> None:
    """Raises InvalidParameter for a report that would take the place of a file that is
    to be loaded."""
    read = {file.resolve() for file in files}
    for path in paths:
        if path.resolve() in read:
            raise InvalidParameter(
                f"the report {path} would take the place of what is to be loaded: "
                "name another file",
                parameter="report",
            )


def open_report(
    paths: Sequence[Path], base: str, schemas: Mapping[str, Schema]
) -> Report:
    """An empty report that goes to these files, in the forms that their suffixes name.

    Raises ReportNotWritten when one cannot be made, before anything is judged.
    """
    with ExitStack() as made:
        files = []
        for path in paths:
            files.append(ReportFile(path, base, schemas))
            made.callback(files[-1].discard)
        made.pop_all()
        return Report(files=files)
