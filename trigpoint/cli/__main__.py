"""`python -m trigpoint.cli`: the same as `trigpoint`."""

from trigpoint.cli import main

main()
