"""Whom a reader trusts: a key that is pinned, or the one that was met first.

What was trusted once is remembered as a `keys.json`, and later keys count only when
rotations signed by those before them lead to them (trigpoint/log/keys.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trigpoint.errors import BadSignature, InvalidInput, InvalidParameter, NotVerified
from trigpoint.log.keys import KEYS_FILE, Keyring, PublicKeys, parse_keys, trusted_keys
from trigpoint.log.note import ED25519, VerifierKey, parse_verifier_key

_LOG = re.compile(r"(.+)/registers/[a-z][a-z0-9-]*", re.ASCII)


@dataclass(frozen=True)
class Trust:
    """The keys that are believed, and their text to remember them by. `met` says that
    nobody vouched for them: they are believed since they were met first."""

    ring: Keyring
    text: str
    met: bool = False


def parse_pin(text: str) -> VerifierKey:
    """The installation's key that a vkey given by somebody names: its own, or that of
    one of its logs. Raises InvalidParameter."""
    try:
        key = parse_verifier_key(text.strip())
    except InvalidInput as error:
        raise InvalidParameter(f"--key: {error}", parameter="key") from error
    if key.kind != ED25519:
        raise InvalidParameter(
            f"--key: {key.name} is a key for cosignatures: give the one that signs",
            parameter="key",
        )
    log = _LOG.fullmatch(key.name)
    return VerifierKey(log[1], key.kind, key.public) if log else key


def trust(
    offered: bytes | None, remembered: str | None = None, pinned: str | None = None
) -> Trust:
    """Decide which keys count: `offered` is the site's own `keys.json`, `remembered`
    the one kept from before, `pinned` a vkey given by the reader.

    Raises BadSignature when the pinned key is not among them, or the site's keys do
    not go on from the remembered ones; NotVerified when what is offered is no
    `keys.json`; InvalidParameter when there is nothing to go by.
    """
    anchor = parse_pin(pinned) if pinned else None
    public = _read(offered) if offered is not None else None
    if remembered is not None:
        known = parse_keys(remembered)
        ring = _ring(_continued(known, public), str(known.keys[0]))
        _check_among(anchor, ring)
        return ring
    if public is not None:
        found = _ring(public, str(anchor or public.current))
        return Trust(found.ring, found.text, met=anchor is None)
    if anchor is None:
        raise InvalidParameter(
            "the site has no keys.json, so it is not known who signs it: give the key "
            "with --key",
            parameter="key",
        )
    return _ring(PublicKeys(anchor.name, (anchor,)), str(anchor))


def _read(offered: bytes) -> PublicKeys:
    try:
        return parse_keys(offered)
    except InvalidInput as error:
        raise NotVerified(f"the site's keys cannot be read: {error}") from error


def _ring(public: PublicKeys, anchor: str) -> Trust:
    text = public.format()
    try:
        return Trust(trusted_keys(text, anchor), text)
    except InvalidInput as error:
        raise NotVerified(f"the site's keys cannot be read: {error}") from error
    except BadSignature as error:
        raise BadSignature(f"{KEYS_FILE}: {error}") from error


def _continued(known: PublicKeys, offered: PublicKeys | None) -> PublicKeys:
    """The keys to go by: those offered, if they go on from the known ones."""
    if offered is None:
        return known
    shared = min(len(known.keys), len(offered.keys))
    if (known.name, known.keys[:shared]) != (offered.name, offered.keys[:shared]):
        raise BadSignature(
            f"the site's keys are those of {offered.name}, now {offered.current}, and "
            f"do not go on from the remembered {known.current}: no rotation leads "
            "there. Follow it into another folder if it is another log"
        )
    return max(known, offered, key=lambda one: len(one.keys))


def _check_among(anchor: VerifierKey | None, trusted: Trust) -> None:
    if anchor is not None and anchor not in trusted.ring.keys:
        raise BadSignature(
            f"the key given, {anchor}, is not among those remembered; the last of "
            f"them is {trusted.ring.current}"
        )
