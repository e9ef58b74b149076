"""Load by wrk, which takes little of the cores that it shares with the server."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.server import Server

_SCRIPT = """
local paths, at = {%s}, 0
request = function()
    at = at %% #paths + 1
    return wrk.format("GET", paths[at], {["Accept"] = "application/json"})
end
"""
_DONE = re.compile(r"(\d+) requests in")
_SHARE = re.compile(r"^ +(50|99)% +([\d.]+)(us|ms|s)$", re.MULTILINE)
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_ERRORS = re.compile(r"Socket errors: .*|Non-2xx or 3xx responses: .*")


def version() -> str | None:
    """What wrk calls itself; None where it is not installed."""
    program = shutil.which("wrk")
    if program is None:
        return None
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    return " ".join(said.stdout.split()[:2])


@dataclass
class Wrk:
    """`seconds` of requests for these paths in turn, over `connections` that stay open.

    `shares` gathers median and 99th percentile of a request's time, in ms, by run.
    """

    server: Server
    paths: Sequence[str]
    connections: int
    seconds: int
    done: int = 0
    shares: list[dict[str, float]] = field(default_factory=list)

    def run(self) -> None:
        """Ask; raises RuntimeError when a request failed or was not answered well."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "paths.lua"
            script.write_text(_SCRIPT % ", ".join(f'"{path}"' for path in self.paths))
            given = [f"-c{self.connections}", f"-d{self.seconds}s", "-s", str(script)]
            said = subprocess.run(
                ["wrk", "-t1", "--latency", *given, self.server.home],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        wrong = _ERRORS.search(said)
        found = _DONE.search(said)
        if wrong or found is None:
            raise RuntimeError(f"wrk: {wrong[0] if wrong else said}")
        self.done = int(found[1])
        self.shares.append(
            {
                share: float(time) * _MS[unit]
                for share, time, unit in _SHARE.findall(said)
            }
        )

    def remark(self) -> str:
        """Median and 99th percentile of a request's time: the median of the runs."""
        half, late = (
            median(one[share] for one in self.shares) for share in ("50", "99")
        )
        return f"median {half:.1f} ms, p99 {late:.1f} ms, no errors"
