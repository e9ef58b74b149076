"""The door through which `QueryPool` starts a worker process; not for people."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from trigpoint.graph.worker import serve

if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
