"""The log: items, entries and the Merkle tree over them; the only truth there is."""
