"""A writable store for experiments and test suites: `python -m api --sandbox`.

Its own application: SPARQL query and update and the Graph Store HTTP Protocol over an
empty store in a temporary folder. It has nothing to do with registers, listens on
loopback only, and is gone when the process ends.
"""
