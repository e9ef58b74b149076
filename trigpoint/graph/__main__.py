"""The door through which `QueryPool` starts a worker process; not for people."""

from __future__ import annotations

import sys
from socket import socket

from trigpoint.graph.worker import serve

if __name__ == "__main__":
    serve(socket(fileno=int(sys.argv[1])))
