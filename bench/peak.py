"""`python -m bench.peak FILE DATA`: judge a file of staged address rows.

Prints how many findings there were and the most memory that the process held, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.gate import Gate
from trigpoint.gate.staged import Staged
from trigpoint.register import Registers


def main(path: str, data: str) -> None:
    """Judge the rows against the log in the data directory."""
    gate = Gate(Registers.open(Path(data)))
    findings = gate.refused(Staged(Path(path)))
    print(json.dumps({"findings": findings, "megabytes": _peak()}))


def _peak() -> float:
    """Megabytes (proc(5), VmHWM). What getrusage says begins with the memory of the
    process that this one was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
