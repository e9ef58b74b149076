"""Loaders: one module a source, and `run` that does the rest for all of them.

`python -m loaders SOURCE FILE… --data DIR` reads the files of one release, and hands
their rows to the register's gate and log. A source module holds its column constants,
a `SOURCE` and a `read`; docs/sources.md says where each file is published.
"""
