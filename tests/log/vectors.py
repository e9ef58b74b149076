"""The published vectors in tests/vectors, and keys made from fixed seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trigpoint.log.note import SigningKey

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def seeded(seed: bytes) -> SigningKey:
    """The key pair of a 32-byte seed (RFC 8032, section 5.1.5)."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


KEY = seeded(bytes(range(32)))
OTHER = seeded(bytes(32))
