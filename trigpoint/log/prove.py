"""Proofs about a register's log, from what is stored: for the doors and for people.

A proof is to a size that the latest checkpoint covers. What it leads to is a root hash,
and that is worth what the checkpoint of that size, or of a later one that extends it,
is worth. RFC 6962, sections 2.1.1 and 2.1.2, defines both proofs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from trigpoint.errors import InvalidParameter, NoSuchEntry, NotSigned
from trigpoint.log.entry import leaf
from trigpoint.log.merkle import leaf_hash
from trigpoint.log.proof import consistency_proof, entry_proof
from trigpoint.log.reader import LogReader
from trigpoint.log.served import signed_size
from trigpoint.schema.items import format_hash


@dataclass(frozen=True)
class EntryProof:
    """That the entry `number` is in the tree of `size` entries with this root.

    `leaf` is the hash of its leaf, `hashes` lead from there to `root`, lowest first.
    """

    register: str
    number: int
    size: int
    leaf: bytes
    root: bytes
    hashes: tuple[bytes, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "register": self.register,
            "entry-number": self.number,
            "leaf-index": self.number - 1,
            "size": self.size,
            "root-hash": format_hash(self.root),
            "leaf-hash": format_hash(self.leaf),
            "proof": [format_hash(one) for one in self.hashes],
        }


@dataclass(frozen=True)
class ConsistencyProof:
    """That the tree of `second` entries begins with the tree of `first` entries."""

    register: str
    first: int
    second: int
    first_root: bytes
    second_root: bytes
    hashes: tuple[bytes, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "register": self.register,
            "first": self.first,
            "second": self.second,
            "first-root-hash": format_hash(self.first_root),
            "second-root-hash": format_hash(self.second_root),
            "proof": [format_hash(one) for one in self.hashes],
        }


def prove_entry(
    log: LogReader, register: str, number: int, size: int | None = None
) -> EntryProof:
    """Prove an entry to the root at `size`, by default that of the latest checkpoint.

    Raises NoSuchRegister; NoSuchEntry for an entry that the tree of that size does not
    have, or a size beyond the log; NotSigned for one beyond the latest checkpoint.
    """
    size = _covered(log, register, size)
    entry = log.entry(register, number)
    if number > size:
        raise NoSuchEntry(
            f"{register} has no entry {number} among its first {size}: "
            f"ask for size={number} or more",
            number=number,
        )
    read = partial(log.tile, log.register_id(register))
    return EntryProof(
        register,
        number,
        size,
        leaf_hash(leaf(entry)),
        log.root(register, size),
        tuple(entry_proof(read, entry.leaf_index, size)),
    )


def prove_consistency(
    log: LogReader, register: str, first: int, second: int
) -> ConsistencyProof:
    """Prove that the tree at `second` extends the one at `first`.

    Raises NoSuchRegister; InvalidParameter unless 1 <= first <= second; NoSuchEntry
    for a size beyond the log, NotSigned for one beyond the latest checkpoint.
    """
    if not 1 <= first <= second:
        raise InvalidParameter(
            f"no proof leads from {first} to {second} entries: expected two sizes, "
            "the first at least 1 and not greater than the second",
            parameter="first",
        )
    _covered(log, register, second)
    read = partial(log.tile, log.register_id(register))
    return ConsistencyProof(
        register,
        first,
        second,
        log.root(register, first),
        log.root(register, second),
        tuple(consistency_proof(read, first, second)),
    )


def _covered(log: LogReader, register: str, size: int | None) -> int:
    """A size that the latest checkpoint covers; its own size for None."""
    latest, now = signed_size(log, register), log.size(register)
    if size is None or size <= latest:
        return latest if size is None else size
    if size > now:
        raise NoSuchEntry(f"{register} has {now} entries, not {size}", number=size)
    raise NotSigned(
        f"the latest checkpoint of {register} covers {latest} entries, not {size} yet"
    )
