"""A process of ours beside this one, with a socket between the two."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Final

import trigpoint

_TOLD: Final = 2_000  # bytes of what it printed that are worth reading
ALLOCATOR: Final = "jemalloc"


class Child:
    """`python -m MODULE FD`, where FD is the number of its end of the socket.

    It is in a process group of its own, since an interrupt at the terminal is for its
    parent, but not in a session of its own: the kernel shares the processor out between
    sessions first (sched(7), "The autogroup feature"), and giving way to others by
    niceness would mean nothing.
    """

    def __init__(self, module: str, *, quick: bool = False) -> None:
        """`quick` has it use a quicker allocator of memory than that of the C library,
        where the system has one: queries spend much of their time in allocating.

        Raises OSError when no process can be started.
        """
        roots = [str(Path(trigpoint.__file__).parents[1]), os.environ.get("PYTHONPATH")]
        environment = {
            **(_preloaded() if quick else {}),
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, roots)),
            "RUST_BACKTRACE": "0",
        }
        self.socket, theirs = socket.socketpair()
        self._printed, name = tempfile.mkstemp(prefix="trigpoint-child-")
        Path(name).unlink()  # the open file goes on
        fcntl.fcntl(self._printed, fcntl.F_SETFL, os.O_APPEND)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stderr=self._printed,
                    env=environment,
                    process_group=0,
                )
            except OSError:
                self.socket.close()
                os.close(self._printed)
                raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, since native code hears nothing else."""
        self._process.kill()

    def wait(self) -> tuple[int, str]:
        """The status that it ended with, once it has, and the last that it printed."""
        status = self._process.wait()
        printed = self.printed()
        os.close(self._printed)
        return status, printed

    def printed(self) -> str:
        """The last that it and its own children printed since this was asked."""
        size = os.fstat(self._printed).st_size
        text = os.pread(self._printed, _TOLD, max(0, size - _TOLD))
        os.ftruncate(self._printed, 0)
        return text.decode(errors="replace").strip()


@cache
def _preloaded() -> dict[str, str]:
    """What has the system load the allocator first (ld.so(8), LD_PRELOAD)."""
    found = find_library(ALLOCATOR) if sys.platform == "linux" else None
    return {} if found is None else {"LD_PRELOAD": found}
