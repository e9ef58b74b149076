"""Record bundles: what they prove, and that no byte of them can be changed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.log.drafts import append, by_hand, draft
from tests.log.vectors import KEY, OTHER
from trigpoint.errors import (
    BadSignature,
    LogCorrupt,
    NoSuchEntry,
    NoSuchRecord,
    NoSuchRegister,
    NotSigned,
    NotVerified,
)
from trigpoint.log.bundle import canonical_bytes, make_bundle, verify_bundle
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.note import Note, SigningKey, VerifierKey
from trigpoint.log.store import Log

ORIGIN = "localhost:8000"
NAME = log_origin(ORIGIN, "town")
TRUSTED = KEY.verifier(NAME)
SIGNED_AT = 1_700_000_000
MEMBERS = [
    *("format", "register", "key", "item", "entry"),
    *("leaf-index", "tree-size", "proof", "checkpoint", "keys"),
]


def signed(log: Log, *keys: SigningKey, cosigned: bool = True) -> Note:
    """Sign and cosign the register as it is, with each key, and a witness."""
    text = Checkpoint(NAME, log.size("town"), log.root("town")).text
    lines = []
    for key in keys or (KEY,):
        lines.append(key.sign(text, NAME))
        if cosigned:
            lines.append(key.cosign(text, ORIGIN, SIGNED_AT))
    witness = SigningKey.generate().cosign(text, "witness.example", SIGNED_AT)
    note = Note(text, (*lines, witness))
    log.put_checkpoint("town", log.size("town"), note.format())
    return note


@pytest.fixture
def bundle(log: Log) -> dict[str, Any]:
    """The bundle of town b, whose record is entry 5 of 5."""
    append(log, [draft("é\u2028", name='"\\ Ynys Môn'), *map(draft, "defgh")])
    signed(log)
    return make_bundle(log, "town", "b", [TRUSTED])


def test_a_bundle_proves_the_latest_entry_of_a_key_and_its_item(
    log: Log, bundle: dict[str, Any]
) -> None:
    """Entry, item, size, time and key come out as they went in."""
    proved = verify_bundle(canonical_bytes(bundle), [TRUSTED])
    assert proved.register == "town"
    assert proved.entry == log.trail("town", "b")[-1]
    assert proved.item == '{"name":"Bath Spa","town":"b"}'
    assert proved.checkpoint == Checkpoint(NAME, 11, log.root("town"))
    assert (proved.signed_at, proved.key, proved.trusted) == (SIGNED_AT, TRUSTED, True)
    assert bundle["leaf-index"] == 4
    assert len(bundle["proof"]) == 4
    assert bundle["checkpoint"].count("\n— ") == 2, "the witness's line is left out"


def test_every_entry_of_the_log_has_a_bundle(log: Log, bundle: dict[str, Any]) -> None:
    """By its number each entry is proved, whatever letters its key has."""
    for number in range(1, 12):
        data = canonical_bytes(make_bundle(log, "town", number, [TRUSTED]))
        assert verify_bundle(data, [TRUSTED]).entry == log.entry("town", number)
        assert data.isascii()
    assert make_bundle(log, "town", 5, [TRUSTED]) == bundle


def test_a_bundle_of_an_earlier_size_proves_what_the_log_said_then(log: Log) -> None:
    """A reader as of a size bundles the entry and the checkpoint of that size."""
    signed(log)
    append(log, [draft("b", name="Aquae Sulis")])
    signed(log)
    for size, name in ((5, "Bath Spa"), (6, "Aquae Sulis")):
        made = make_bundle(log.as_of({"town": size}), "town", "b", [TRUSTED])
        proved = verify_bundle(canonical_bytes(made))
        assert proved.checkpoint.size == size
        assert proved.item == f'{{"name":"{name}","town":"b"}}'


def test_without_trusted_keys_the_bundle_is_believed_by_its_own(
    bundle: dict[str, Any],
) -> None:
    """The result says that the key was not one that was trusted."""
    proved = verify_bundle(canonical_bytes(bundle))
    assert (proved.key, proved.trusted) == (TRUSTED, False)


def test_a_key_is_trusted_under_the_name_of_the_log_or_of_its_installation(
    bundle: dict[str, Any],
) -> None:
    """Whoever trusts the installation trusts its logs; other names and keys are not
    believed."""
    data = canonical_bytes(bundle)
    assert verify_bundle(data, [KEY.verifier(ORIGIN)]).key == TRUSTED
    assert verify_bundle(data, [OTHER.verifier(NAME), TRUSTED]).key == TRUSTED
    for key in (
        OTHER.verifier(NAME),
        KEY.verifier("elsewhere.example"),
        KEY.verifier(log_origin(ORIGIN, "school")),
        KEY.verifier(ORIGIN, 4),
    ):
        with pytest.raises(BadSignature, match=r"signature: by localhost.* not a key"):
            verify_bundle(data, [key])
    with pytest.raises(BadSignature):
        verify_bundle(data, [])


def test_every_flipped_bit_is_found(bundle: dict[str, Any]) -> None:
    """No bit can be changed, whether or not keys are given: all of the bits of some
    bytes and one bit of each."""
    data = canonical_bytes(bundle)
    for at in range(len(data)):
        for bit in [at * 5 % 8] if at % 7 else range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(NotVerified, match=r"^bundle: "):
                verify_bundle(bytes(changed), None if at % 2 else [TRUSTED])


def test_every_missing_or_added_byte_is_found(bundle: dict[str, Any]) -> None:
    """A bundle that lost a byte, or has one more, is refused."""
    data = canonical_bytes(bundle)
    for at in range(len(data)):
        for changed in (data[:at] + data[at + 1 :], data[:at] + b" " + data[at:]):
            with pytest.raises(NotVerified, match=r"^bundle: "):
                verify_bundle(changed)
    with pytest.raises(NotVerified):
        verify_bundle(data + b"\n")


def swap(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


Change = Callable[[dict[str, Any]], Any]
WRONG: dict[str, tuple[Change, str]] = {
    "another-item": (
        lambda b: b.update(item=swap(b["item"], "Spa", "Spb")),
        "item: it is not sha-256:",
    ),
    "another-timestamp": (
        lambda b: b["entry"].update({"entry-timestamp": "2019-04-01T12:00:01Z"}),
        "proof: .* does not lead to the root",
    ),
    "another-key": (
        lambda b: (b["entry"].update(key="c"), b.update(key="c")),
        "proof: .* does not lead to the root",
    ),
    "key-and-entry-differ": (lambda b: b.update(key="c"), "key: not as"),
    "numbers-differ": (
        lambda b: b["entry"].update({"entry-number": "4"}),
        "entry: not as",
    ),
    "another-place": (lambda b: b.update({"leaf-index": 3}), "leaf-index: not as"),
    "two-hashes": (lambda b: b["entry"]["item-hash"].append("x"), "entry: missing"),
    "hash-in-capitals": (
        lambda b: b["entry"].update(
            {"item-hash": [b["entry"]["item-hash"][0].upper()]}
        ),
        "entry: ",
    ),
    "another-size": (
        lambda b: b.update({"tree-size": 10}),
        "checkpoint: of size 11, but tree-size 10",
    ),
    "size-as-text": (lambda b: b.update({"tree-size": "11"}), "proof: its tree-size"),
    "shorter-proof": (lambda b: b["proof"].pop(), "proof: .* 3 hashes: expected 4"),
    "proof-in-capitals": (
        lambda b: b.update(proof=[n.upper() for n in b["proof"]]),
        "proof: each of its hashes",
    ),
    "proof-of-numbers": (lambda b: b.update(proof=[1]), "proof: missing, or not"),
    "another-register": (
        lambda b: b.update(register="city"),
        "checkpoint: .* is not a log of city",
    ),
    "no-origin": (
        lambda b: b.update(checkpoint=swap(b["checkpoint"], f"{ORIGIN}/", "/")),
        "checkpoint: ",
    ),
    "another-root": (
        lambda b: b.update(
            checkpoint=Note(
                Checkpoint(NAME, 11, bytes(32)).text,
                (KEY.sign("x\n", NAME), KEY.cosign("x\n", ORIGIN, 1)),
            ).format()
        ),
        "signature: the signature of .* is wrong",
    ),
    "not-a-checkpoint": (lambda b: b.update(checkpoint="x\n"), "checkpoint: "),
    "no-keys": (lambda b: b.update(keys=[]), "keys: expected one"),
    "a-key-twice": (lambda b: b.update(keys=b["keys"] * 2), "keys: expected one"),
    "a-key-that-did-not-sign": (
        lambda b: b["keys"].append(str(OTHER.verifier(NAME))),
        "signature: expected for each of its keys",
    ),
    "another-key-than-signed": (
        lambda b: b.update(keys=[str(OTHER.verifier(NAME))]),
        "signature: expected for each of its keys",
    ),
    "key-of-another-log": (
        lambda b: b.update(keys=[str(KEY.verifier(ORIGIN))]),
        "keys: .* is not a signing key of",
    ),
    "key-for-cosignatures": (
        lambda b: b.update(keys=[str(KEY.verifier(NAME, 4))]),
        "keys: .* is not a signing key of",
    ),
    "another-format": (lambda b: b.update(format="trigpoint-bundle-2"), "format: "),
    "one-more-member": (lambda b: b.update(more=1), "more: not as"),
    "withheld-and-not": (
        lambda b: b.update(withheld={"reason": "r", "date": "2020-01-01"}),
        "withheld: not as",
    ),
    "withheld-and-no-reason": (lambda b: b.update(item=None), "item: missing"),
    "half-a-surrogate": (lambda b: b.update(item="\ud800"), "item: .* surrogate"),
    "true-for-one": (
        lambda b: b.update({"tree-size": True}),
        "proof: its tree-size is not a number",
    ),
}


@pytest.mark.parametrize("defect", WRONG)
def test_a_bundle_with_a_defect_is_refused_and_the_defect_named(
    bundle: dict[str, Any], defect: str
) -> None:
    """The message says which part is wrong and how."""
    change, message = WRONG[defect]
    change(bundle)
    with pytest.raises(NotVerified, match=f"^bundle: {message}"):
        verify_bundle(canonical_bytes(bundle), [TRUSTED])


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize(
    "value", [None, 1, True, 1.5, "", "x", [], ["x"], {}, {"x": 1}]
)
def test_members_of_another_kind_are_refused(
    bundle: dict[str, Any], name: str, value: object
) -> None:
    """Any JSON in the place of any member raises NotVerified and nothing else; so
    does its absence."""
    bundle[name] = value
    with pytest.raises(NotVerified, match=r"^bundle: "):
        verify_bundle(canonical_bytes(bundle))
    del bundle[name]
    with pytest.raises(NotVerified, match=r"^bundle: "):
        verify_bundle(canonical_bytes(bundle))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"format":1}', b"9" * 5000],
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    """Other JSON, and what is no JSON, raise NotVerified."""
    with pytest.raises(NotVerified, match=r"^bundle: "):
        verify_bundle(data)


@pytest.mark.parametrize(
    "spell",
    [
        lambda b: json.dumps(b),
        lambda b: json.dumps(b, indent=1, sort_keys=True) + "\n",
        lambda b: json.dumps(b, sort_keys=True, separators=(",", ":")),
        lambda b: json.dumps(b, separators=(",", ":")) + "\n",
        lambda b: canonical_bytes(b).decode().replace("localhost", "l\\u006fcalhost"),
        lambda b: canonical_bytes(b).decode().replace('"tree', '"tree-size":1,"tree'),
        lambda b: "\ufeff" + canonical_bytes(b).decode(),
    ],
)
def test_another_spelling_of_the_same_json_is_refused(
    bundle: dict[str, Any], spell: Callable[[dict[str, Any]], str]
) -> None:
    """White space, order, escapes, repeated members: only one spelling is read."""
    with pytest.raises(NotVerified, match=r"^bundle: "):
        verify_bundle(spell(bundle).encode())


def test_the_log_must_have_signed_and_its_installation_cosigned(
    bundle: dict[str, Any],
) -> None:
    """One of the two signatures is not enough, and a wrong one is refused."""
    text, _, lines = bundle["checkpoint"].partition("\n\n")
    plain, timed = lines.splitlines(keepends=True)
    foreign = OTHER.cosign(f"{text}\n", ORIGIN, 1).format()
    for kept in (
        [plain],
        [timed],
        [timed, plain],
        [plain, timed, timed],
        [plain, foreign],
        [plain, timed, foreign],
    ):
        bundle["checkpoint"] = f"{text}\n\n{''.join(kept)}"
        with pytest.raises(BadSignature, match="expected for each of its keys"):
            verify_bundle(canonical_bytes(bundle))


def test_a_checkpoint_with_an_extension_is_not_one_of_a_bundle(log: Log) -> None:
    """The log signs none, and there is no knowing what one would mean."""
    text = Checkpoint(NAME, 5, log.root("town"), ("extension",)).text
    lines = (KEY.sign(text, NAME), KEY.cosign(text, ORIGIN, SIGNED_AT))
    log.put_checkpoint("town", 5, Note(text, lines).format())
    with pytest.raises(LogCorrupt, match="checkpoint: in a bundle it has no extension"):
        make_bundle(log, "town", "b", [TRUSTED])


def test_a_withheld_item_is_still_proved_by_its_entry(log: Log) -> None:
    """The bundle has the reason and the date in the place of the item."""
    signed(log)
    digest = log.trail("town", "b")[-1].item_hash
    log.withhold(digest, "a person's name", "2026-07-01")
    made = make_bundle(log, "town", "b", [TRUSTED])
    assert made["item"] is None
    assert made["withheld"] == {"reason": "a person's name", "date": "2026-07-01"}
    proved = verify_bundle(canonical_bytes(made), [TRUSTED])
    assert proved.item is None
    assert proved.entry.item_hash == digest
    assert proved.withheld == ("a person's name", "2026-07-01")


def test_a_checkpoint_of_two_keys_is_proved_by_either(log: Log) -> None:
    """While a key is being replaced, both may sign and either may be trusted."""
    signed(log, KEY, OTHER)
    both: list[VerifierKey] = [OTHER.verifier(NAME), TRUSTED]
    data = canonical_bytes(make_bundle(log, "town", "a", both))
    for key in both:
        assert verify_bundle(data, [key]).key == key


def test_what_is_not_there_or_not_signed_has_no_bundle(log: Log) -> None:
    """Each is refused by the name of what is missing."""
    with pytest.raises(NotSigned, match="no checkpoint"):
        make_bundle(log, "town", "a", [TRUSTED])
    signed(log, cosigned=False)
    with pytest.raises(NotSigned, match="signed and cosigned"):
        make_bundle(log, "town", "a", [TRUSTED])
    signed(log)
    with pytest.raises(NotSigned, match="signed and cosigned"):
        make_bundle(log, "town", "a", [OTHER.verifier(NAME)])
    append(log, [draft("z", name="Zeal"), draft("a", name="Air")])
    with pytest.raises(NotSigned, match="entry 6 of town is not signed yet"):
        make_bundle(log, "town", "z", [TRUSTED])
    assert make_bundle(log, "town", "a", [TRUSTED])["leaf-index"] == 2
    with pytest.raises(NotSigned, match="entry 7 of town is not signed yet"):
        make_bundle(log, "town", 7, [TRUSTED])
    with pytest.raises(NoSuchRecord):
        make_bundle(log, "town", "y", [TRUSTED])
    with pytest.raises(NoSuchEntry):
        make_bundle(log, "town", 8, [TRUSTED])
    with pytest.raises(NoSuchRegister):
        make_bundle(log, "city", "a", [TRUSTED])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE item SET content = replace(content, 'Spa', 'Spb')",
        "UPDATE entry SET timestamp = '2020-01-01T00:00:00Z' WHERE number = 5",
        "UPDATE tile SET hashes = zeroblob(length(hashes))",
        "UPDATE checkpoint SET note = replace(note, 'localhost', 'l0calhost')",
    ],
)
def test_no_bundle_is_made_of_what_does_not_verify(log: Log, sql: str) -> None:
    """A log whose file was changed gives an error and not a file that lies."""
    signed(log)
    by_hand(log, sql)
    with pytest.raises((LogCorrupt, NotSigned)):
        make_bundle(log, "town", "b", [TRUSTED])
