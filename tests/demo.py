"""The embedded sample, built as `make demo` builds it, and clients for replay."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs_replay import Answer, Client
from tests.testclient import TestClient

ROOT = Path(__file__).parents[1]


def demo_words(data: Path, source: str = "rsf") -> list[str]:
    """The words after `python` of the Makefile's line that loads the sample, or the
    postcodes of another source, for another data directory and the usual port."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    load = rf"(?m)^\t\$\(BIN\)/python (-m loaders {source} .*)$"
    (line,) = re.findall(load, makefile)
    words = []
    for word in shlex.split(line.replace("$(PORT)", "8000")):
        files = sorted(ROOT.glob(word)) if "*" in word else []
        words += [str(file) for file in files] or [word]
    words[words.index("--data") + 1] = str(data)
    return words


def build_demo(data: Path) -> None:
    """Load every file of the embedded sample into the directory `data`."""
    subprocess.run(
        [sys.executable, *demo_words(data)],
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
