"""What a record bundle says: its members, read and written.

docs/log.md, “Record bundle”, defines them; trigpoint.log.bundle makes and verifies
bundles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trigpoint.errors import BadSignature, InvalidInput, NotVerified
from trigpoint.log.entry import Entry, leaf
from trigpoint.schema.items import parse_hash

FORMAT = "trigpoint-bundle-1"
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Bundle:
    """What a bundle says; nothing is verified yet. `withheld` is the reason and the
    date for which there is no item."""

    register: str
    entry: Entry
    item: str | None
    withheld: tuple[str, str] | None
    size: int
    proof: tuple[bytes, ...]
    checkpoint: str
    keys: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The members of the bundle; the entry's are those of its leaf."""
        bundle: dict[str, object] = {
            "format": FORMAT,
            "register": self.register,
            "key": self.entry.key,
            "item": self.item,
            "entry": json.loads(leaf(self.entry)),
            "leaf-index": self.entry.leaf_index,
            "tree-size": self.size,
            "proof": [node.hex() for node in self.proof],
            "checkpoint": self.checkpoint,
            "keys": list(self.keys),
        }
        if self.withheld is not None:
            reason, date = self.withheld
            bundle["withheld"] = {"reason": reason, "date": date}
        return bundle


def read_members(raw: Mapping[str, Any]) -> Bundle:
    """The bundle that members say; what they say besides is not looked at. Raises
    NotVerified, naming the part that is not as it must be."""
    with part_of_bundle("entry"):
        said = raw["entry"]
        number, timestamp, key = (
            said[name] for name in ("entry-number", "entry-timestamp", "key")
        )
        (name,) = said["item-hash"]
        if not _NUMBER.fullmatch(number):
            raise InvalidInput("its number is not a number")
        _check_texts(timestamp, key)
        entry = Entry(int(number), timestamp, key, parse_hash(name))
    with part_of_bundle("item"):
        item, withheld = raw["item"], None
        if item is None:
            withheld = (raw["withheld"]["reason"], raw["withheld"]["date"])
        _check_texts(*(withheld or [item]))
    with part_of_bundle("proof"):
        if type(raw["tree-size"]) is not int:  # True is an int, too
            raise InvalidInput("its tree-size is not a number")
        if not all(map(_HEX.fullmatch, raw["proof"])):
            raise InvalidInput("each of its hashes must be 64 hex digits")
        proof = tuple(map(bytes.fromhex, raw["proof"]))
    with part_of_bundle("checkpoint, keys or register"):
        _check_texts(raw["register"], raw["checkpoint"], *raw["keys"])
        rest = (raw["tree-size"], proof, raw["checkpoint"], tuple(raw["keys"]))
    return Bundle(raw["register"], entry, item, withheld, *rest)


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise InvalidInput("expected text")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidInput("it holds half a surrogate pair")


@contextmanager
def part_of_bundle(name: str) -> Iterator[None]:
    """What is found wrong within it is named as of this part of the bundle."""
    try:
        yield
    except BadSignature as error:
        raise BadSignature(f"bundle: {name}: {error}") from error
    except (InvalidInput, NotVerified) as error:
        raise NotVerified(f"bundle: {name}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotVerified(
            f"bundle: {name}: missing, or not as {FORMAT} has it"
        ) from error
