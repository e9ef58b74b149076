"""Benchmarks: `python -m bench`, or `make bench`. Ratios are the point."""
