"""Imports run one way: what pyproject.toml says of layers holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def test_every_import_contract_is_kept() -> None:
    """import-linter finds no import that goes up, nor between the programs."""
    told = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout
