"""Copies of data directories that a test may write to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from trigpoint.identity import IDENTITY_FILE, read_identity


def copy_data(source: Path, target: Path) -> Path:
    """Copy a data directory and its keys folder, which the copy has beside it."""
    identity = read_identity(source)
    assert identity is not None
    assert identity.keys is not None
    shutil.copytree(source, target)
    keys = keys_of(target)
    shutil.copytree(identity.keys, keys)
    known = json.loads((target / IDENTITY_FILE).read_text("utf-8"))
    known["keys"] = f"../{keys.name}"
    (target / IDENTITY_FILE).write_text(json.dumps(known), "utf-8")
    return target


def keys_of(data: Path) -> Path:
    """The keys folder of a data directory that was made without naming one."""
    return data.with_name(f"{data.name}.keys")
