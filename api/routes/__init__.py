"""One module a door; each has a `router`."""
