"""What the old API must say of a register, worked out from its RSF file alone.

Nothing of trigpoint is used: lines are split, items hashed and trees built here, so an
answer that agrees agrees with the file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENTRY = ("index-entry-number", "entry-number", "entry-timestamp", "key")


@dataclass
class Archived:
    """The user entries, items and metadata of an RSF file, and the root hashes that it
    asserts, by how many entries stand before."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    system: dict[str, dict[str, Any]] = field(default_factory=dict)
    asserted: dict[int, str] = field(default_factory=dict)

    @property
    def latest(self) -> dict[str, dict[str, Any]]:
        """The last entry of each key."""
        return {one["key"]: one for one in self.entries}

    def record(self, key: str) -> dict[str, Any]:
        """What JSON says of one record, under its key."""
        entry = dict(self.latest[key])
        (name,) = entry.pop("item-hash")
        return {**entry, "item": [self.items[name]]}

    def newest(self) -> list[str]:
        """Every key, that of the greatest entry number first."""
        latest = self.latest.values()
        order = sorted(latest, key=lambda one: -int(one["entry-number"]))
        return [one["key"] for one in order]

    def fields(self, register: str) -> list[str]:
        """The fields that the register declares itself."""
        return list(self.system[f"register:{register}"]["fields"])

    def root(self, size: int | None = None) -> str:
        """The root hash at a size, or of all entries."""
        return f"sha-256:{root_of(self.leaves()[:size]).hex()}"

    def leaves(self) -> list[bytes]:
        """The hash of each leaf: the entry as compact JSON after a zero byte."""
        return [
            hashlib.sha256(b"\0" + compact(one).encode()).digest()
            for one in self.entries
        ]


def compact(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def read(path: Path) -> Archived:
    """An RSF file, packed or not."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    found = Archived()
    for line in text.decode().splitlines():
        command, *parts = line.split("\t")
        if command == "add-item":
            name = f"sha-256:{hashlib.sha256(parts[0].encode()).hexdigest()}"
            found.items[name] = json.loads(parts[0])
            found.texts[name] = parts[0]
        elif command == "assert-root-hash":
            found.asserted[len(found.entries)] = parts[0]
        elif parts[0] == "system":
            found.system[parts[1]] = found.items[parts[3]]
        else:
            number = str(len(found.entries) + 1)
            values = (number, number, parts[2], parts[1])
            entry: dict[str, Any] = dict(zip(ENTRY, values, strict=True))
            found.entries.append({**entry, "item-hash": [parts[3]]})
    return found


def root_of(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962, section 2.1, writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = root_of(leaves[:split]), root_of(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


def hashes_of(names: list[str]) -> list[bytes]:
    """The digests of `sha-256:…` names."""
    return [bytes.fromhex(name.removeprefix("sha-256:")) for name in names]
