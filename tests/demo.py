"""The embedded sample, built as `make demo` builds it, and clients for replay."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs_replay import Answer, Client
from tests.testclient import TestClient

ROOT = Path(__file__).parents[1]


def build_demo(data: Path) -> None:
    """Load every file of the embedded sample into the directory `data`."""
    files = sorted(str(file) for file in (ROOT / "data").glob("*.rsf*"))
    subprocess.run(
        [sys.executable, "-m", "loaders", "rsf", *files, "--data", str(data)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def client_of(running: TestClient) -> Client:
    """A client for `tests.docs_replay.difference` over an application in process."""

    def ask(
        method: str, path: str, headers: Mapping[str, str], content: str, follow: bool
    ) -> Answer:
        answer: Answer = running.request(
            method,
            path,
            headers=dict(headers),
            content=content.encode() or None,
            follow_redirects=follow,
        )
        return answer

    return ask
