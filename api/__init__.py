"""The registers over HTTP: `python -m api --data DIR`."""
