"""The SHACL side of the gate: what a register's shape refuses in its rows."""
