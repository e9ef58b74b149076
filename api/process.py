"""One server process of several: `python -m api.process CONTROL LISTENING`.

The arguments are numbers of open files: the connection over which it gets its `Setup`,
and the socket that it listens on. It ends when the other end of the connection does.
"""

from __future__ import annotations

import logging
import socket
import sys
from multiprocessing.connection import Connection

from api.server import Setup, serve
from trigpoint.errors import TrigpointError
from trigpoint.register import Registers


def main(control_file: int, listening_file: int) -> int:
    """Serve beside others; 2 when the data cannot be opened."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    control = Connection(control_file)
    setup = control.recv()
    if not isinstance(setup, Setup):
        raise TypeError("the supervisor sends a Setup")
    try:
        registers = Registers.open(setup.data, base=setup.base)
    except (TrigpointError, OSError) as error:
        print(f"python -m api: {error}", file=sys.stderr)
        return 2
    return serve(registers, setup, socket.socket(fileno=listening_file), control)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
