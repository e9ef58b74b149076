"""Record bundles: one JSON file with an item, its entry and the proof that a signed
checkpoint holds them, which verifies offline.

docs/log.md, “Record bundle”, defines the members. A bundle has one canonical spelling
(members sorted, no white space, ASCII, a newline at the end) and is refused in any
other, and each of its signatures is by a key that it names: so there is no byte of it
that could be changed unseen. Only the reason and date for which an item is withheld
are said and not proved; the signed statement `about` has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from trigpoint.errors import (
    BadSignature,
    InvalidInput,
    LogCorrupt,
    NotSigned,
    NotVerified,
    Withheld,
)
from trigpoint.log.bundle_form import (
    FORMAT,
    Bundle,
    part_of_bundle,
    read_members,
)
from trigpoint.log.checkpoint import Checkpoint, log_origin, parse_checkpoint
from trigpoint.log.entry import Entry, leaf
from trigpoint.log.merkle import leaf_hash
from trigpoint.log.note import (
    COSIGNATURE,
    ED25519,
    Note,
    VerifierKey,
    cosigned_at,
    parse_note,
    parse_verifier_key,
    verify_note,
)
from trigpoint.log.proof import entry_proof, verify_entry_proof
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash, item_hash

MAX_BUNDLE = 64 * 1024 * 1024  # bytes: an item may be a detailed boundary


@dataclass(frozen=True)
class Proved:
    """What a bundle proved: the entry, and the item unless it is withheld, are in the
    log that `checkpoint` speaks for, which `key` signed and at `signed_at` (POSIX
    seconds) said to be the newest.

    Unless `trusted`, the key was the bundle's own: whoever made the bundle may have
    made the key as well.
    """

    register: str
    entry: Entry
    item: str | None
    withheld: tuple[str, str] | None
    checkpoint: Checkpoint
    note: Note
    signed_at: int
    key: VerifierKey
    trusted: bool


def canonical_bytes(bundle: Mapping[str, object]) -> bytes:
    """The one spelling of a bundle."""
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text}\n".encode()


def make_bundle(
    log: LogReader, register: str, entry: str | int, keys: Sequence[VerifierKey]
) -> dict[str, object]:
    """The bundle of a key's latest entry, or of the entry with a number, under the
    latest checkpoint that `log` sees. `keys` are those of the register's log.

    Raises NoSuchRegister, NoSuchRecord, NoSuchEntry; NotSigned when no checkpoint of
    that log covers the entry; LogCorrupt when what is stored does not verify.
    """
    note = parse_note(log.checkpoint(register))
    size = parse_checkpoint(note.text).size
    found = _covered_entry(log, register, entry, size)
    item, withheld = _item_of(log, found)
    signers, signed = _signers(note, register, keys)
    read = partial(log.tile, log.register_id(register))
    bundle = Bundle(
        register,
        found,
        item,
        withheld,
        size,
        tuple(entry_proof(read, found.leaf_index, size)),
        signed.format(),
        signers,
    ).as_json()
    try:
        verify_bundle(canonical_bytes(bundle), keys)
    except NotVerified as error:
        raise LogCorrupt(
            f"{register}: entry {found.number} cannot be proved from what is stored "
            f"({error}): run `trigpoint verify`"
        ) from error
    return bundle


def parse_bundle(data: bytes) -> Bundle:
    """What a bundle says; raises NotVerified, naming the member, when it is not one in
    its canonical spelling."""
    if len(data) > MAX_BUNDLE:
        raise NotVerified(f"bundle: over {MAX_BUNDLE} bytes are not read")
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotVerified(f"bundle: not JSON: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise NotVerified(f"bundle: format: expected an object of {FORMAT}")
    found = read_members(raw)
    wanted = found.as_json()
    for name in sorted({*raw, *wanted}):
        if name not in raw or name not in wanted or raw[name] != wanted[name]:
            raise NotVerified(f"bundle: {name}: not as the rest of the bundle has it")
    canonical = canonical_bytes(wanted)
    if data != canonical:
        pairs = enumerate(zip(data, canonical, strict=False))
        at = next((n for n, (one, two) in pairs if one != two), len(canonical))
        raise NotVerified(f"bundle: not in its canonical spelling from byte {at} on")
    return found


def verify_bundle(data: bytes, keys: Sequence[VerifierKey] | None = None) -> Proved:
    """What a bundle proves to whoever trusts `keys`, of the installation or of the
    register's log. With None the bundle's own keys are used, and the result says so.

    Raises BadSignature when the checkpoint is not signed and cosigned by one of them,
    NotVerified for anything else that is wrong; the message names which part.
    """
    bundle = parse_bundle(data)
    note, checkpoint = _check_parts(bundle)
    own = _own_keys(bundle, checkpoint.origin)
    with part_of_bundle("signature"):
        signer, signed_at = _check_signed(note, own, keys, bundle.register)
    with part_of_bundle("proof"):
        entry = bundle.entry
        verify_entry_proof(
            leaf_hash(leaf(entry)),
            entry.leaf_index,
            bundle.size,
            bundle.proof,
            checkpoint.root,
        )
    return Proved(
        bundle.register,
        entry,
        bundle.item,
        bundle.withheld,
        checkpoint,
        note,
        signed_at,
        signer,
        keys is not None,
    )


def _covered_entry(log: LogReader, register: str, which: str | int, size: int) -> Entry:
    """The entry of a number, or the latest of a key, among the first `size`."""
    if isinstance(which, int):
        found = [log.entry(register, which)]
    else:
        found = log.trail(register, which)
    covered = [entry for entry in found if entry.number <= size]
    if not covered:
        raise NotSigned(
            f"entry {found[0].number} of {register} is not signed yet: the latest "
            f"checkpoint covers {size}"
        )
    return covered[-1]


def _signers(
    note: Note, register: str, keys: Sequence[VerifierKey]
) -> tuple[tuple[str, ...], Note]:
    """Those of `keys` that signed and cosigned a checkpoint, and of it their lines."""
    lines = {(line.name, line.id): line for line in note.signatures}
    signed = [
        (str(key), [lines[one.name, one.id] for one in both])
        for key in keys
        for both in [_both(key, register)]
        if all((one.name, one.id) in lines for one in both)
    ]
    if not signed:
        raise NotSigned(
            f"no current key signed and cosigned a checkpoint of {register}"
        )
    kept = tuple(line for _, both in signed for line in both)
    return tuple(key for key, _ in signed), Note(note.text, kept)


def _item_of(log: LogReader, entry: Entry) -> tuple[str | None, tuple[str, str] | None]:
    """The item of an entry, or why and since when it is withheld."""
    try:
        return log.item(entry.item_hash), None
    except Withheld as gone:
        return None, (str(gone.members["reason"]), str(gone.members["date"]))


def _both(key: VerifierKey, register: str) -> tuple[VerifierKey, VerifierKey]:
    """The key of a log, and that under which its installation cosigns."""
    name = key.name.removesuffix(log_origin("", register))
    return key, VerifierKey(name, COSIGNATURE, key.public)


def _check_parts(bundle: Bundle) -> tuple[Note, Checkpoint]:
    """The checkpoint of a bundle, as its note too, once the item was found to be that
    of the entry, and the checkpoint to be of the register and the size."""
    if bundle.item is not None and item_hash(bundle.item) != bundle.entry.item_hash:
        raise NotVerified(
            f"bundle: item: it is not {format_hash(bundle.entry.item_hash)}, "
            "which the entry names"
        )
    with part_of_bundle("checkpoint"):
        note = parse_note(bundle.checkpoint)
        checkpoint = parse_checkpoint(note.text)
        origin = checkpoint.origin.removesuffix(log_origin("", bundle.register))
        if not origin or log_origin(origin, bundle.register) != checkpoint.origin:
            raise InvalidInput(f"{checkpoint.origin} is not a log of {bundle.register}")
        if checkpoint.extensions:
            raise InvalidInput("in a bundle it has no extension lines")
        if checkpoint.size != bundle.size:
            raise InvalidInput(
                f"of size {checkpoint.size}, but tree-size {bundle.size}"
            )
    return note, checkpoint


def _own_keys(bundle: Bundle, origin: str) -> tuple[VerifierKey, ...]:
    """The keys that a bundle names: of its log, each once, at least one."""
    with part_of_bundle("keys"):
        own = tuple(map(parse_verifier_key, bundle.keys))
        for key in own:
            if key.name != origin or key.kind != ED25519:
                raise InvalidInput(f"{key} is not a signing key of {origin}")
        if not own or len(set(own)) != len(own):
            raise InvalidInput("expected one key or several different ones")
    return own


def _check_signed(
    note: Note,
    own: Sequence[VerifierKey],
    keys: Sequence[VerifierKey] | None,
    register: str,
) -> tuple[VerifierKey, int]:
    """The key that is believed, and when it cosigned.

    There are two lines for each key that the bundle names, and no other: a line that
    nobody could check could be changed by anybody.
    """
    expected = [each for key in own for each in _both(key, register)]
    lines = [(line.name, line.id) for line in note.signatures]
    if lines != [(key.name, key.id) for key in expected]:
        raise BadSignature(
            "expected for each of its keys one by the log and then one by its "
            "installation, and no others"
        )
    verify_note(note, expected)
    believed = own if keys is None else [k for k in own if _is_among(k, keys, register)]
    if not believed:
        names = ", ".join(map(str, own))
        raise BadSignature(f"by {names}, which is not a key that is trusted")
    _, cosigner = _both(believed[0], register)
    return believed[0], cosigned_at(note, cosigner)


def _is_among(key: VerifierKey, keys: Sequence[VerifierKey], register: str) -> bool:
    """Whether a key of a log is trusted, under the log's name or the installation's."""
    names = {each.name for each in _both(key, register)}
    return any(
        (one.kind, one.public) == (ED25519, key.public) and one.name in names
        for one in keys
    )
