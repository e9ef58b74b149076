"""Signed notes: the examples of the specifications, and ways to spell one wrong."""

from __future__ import annotations

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.log.vectors import KEY, OTHER, seeded, vectors
from trigpoint.errors import BadSignature, InvalidInput, NoSigningKey
from trigpoint.log.note import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    Signature,
    SigningKey,
    VerifierKey,
    cosigned_at,
    parse_note,
    parse_verifier_key,
    verify_note,
)

NOTES = vectors("notes")
TEXT = "log.example\n3\nAAAA\n"
NAME, WITNESS = "log.example", "witness.example"
GOOD = Note(TEXT, (KEY.sign(TEXT, NAME),))

names = st.text(
    st.characters(exclude_categories=("Z", "Cc", "Cs"), exclude_characters="+"),
    min_size=1,
).filter(lambda name: not any(c.isspace() for c in name))
texts = st.text(st.characters(exclude_categories=("Cc", "Cs"))).map(lambda t: f"{t}\n")
signatures = st.builds(
    Signature,
    names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


def test_the_example_of_signed_note_is_read_and_written_back() -> None:
    """The printed note has its text, name, key id and 64 bytes of signature."""
    note = parse_note(NOTES["signed-note"])
    assert note.text.count("\n") == 4
    assert note.text.endswith("\n\ned è subito sera.\n")
    (line,) = note.signatures
    assert line.name == "quasimodo.example/salvatore"
    assert (line.id.hex(), len(line.value)) == ("367ba04b", 64)
    assert note.format() == NOTES["signed-note"]


def test_the_example_of_the_go_package_is_signed_alike_and_verifies() -> None:
    """The documented private key gives the documented key, id and signature."""
    given_ = NOTES["sumdb-note"]
    key = seeded(bytes.fromhex(given_["seed"]))
    verifier = key.verifier("PeterNeumann")
    assert str(verifier) == given_["key"]
    assert parse_verifier_key(given_["key"]) == verifier
    note = parse_note(given_["note"])
    assert Note(note.text, (key.sign(note.text, "PeterNeumann"),)) == note
    assert verify_note(note, [verifier]) == (verifier,)


def test_the_example_of_tlog_cosignature_states_its_time() -> None:
    """The witness's line of the printed checkpoint holds the time printed with it."""
    note = parse_note(NOTES["tlog-cosignature"])
    log, witness = note.signatures
    assert log == parse_note(NOTES["tlog-checkpoint"]).signatures[0]
    assert (witness.name, witness.id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert int.from_bytes(witness.value[:8], "big") == 1679315147
    assert note.format() == NOTES["tlog-cosignature"]


@pytest.mark.parametrize("vector", vectors("ed25519"), ids=lambda v: v["name"])
def test_vectors_of_rfc_8032(vector: dict[str, str]) -> None:
    """Known seeds have their public keys and signatures, and those verify."""
    raw = {name: bytes.fromhex(vector[name]) for name in ("secret", "public")}
    key = seeded(raw["secret"]).private
    message, signature = (bytes.fromhex(vector[n]) for n in ("message", "signature"))
    assert key.public_key().public_bytes_raw() == raw["public"]
    assert key.sign(message) == signature
    if vector["message"] in ("", "72"):
        verifier = VerifierKey(NAME, ED25519, raw["public"])
        verifier.verify(message.decode(), signature)
        with pytest.raises(BadSignature):
            verifier.verify(message.decode() + "x", signature)


@given(texts, st.lists(signatures, min_size=1, max_size=20))
def test_what_is_written_is_read_back(text: str, lines: list[Signature]) -> None:
    """Any text and signatures come back the same, from text and from bytes."""
    note = Note(text, tuple(lines))
    assert parse_note(note.format()) == note
    assert parse_note(note.format().encode()) == note


@given(st.binary(max_size=200))
def test_bytes_that_are_no_note_are_refused_by_name(data: bytes) -> None:
    """Garbage after a good text raises the error of the family and no other."""
    with pytest.raises(InvalidInput):
        parse_note(data)
    with pytest.raises(InvalidInput):
        parse_note(GOOD.format().encode() + b"\x00" + data)


LINE = KEY.sign(TEXT, NAME).format()
ENCODED = LINE.split(" ")[2].rstrip("\n")
BAD = {
    "empty": "",
    "no-signature": TEXT,
    "no-line": TEXT + "\n",
    "no-blank-line": TEXT + LINE,
    "no-last-newline": TEXT + "\n" + LINE[:-1],
    "text-without-newline": TEXT[:-1] + "\n" + LINE,
    "line-after": TEXT + "\n" + LINE + "more\n",
    "blank-line-after": TEXT + "\n" + LINE + "\n",
    "hyphen": TEXT + "\n" + LINE.replace("—", "-"),
    "two-spaces": TEXT + "\n" + LINE.replace("— ", "—  "),
    "no-name": TEXT + "\n" + f"—  {ENCODED}\n",
    "name-with-plus": TEXT + "\n" + f"— a+b {ENCODED}\n",
    "name-with-no-break-space": TEXT + "\n" + f"— a\u00a0b {ENCODED}\n",
    "no-signature-bytes": TEXT + "\n" + f"— {NAME} {ENCODED[:4]}\n",
    "only-an-id": TEXT + "\n" + f"— {NAME} AAAAAA==\n",
    "base64-without-padding": TEXT + "\n" + LINE.replace("=", ""),
    "base64-with-loose-bits": TEXT + "\n" + f"— {NAME} AAAAAAB=\n",
    "base64-for-urls": TEXT + "\n" + f"— {NAME} AAAAA-__\n",
    "base64-with-space": TEXT + "\n" + f"— {NAME} AAAA AAAA\n",
    "tab": TEXT.replace("log", "log\t") + "\n" + LINE,
    "carriage-returns": GOOD.format().replace("\n", "\r\n"),
    "nul": "\x00" + GOOD.format(),
    "surrogate": "\ud800" + GOOD.format(),
    "too-many-signatures": TEXT + "\n" + LINE * (MAX_SIGNATURES + 1),
    "too-long": "x" * MAX_NOTE + GOOD.format(),
}


@pytest.mark.parametrize("defect", BAD)
def test_a_note_with_a_defect_is_refused(defect: str) -> None:
    """Whatever is not exactly a signed note raises InvalidInput."""
    with pytest.raises(InvalidInput):
        parse_note(BAD[defect])


def test_a_note_that_is_not_utf8_is_refused() -> None:
    """Bytes of another encoding are named as such."""
    with pytest.raises(InvalidInput, match="not UTF-8: byte 0"):
        parse_note(b"\xff" + GOOD.format().encode())


def test_sixteen_signatures_of_five_kilobytes_are_read() -> None:
    """As many and as long signatures as signed-note asks for, and up to the cap."""
    long = Signature("pq.example", bytes(4), bytes(5000))
    assert len(parse_note(Note(TEXT, (long,) * 16).format()).signatures) == 16
    most = Note(TEXT, GOOD.signatures * MAX_SIGNATURES)
    assert parse_note(most.format()) == most
    assert verify_note(most, [KEY.verifier(NAME)]) == (KEY.verifier(NAME),)


def test_a_longer_note_is_read_when_it_is_asked_for() -> None:
    """The limit in bytes is the caller's, and counts bytes and not characters."""
    note = Note("é" * MAX_NOTE + "\n", GOOD.signatures)
    size = len(note.format().encode())
    assert parse_note(note.format(), limit=size) == note
    with pytest.raises(InvalidInput, match=f"at most {size - 1}"):
        parse_note(note.format(), limit=size - 1)


@pytest.mark.parametrize(
    ("text", "count"), [("no newline", 1), ("a\tb\n", 1), ("x\n", 0), ("x\n", 33)]
)
def test_a_note_that_cannot_be_written_is_not_made(text: str, count: int) -> None:
    """Text without its newline or with others' control characters, too few or too
    many signatures."""
    with pytest.raises(InvalidInput):
        Note(text, GOOD.signatures * count)


def test_unknown_signatures_are_ignored_even_with_the_same_name_or_id() -> None:
    """Lines that share a name or an id, not both, with a known key do no harm."""
    good = GOOD.signatures[0]
    same_name = Signature(NAME, b"\x00\x01\x02\x03", b"wrong")
    same_id = Signature("elsewhere.example", good.id, b"wrong")
    note = Note(TEXT, (same_name, same_id, good))
    key, other = KEY.verifier(NAME), OTHER.verifier("other.example")
    assert verify_note(note, [other, key]) == (key,)
    with pytest.raises(BadSignature, match="no trusted key signed"):
        verify_note(note, [other])
    with pytest.raises(BadSignature, match="trusted: none"):
        verify_note(note, [])


def test_one_wrong_signature_of_a_known_key_rejects_the_note() -> None:
    """A good signature does not make up for a wrong one, in either order."""
    good = GOOD.signatures[0]
    wrong = Signature(good.name, good.id, OTHER.sign(TEXT, NAME).value)
    for lines in ((good, wrong), (wrong, good)):
        with pytest.raises(BadSignature, match=f"signature of {NAME} is wrong"):
            verify_note(Note(TEXT, lines), [KEY.verifier(NAME)])


@pytest.mark.parametrize("length", [1, 63, 65, 72])
@pytest.mark.parametrize("kind", [ED25519, COSIGNATURE])
def test_a_signature_of_another_length_is_wrong(length: int, kind: int) -> None:
    """Values that no Ed25519 signature has the length of raise BadSignature."""
    key = KEY.verifier(NAME, kind)
    note = Note(TEXT, (Signature(NAME, key.id, b"\x01" * length),))
    with pytest.raises(BadSignature):
        verify_note(note, [key])


def test_every_flipped_bit_of_a_signed_note_is_found() -> None:
    """No bit of text, name, id or signature can change and the note still verify."""
    data, key = GOOD.format().encode(), KEY.verifier(NAME)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((InvalidInput, BadSignature)):
            verify_note(parse_note(bytes(changed)), [key])


def test_a_cosignature_signs_text_and_time() -> None:
    """A cosigned checkpoint verifies, states its time, and no other time or text."""
    time, key = 1679315147, KEY.verifier(WITNESS, COSIGNATURE)
    line = KEY.cosign(TEXT, WITNESS, time)
    note = Note(TEXT, (*GOOD.signatures, line))
    assert verify_note(note, [key]) == (key,)
    assert cosigned_at(note, key) == time
    message = f"cosignature/v1\ntime {time}\n{TEXT}".encode()
    assert line.value == time.to_bytes(8, "big") + KEY.private.sign(message)
    later = (time + 1).to_bytes(8, "big") + line.value[8:]
    for bad in (
        Note(TEXT, (Signature(WITNESS, line.id, later),)),
        Note(f"x{TEXT}", (line,)),
    ):
        with pytest.raises(BadSignature):
            cosigned_at(bad, key)
    with pytest.raises(BadSignature, match="no trusted key"):
        cosigned_at(GOOD, key)


def test_the_latest_of_several_cosignatures_counts() -> None:
    """Two cosignatures of one key are both verified; the later time is told."""
    key = KEY.verifier(WITNESS, COSIGNATURE)
    lines = tuple(KEY.cosign(TEXT, WITNESS, time) for time in (20, 30, 10))
    assert cosigned_at(Note(TEXT, lines), key) == 30


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_that_a_cosignature_cannot_state_is_refused(time: int) -> None:
    """Times are POSIX seconds from 0 to 2^63 - 1, to sign and to verify."""
    with pytest.raises(InvalidInput, match="no time"):
        KEY.cosign(TEXT, WITNESS, time)
    key = KEY.verifier(WITNESS, COSIGNATURE)
    value = b"\xff" * 8 + KEY.cosign(TEXT, WITNESS, 1).value[8:]
    with pytest.raises(BadSignature, match="not a time"):
        verify_note(Note(TEXT, (Signature(WITNESS, key.id, value),)), [key])


def test_a_signature_of_one_type_is_none_of_the_other() -> None:
    """A key's signature is not its cosignature, though name and pair are the same."""
    plain, timed = KEY.verifier(NAME), KEY.verifier(NAME, COSIGNATURE)
    assert plain.id != timed.id
    with pytest.raises(BadSignature):
        verify_note(GOOD, [timed])
    with pytest.raises(InvalidInput, match="not a key for cosignatures"):
        cosigned_at(GOOD, plain)


@given(names, st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32))
def test_verifier_keys_are_written_and_read_back(
    name: str, kind: int, seed: bytes
) -> None:
    """A vkey names its key, its type and its id; it is read in one spelling only."""
    key = seeded(seed[:32]).verifier(name, kind)
    written = str(key)
    assert parse_verifier_key(written) == key
    head, digits, encoded = written.split("+", 2)
    assert (head, digits) == (name, key.id.hex())
    assert base64.b64decode(encoded) == bytes([kind]) + key.public


def test_every_mangled_verifier_key_is_refused() -> None:
    """No shortened vkey and none with a changed character is read."""
    written = str(KEY.verifier(NAME))
    for cut in range(len(written)):
        with pytest.raises(InvalidInput):
            parse_verifier_key(written[:cut])
        with pytest.raises(InvalidInput):
            parse_verifier_key(written[cut + 1 :])
        changed = written[:cut] + chr(ord(written[cut]) ^ 1) + written[cut + 1 :]
        with pytest.raises(InvalidInput):
            parse_verifier_key(changed)


def test_keys_of_other_types_lengths_and_no_points_are_refused() -> None:
    """A vkey that is well spelt but no Ed25519 key is not taken for one."""
    public = KEY.verifier(NAME).public
    for kind, material in ((2, public), (1, public[:31]), (1, public + b"\x00")):
        with pytest.raises(InvalidInput, match="type 1 or 4 and of 32 bytes"):
            VerifierKey(NAME, kind, material)
    for number in (0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 1, 2**255 + 1):
        with pytest.raises(InvalidInput, match="no point"):
            VerifierKey(NAME, ED25519, number.to_bytes(32, "little"))


def test_two_keys_that_share_name_and_id_are_refused() -> None:
    """A list that is ambiguous about a key is an error of the list."""
    key = KEY.verifier(NAME)

    class Twin(VerifierKey):
        """A key made to collide, for which 2^32 tries would do."""

        id = key.id

    twin = Twin(NAME, ED25519, OTHER.verifier(NAME).public)
    with pytest.raises(InvalidInput, match="two keys are called"):
        verify_note(GOOD, [key, twin])
    assert verify_note(GOOD, [key, key]) == (key,)


def test_a_private_key_is_written_and_read_back() -> None:
    """PEM holds the same key; other files raise NoSigningKey."""
    fresh = SigningKey.generate()
    again = SigningKey.from_pem(fresh.pem())
    assert again.verifier(NAME) == fresh.verifier(NAME)
    assert fresh.pem().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    for bad in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", fresh.pem()[:-40]):
        with pytest.raises(NoSigningKey, match="expected an Ed25519 key in PEM"):
            SigningKey.from_pem(bad)


@given(st.binary(min_size=64, max_size=64), st.binary(max_size=30))
def test_a_signature_made_of_chance_never_verifies(value: bytes, text: bytes) -> None:
    """64 bytes that the key did not make are refused without another error."""
    said = text.hex() + "\n"
    assume(value != KEY.sign(said, NAME).value)
    with pytest.raises(BadSignature):
        KEY.verifier(NAME).verify(said, value)
