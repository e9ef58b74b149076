"""Erasing what was withheld from all of a data directory but its views.

Views and dumps are never served again once something in them is withheld: both say how
many items were withheld when they were made. The views are built anew by whoever
publishes (trigpoint/views.py). The dumps, what is left of a fetch, and the rows that
were refused by the gate are removed whole, since nobody knows any more what to look for
in them; then the log itself is written anew.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from trigpoint.log.erase import forget, reminders
from trigpoint.log.store import Log

DUMPS, REJECTS, SPOOL = "dumps", "rejects", "incoming"


def is_due(data: Path) -> bool:
    """Whether something that was withheld is still to be erased."""
    return bool(reminders(data))


def erase_withheld(log_file: Path) -> bool:
    """Erase what was withheld, if that is still to be done; says whether it was.

    The views have to be published before. Raises DataBusy while another process reads
    the log as it was or writes to it, OSError when the directory cannot be written to:
    then it is still to be done.
    """
    data = log_file.parent
    found = reminders(data)
    if not found:
        return False
    _remove_copies(data)
    with closing(Log(log_file)) as log:
        log.erase()
    # Whoever was making a dump of the log as it was before has ended by now.
    _remove_copies(data)
    forget(found)
    return True


def _remove_copies(data: Path) -> None:
    for name in (DUMPS, REJECTS, SPOOL):
        folder = data / name
        if folder.is_dir():
            shutil.rmtree(folder)
