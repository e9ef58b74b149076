#!/usr/bin/env python3
"""Verify a record bundle, with nothing but Python's standard library.

    python tools/verify_bundle.py FILE --key VKEY

FILE is what `/registers/{register}/records/{key}/bundle` gave; VKEY the key, of the
installation or of the register's log, that you trust. docs/log.md says what a bundle
is. This shares no code with trigpoint, and is short so that it can be read first.

Exit status: 0 the bundle proves what is printed; 1 it does not; 2 it was not read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

KINDS = {
    **dict.fromkeys(("format", "register", "key", "item", "checkpoint"), str),
    **dict.fromkeys(("leaf-index", "tree-size"), int),
    **dict.fromkeys(("proof", "keys"), list),
    "entry": dict,
}
ENTRY = ("index-entry-number", "entry-number", "entry-timestamp", "key", "item-hash")


class Wrong(Exception):
    """The bundle does not prove what it says; the text names the part."""


def require(held: object, what: str) -> None:
    if not held:
        raise Wrong(what)


# Ed25519 (RFC 8032, section 5.1): a point is (X, Y, Z, T); x = X/Z, y = Y/Z, xy = T/Z.
Point = tuple[int, int, int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    product = (0, 1, 1, 0)
    while number:
        if number & 1:
            product = add(product, point)
        point, number = add(point, point), number >> 1
    return product


def encode(point: Point) -> bytes:
    x, y = (value * pow(point[2], P - 2, P) % P for value in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point:
    """The point that 32 bytes encode (section 5.1.3)."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    exact = y < P and (x * x - square) % P == 0 and (x or not sign)
    require(exact and len(data) == 32, "keys: a key is no point of Ed25519")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is of this key (section 5.1.7, without the cofactor)."""
    point, s = decode(public), int.from_bytes(signature[32:], "little")
    require(times(8, point)[0], "keys: anybody could sign for a key of small order")
    if len(signature) != 64 or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus = (P - point[0], point[1], point[2], P - point[3])
    challenge = times(int.from_bytes(digest, "little") % L, minus)
    base = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    return encode(add(times(s, base), challenge)) == signature[:32]


# The tree (RFC 6962, section 2.1; RFC 9162, section 2.1.3.2).
def root_of(leaf: str, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root to which an inclusion proof leads."""
    place, last, node = index, size - 1, hashlib.sha256(b"\0" + leaf.encode()).digest()
    for sibling in proof:
        require(last, "proof: it is too long")
        if place & 1 or place == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        place, last = place >> 1, last >> 1
    require(not last, "proof: it is too short")
    return node


# Keys and signatures (C2SP signed-note and tlog-cosignature).
def unbase64(text: str, part: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    require(base64.b64encode(data).decode() == text, f"{part}: not canonical base 64")
    return data


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(b"%s\n%c%s" % (name.encode(), kind, public)).digest()[:4]


def parse_key(text: str) -> tuple[str, bytes]:
    """Name and public key of a vkey of type 1."""
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    key = unbase64(encoded, "keys")
    require(len(key) == 33 and key[0] == 1, "keys: not an Ed25519 key (type 1)")
    require(name and not re.search(r"[\s\0-\x1f]", name), "keys: a name is not one")
    right = key_id(name, 1, key[1:]).hex()
    require(digits == right, f"keys: a key has the id {right}, but is given another")
    return name, key[1:]


def check_line(line: str, name: str, kind: int, public: bytes, text: str) -> int:
    """Verify the line of a key below a checkpoint's text. Returns the time in it, in
    POSIX seconds; 0 for a signature of type 1, which has none."""
    start = f"\u2014 {name} "
    require(line.startswith(start), "signature: a line is not by the key named for it")
    data = unbase64(line[len(start) :], "signature")
    require(data[:4] == key_id(name, kind, public), "signature: by another key")
    time, value = 0, data[4:]
    if kind == 4:
        time, value = int.from_bytes(value[:8], "big"), value[8:]
        text = f"cosignature/v1\ntime {time}\n{text}"
    right = time < 2**63 and verified(public, text.encode(), value)
    require(right, f"signature: that of {name!a} is wrong")
    return time


# The bundle (docs/log.md, "Record bundle").
def parse_bundle(data: bytes) -> dict[str, Any]:
    """The members of a bundle, each of its kind, in the one spelling."""
    try:
        bundle = json.loads(data)
        canonical = json.dumps(bundle, sort_keys=True, separators=(",", ":")) + "\n"
        json.dumps(bundle, ensure_ascii=False).encode()  # finds half surrogate pairs
    except (ValueError, RecursionError):
        raise Wrong("form: not JSON, or not Unicode") from None
    require(canonical.encode() == data, "form: changed, or not spelt canonically")
    require(type(bundle) is dict, "form: not a JSON object")
    kinds, texts = KINDS, []
    if bundle.get("item") is None:
        kinds = {**KINDS, "item": type(None), "withheld": dict}
    held = {name: type(value) for name, value in bundle.items()}
    require(held == kinds, "form: a member is missing, one too many or not of its kind")
    require(bundle["format"] == "trigpoint-bundle-1", "form: another format")
    if bundle["item"] is None:
        texts += [*bundle["withheld"].values()]
        require({*bundle["withheld"]} == {"reason", "date"}, "item: no reason or date")
    texts += bundle["proof"] + bundle["keys"]
    require(all(type(text) is str for text in texts), "form: not text")
    inside = 0 <= bundle["leaf-index"] < bundle["tree-size"] < 2**63
    require(inside, "proof: the tree has no such leaf")
    return bundle  # type: ignore[no-any-return]  # whose members are checked above


def leaf_of(bundle: dict[str, Any]) -> tuple[str, str]:
    """The text of the leaf, and the name of the item in it."""
    said, number = bundle["entry"], str(bundle["leaf-index"] + 1)
    time, hashes = said.get("entry-timestamp"), said.get("item-hash")
    leaf = dict(zip(ENTRY, (number, number, time, bundle["key"], hashes), strict=True))
    require(said == leaf, "entry: not as the rest of the bundle has it")
    one = type(time) is str and type(hashes) is list and len(hashes) == 1
    named = one and re.fullmatch("sha-256:[0-9a-f]{64}", str(hashes[0]))
    require(named, "entry: expected a time and the hash of one item")
    return json.dumps(leaf, ensure_ascii=False, separators=(",", ":")), hashes[0]


def verify(data: bytes, trusted: set[tuple[str, bytes]]) -> list[str]:
    """What a bundle proves, in lines for people to read; raises Wrong."""
    bundle = parse_bundle(data)
    item, register, keys = (bundle[name] for name in ("item", "register", "keys"))
    leaf, named = leaf_of(bundle)
    digest = hashlib.sha256((item or "").encode()).hexdigest()
    require(item is None or named == f"sha-256:{digest}", f"item: it is not {named}")
    text, _, block = bundle["checkpoint"].rpartition("\n\n")
    origin, *said = text.split("\n")
    house = origin.removesuffix(f"/registers/{register}")
    require(house and house != origin, f"checkpoint: not of a register {register!a}")
    sized = len(said) == 2 and said[0] == str(bundle["tree-size"])
    require(sized, "checkpoint: not of tree-size, or not of three lines")
    lines, believed = block.split("\n"), []
    require(lines.pop() == "" and keys, "signature: none, or a line is torn")
    paired = len(lines) == 2 * len(keys) == 2 * len(set(keys))
    require(paired, "signature: expected two lines for each key, each named once")
    for at, (name, public) in enumerate(map(parse_key, keys)):
        require(name == origin, "keys: a key is not of the checkpoint's log")
        check_line(lines[2 * at], origin, 1, public, f"{text}\n")
        time = check_line(lines[2 * at + 1], house, 4, public, f"{text}\n")
        if not trusted or {(origin, public), (house, public)} & trusted:
            believed.append(f"signed by {public.hex()}, as the newest at {time}")
    require(believed, "signature: by none of the keys that are trusted")
    hexed = all(re.fullmatch("[0-9a-f]{64}", node) for node in bundle["proof"])
    require(hexed, "proof: each of its hashes must be 64 hex digits")
    proof = list(map(bytes.fromhex, bundle["proof"]))
    root = root_of(leaf, bundle["leaf-index"], bundle["tree-size"], proof)
    told = unbase64(said[1], "checkpoint")
    require(root == told, "proof: it does not lead to the root in the checkpoint")
    where = f"PROVED: in the log {origin!a} of {said[0]} entries"
    warning = [] if trusted else ["NO KEY WAS GIVEN: the bundle's own was believed"]
    return [where, f"entry {leaf!a}", f"item {item!a}", *believed[:1], *warning]


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a record bundle.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], metavar="VKEY")
    asked = parser.parse_args()
    try:
        trusted = set(map(parse_key, asked.key))
        data = asked.file.read_bytes()
    except (OSError, ValueError, Wrong) as error:
        print(f"verify_bundle: {error}", file=sys.stderr)
        return 2
    try:
        print("\n".join(verify(data, trusted)))
    except Wrong as error:
        print(f"NOT PROVED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
