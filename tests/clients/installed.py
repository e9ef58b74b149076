"""Comunica, a SPARQL client of the JavaScript world, installed for the tests by npm.

It is pinned: a newer one asks for a newer Node.js than the systems have that we run on.
The folder is under `var/`, which is not in the repository, and is made once.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

VERSION: Final = "4.5.0"
_PACKAGE: Final = "@comunica/query-sparql"
# It passes the terms' language on in a form that only the newer data model reads.
_OVERRIDES: Final = {"rdf-data-factory": "2.1.0"}
_PATIENCE: Final = 90.0  # seconds that its installation may take
_VAR: Final = Path(__file__).parents[2] / "var"


@cache
def comunica() -> Path | None:
    """The folder in which it is installed; None where it cannot be, for want of node,
    npm or the network."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return None
    folder = _VAR / f"comunica-{VERSION}"
    _VAR.mkdir(exist_ok=True)
    # Tests may run in several processes: one installs, and the others wait for it.
    with (_VAR / "comunica.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / _PACKAGE).is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            if not _install(npm, folder):
                return None
    return folder


def _install(npm: str, folder: Path) -> bool:
    """Install it beside its place and then rename, so that half of it is never used."""
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    package = {
        "private": True,
        "dependencies": {_PACKAGE: VERSION},
        "overrides": _OVERRIDES,
    }
    (half / "package.json").write_text(json.dumps(package), "utf-8")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(
            [npm, "install", *quiet],
            cwd=half,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode != 0:
        return False
    half.rename(folder)
    return True
