"""Signed notes: a text and lines of signatures below it.

C2SP signed-note defines the format, the key ids, the verifier keys (“vkeys”) and the
Ed25519 signature of type 0x01 (RFC 8032 over the text); C2SP tlog-cosignature the
timestamped cosignature of type 0x04. Other types are read and ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from trigpoint.errors import BadSignature, InvalidInput, NoSigningKey

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 32  # signed-note: at least 16
MAX_NOTE = 128 * 1024  # bytes: room for 16 post-quantum signatures of 5 kB
_KINDS = (ED25519, COSIGNATURE)
_MAX_TIME = 2**63 - 1
_FIELD = 2**255 - 19  # RFC 8032, section 5.1
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# y of the points of order 1, 2, 4 and 8: for such a key anybody could sign.
_SMALL_ORDER = {0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8}
_DASH = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class VerifierKey:
    """A public key as a note knows it: its name, signature type and 32 bytes.

    Raises InvalidInput when it could not have signed anything.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.kind not in _KINDS or len(self.public) != 32:
            raise InvalidInput(
                f"the key {self.name} must be of type 1 or 4 and of 32 bytes, "
                f"not of type {self.kind} and {len(self.public)} bytes"
            )
        # The library under us is laxer than RFC 8032, section 5.1.3, in this alone.
        y = int.from_bytes(self.public, "little") % 2**255
        if y >= _FIELD or y in _SMALL_ORDER:
            raise InvalidInput(f"the key {self.name} is no point that could be a key")

    @property
    def id(self) -> bytes:
        """Key id: the first four bytes of a SHA-256 (signed-note, “Signatures”)."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        """The vkey: `<name>+<key id in hex>+<base64 of type and key>`."""
        return (
            f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"
        )

    def verify(self, text: str, value: bytes) -> None:
        """Raises BadSignature when `value` is not this key's signature of a text."""
        message, signature = text.encode(), value
        if self.kind == COSIGNATURE:
            time, signature = _split_cosignature(value)
            message = _cosigned(text, time)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise BadSignature(f"the signature of {self.name} is wrong") from error


@dataclass(frozen=True)
class Signature:
    """One signature line: the key's name and id (4 bytes), and what follows the id."""

    name: str
    id: bytes
    value: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.id) != 4 or not self.value:
            raise InvalidInput(f"the signature of {self.name} is too short")

    def format(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.id + self.value)}\n"


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and its signatures; nothing is verified yet.

    Raises InvalidInput when it could not be written as a note.
    """

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        _check_characters(self.text)
        if not self.text.endswith("\n"):
            raise InvalidInput("the text of a note must end in a newline")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise InvalidInput(
                f"a note has {len(self.signatures)} signatures: "
                f"expected 1 to {MAX_SIGNATURES}"
            )

    def format(self) -> str:
        """The note as it is written; `parse_note` reads it back."""
        return self.text + "\n" + "".join(line.format() for line in self.signatures)


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 private key; under which names it signs is up to the caller."""

    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> SigningKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """The key in an unencrypted PKCS #8 file; raises NoSigningKey."""
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise NoSigningKey(
                "the signing key cannot be read: expected an Ed25519 key in PEM "
                "(PKCS #8, without a password); put it back from its backup"
            ) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise NoSigningKey("the signing key is not an Ed25519 key")
        return cls(private)

    def pem(self) -> bytes:
        """The private key as unencrypted PKCS #8."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def verifier(self, name: str, kind: int = ED25519) -> VerifierKey:
        """The public key that verifies what this key signs under a name."""
        return VerifierKey(name, kind, self.private.public_key().public_bytes_raw())

    def sign(self, text: str, name: str) -> Signature:
        """Sign a text (type 0x01)."""
        value = self.private.sign(text.encode())
        return Signature(name, self.verifier(name).id, value)

    def cosign(self, text: str, name: str, time: int) -> Signature:
        """Cosign a checkpoint's text (type 0x04), as of `time` in POSIX seconds."""
        if not 0 <= time <= _MAX_TIME:
            raise InvalidInput(f"{time} is no time that a cosignature can state")
        value = time.to_bytes(8, "big") + self.private.sign(_cosigned(text, time))
        return Signature(name, self.verifier(name, COSIGNATURE).id, value)


def parse_verifier_key(text: str) -> VerifierKey:
    """The key that a vkey spells; raises InvalidInput, also for a wrong key id."""
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    material = _decode(encoded, f"the key {name[:80]}")
    if not material:
        raise InvalidInput(f"“{text[:80]}” is no verifier key: name+id+key expected")
    key = VerifierKey(name, material[0], material[1:])
    if key.id.hex() != digits:
        raise InvalidInput(f"the key {name} has the id {key.id.hex()}, not {digits}")
    return key


def parse_note(data: str | bytes, limit: int = MAX_NOTE) -> Note:
    """A note of at most `limit` bytes; raises InvalidInput when it is not as
    signed-note has it."""
    written = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    if len(written) > limit:
        raise InvalidInput(f"a note of {len(written)} bytes: at most {limit} are read")
    try:
        note = written.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the note is not UTF-8: byte {error.start}") from error
    _check_characters(note)
    # The last empty line separates; the text may hold others.
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise InvalidInput("a note ends in an empty line and lines of signatures")
    lines = block.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise InvalidInput(f"a note of over {MAX_SIGNATURES} signatures is not read")
    return Note(text + "\n", tuple(map(_parse_signature, lines)))


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Those of `keys` that signed, in the order of the note's lines.

    Signatures of other keys are ignored. Raises BadSignature when none of `keys`
    signed, or a signature under the name and id of one of them is wrong.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.id), key) != key:
            raise InvalidInput(f"two keys are called {key.name}+{key.id.hex()}")
    signed: dict[VerifierKey, None] = {}
    for line in note.signatures:
        signer = known.get((line.name, line.id))
        if signer is not None:
            signer.verify(note.text, line.value)
            signed[signer] = None
    if not signed:
        names = ", ".join(f"{name}+{id_.hex()}" for name, id_ in known) or "none"
        raise BadSignature(f"no trusted key signed the note; trusted: {names}")
    return tuple(signed)


def cosigned_at(note: Note, key: VerifierKey) -> int:
    """When a key last cosigned (type 0x04) a checkpoint, in POSIX seconds; raises
    BadSignature when it did not, or its cosignature is wrong."""
    if key.kind != COSIGNATURE:
        raise InvalidInput(f"{key.name} is not a key for cosignatures (type 4)")
    verify_note(note, [key])
    return max(
        _split_cosignature(line.value)[0]
        for line in note.signatures
        if (line.name, line.id) == (key.name, key.id)
    )


def _parse_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise InvalidInput(f"“{line[:80]}” is not a line of a signature")
    value = _decode(encoded, f"the signature of {name}")
    return Signature(name, value[:4], value[4:])


def _split_cosignature(value: bytes) -> tuple[int, bytes]:
    time = int.from_bytes(value[:8], "big")
    if len(value) != 72 or time > _MAX_TIME:
        raise BadSignature("a cosignature is not a time and 64 bytes of signature")
    return time, value[8:]


def _cosigned(text: str, time: int) -> bytes:
    """The message of a cosignature (tlog-cosignature, “Ed25519 signed message”)."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, what: str) -> bytes:
    """Base 64 in its one canonical spelling (RFC 4648, sections 3.5 and 4)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(f"{what} is not base 64") from error
    if _base64(data) != text:
        raise InvalidInput(f"{what} is not canonical base 64")
    return data


def _check_name(name: str) -> None:
    spaced = any(c.isspace() or c < " " for c in name)
    if not name or "+" in name or spaced or _SURROGATE.search(name):
        raise InvalidInput(
            f"“{name[:80]}” cannot name a key: no space, no plus, not empty"
        )


def _check_characters(text: str) -> None:
    if _CONTROL.search(text):
        raise InvalidInput("a note holds no control characters but newlines")
    if not text.isascii() and _SURROGATE.search(text):
        raise InvalidInput("a note is not UTF-8: it holds half a surrogate pair")
