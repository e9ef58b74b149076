"""The door through which `QueryPool` starts its processes; not for people."""

from __future__ import annotations

import sys

from trigpoint.graph.nursery import main

if __name__ == "__main__":
    main(int(sys.argv[1]))
