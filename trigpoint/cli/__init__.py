"""`trigpoint VERB --data DIR`: look into a data directory, check it, keep it.

Loading is `python -m loaders`, serving is `python -m api`. Exit codes: 0 fine, 1 the
data does not verify, 2 wrong usage or a fault.
"""

from __future__ import annotations

import sqlite3
import sys

from trigpoint.cli import (
    custody,
    exporting,
    following,
    keeping,
    proving,
    publishing,
    reading,
    redacting,
    shapes,
    signing,
    witnessing,
)
from trigpoint.cli.app import app
from trigpoint.errors import LogCorrupt, NotVerified, SigningRefused, TrigpointError

__all__ = [
    "app",
    "custody",
    "exporting",
    "following",
    "keeping",
    "main",
    "proving",
    "publishing",
    "reading",
    "redacting",
    "shapes",
    "signing",
    "witnessing",
]


def main() -> None:
    """The console script: core errors become one line and an exit code."""
    try:
        app()
    except (LogCorrupt, NotVerified, SigningRefused) as error:
        print(f"trigpoint: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        print(f"trigpoint: {place}{error.strerror or error}", file=sys.stderr)
        sys.exit(2)
    except (TrigpointError, sqlite3.Error) as error:
        print(f"trigpoint: {error}", file=sys.stderr)
        sys.exit(2)
