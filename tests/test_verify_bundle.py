"""The stand-alone verifier: it agrees with the library, and shares nothing with it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.drafts import draft, log_of
from tests.log.test_bundle import NAME, ORIGIN, TRUSTED, WRONG, signed
from tests.log.vectors import KEY, OTHER, seeded, vectors
from tools import verify_bundle as tool
from trigpoint.errors import InvalidInput, NotVerified
from trigpoint.log.bundle import canonical_bytes, make_bundle, verify_bundle
from trigpoint.log.note import ED25519, VerifierKey

FILE = Path(tool.__file__)
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle of the fourth of seven entries, with letters beyond ASCII."""
    drafts = [draft(key, name=f"Ynys Môn “{key}”\u2028") for key in "abcdéfg"]
    log = log_of(tmp_path_factory.mktemp("log"), *drafts)
    signed(log)
    made = canonical_bytes(make_bundle(log, "town", "é", [TRUSTED]))
    log.close()
    return made


def run(path: Path, *keys: VerifierKey) -> subprocess.CompletedProcess[str]:
    """The tool as an auditor runs it: no site packages, no environment."""
    given_ = [f"--key={key}" for key in keys]
    command = [sys.executable, "-I", "-S", str(FILE), str(path), *given_]
    return subprocess.run(command, capture_output=True, text=True, env={}, check=False)


def proves(data: bytes) -> bool:
    """Whether the tool believes a bundle; nothing but Wrong may come of it."""
    try:
        tool.verify(data, set())
    except tool.Wrong:
        return False
    return True


def test_the_tool_is_short_and_needs_only_the_standard_library() -> None:
    """At most 250 lines, so that it is read before it is believed, and no import
    from elsewhere."""
    source = FILE.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 250
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
    assert imported
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_a_good_bundle_is_proved_and_told(data: bytes, tmp_path: Path) -> None:
    """Exit status 0, and what was proved in print, with or without a key."""
    path = tmp_path / "bundle.json"
    path.write_bytes(data)
    for key in (TRUSTED, KEY.verifier(ORIGIN)):
        done = run(path, OTHER.verifier(NAME), key)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"PROVED: in the log '{NAME}' of 7 entries" in done.stdout
        assert "Ynys M\\xf4n" in done.stdout
        assert "NO KEY" not in done.stdout
    done = run(path)
    assert done.returncode == 0
    assert "NO KEY WAS GIVEN" in done.stdout


def test_a_key_that_is_not_the_log_s_proves_nothing(
    data: bytes, tmp_path: Path
) -> None:
    """Exit status 1, and the signature is named."""
    path = tmp_path / "bundle.json"
    path.write_bytes(data)
    done = run(path, OTHER.verifier(NAME), KEY.verifier("elsewhere.example"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "NOT PROVED: signature: by none of the keys" in done.stderr


def test_flipped_bytes_are_found(data: bytes, tmp_path: Path) -> None:
    """Exit status 1 for a sample of every kind of byte, run as an auditor runs it."""
    path = tmp_path / "bundle.json"
    for at in range(0, len(data), len(data) // 24):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        done = run(path, TRUSTED)
        assert (done.returncode, done.stdout) == (1, ""), at
        assert done.stderr.startswith("NOT PROVED: ")


def test_every_flipped_byte_is_found(data: bytes) -> None:
    """Within one process, a bit of every byte, and every fifth byte left out."""
    assert proves(data)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at * 5 % 8
        assert not proves(bytes(changed)), at
        assert at % 5 or not proves(data[:at] + data[at + 1 :]), at


@pytest.mark.parametrize("defect", WRONG)
def test_the_library_s_defects_are_the_tool_s(data: bytes, defect: str) -> None:
    """Each bundle that the library refuses by name, the tool refuses."""
    bundle = json.loads(data)
    if defect == "another-item":
        bundle["item"] += "x"
    elif defect == "another-size":
        bundle["tree-size"] = 6
    else:
        WRONG[defect][0](bundle)
    assert not proves(canonical_bytes(bundle))


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_tool_and_library_agree_about_any_member(
    data: bytes, drawn: st.DataObject
) -> None:
    """Whatever JSON stands in a member, or in one of the entry's, both refuse it or
    neither, and nothing but their own errors comes of it."""
    bundle = json.loads(data)
    at = bundle["entry"] if drawn.draw(st.booleans()) else bundle
    name = drawn.draw(st.sampled_from([*at, "withheld", "more"]))
    at[name] = drawn.draw(jsons)
    changed = (
        json.dumps(bundle, sort_keys=True, separators=(",", ":")) + "\n"
    ).encode()
    try:
        verify_bundle(changed)
        believed = True
    except NotVerified:
        believed = False
    assert proves(changed) == believed


def test_a_withheld_item_is_proved_without_its_content(data: bytes) -> None:
    """The tool says that it saw no item; without reason and date it refuses."""
    bundle = json.loads(data)
    bundle["item"] = None
    assert not proves(canonical_bytes(bundle))
    bundle["withheld"] = {"reason": "a person's name", "date": "2026-07-01"}
    changed = canonical_bytes(bundle)
    assert verify_bundle(changed).item is None
    assert "item None" in tool.verify(changed, set())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.json"],
        ["bundle.json", "--key", "x"],
        ["bundle.json", "--key", "a+00000000+AAAA"],
        ["bundle.json", "--key", "\udcff"],
        ["bundle.json", "--more"],
        ["."],
    ],
)
def test_what_cannot_be_asked_or_read_is_told_apart(
    data: bytes, tmp_path: Path, arguments: list[str]
) -> None:
    """Exit status 2, and no traceback."""
    (tmp_path / "bundle.json").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("vector", vectors("ed25519"), ids=lambda v: v["name"])
def test_vectors_of_rfc_8032_verify(vector: dict[str, str]) -> None:
    """Known signatures are right, and wrong with another message or S + L."""
    public, message, signature = (
        bytes.fromhex(vector[name]) for name in ("public", "message", "signature")
    )
    assert tool.verified(public, message, signature)
    assert not tool.verified(public, message + b"x", signature)
    more = int.from_bytes(signature[32:], "little") + ORDER
    assert not tool.verified(
        public, message, signature[:32] + more.to_bytes(32, "little")
    )


def library(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifierKey(NAME, ED25519, public)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidInput, InvalidSignature):
        return False
    return True


def own(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        return tool.verified(public, message, signature)
    except tool.Wrong:
        return False


@settings(max_examples=100, deadline=None)
@given(
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=200),
    st.integers(0, 64 * 8 - 1),
    st.integers(0, 32 * 8 - 1),
)
def test_tool_and_library_agree_about_signatures(
    seed: bytes, message: bytes, bit: int, key_bit: int
) -> None:
    """Good signatures, signatures with a flipped bit, of other lengths, with S + L, and
    under keys with a flipped bit."""
    private = seeded(seed).private
    public, value = private.public_key().public_bytes_raw(), private.sign(message)
    assert own(public, message, value)
    number = int.from_bytes(value, "little")
    flipped = (number ^ 1 << bit).to_bytes(64, "little")
    more = int.from_bytes(value[32:], "little") + ORDER
    key = (int.from_bytes(public, "little") ^ 1 << key_bit).to_bytes(32, "little")
    for case in (
        (public, message, value),
        (public, message, flipped),
        (public, message, value[:63]),
        (public, message, value + b"\0"),
        (public, message, value[:32] + more.to_bytes(32, "little")),
        (key, message, value),
        (message[:32].ljust(32, b"\0"), message, value),
    ):
        assert own(*case) == library(*case)


def test_keys_of_small_order_and_spellings_beyond_the_field_are_no_keys() -> None:
    """The tool finds them by arithmetic and the library in a table; both refuse all of
    them, with either sign."""
    ys = [0, 1, 2**255 - 20, *range(2**255 - 19, 2**255)]
    forged = bytes([1] + [0] * 63)  # R neutral and S 0: right for the neutral key
    for y in ys:
        for sign in (0, 1):
            public = (y | sign << 255).to_bytes(32, "little")
            assert not own(public, b"", forged)
            assert not library(public, b"", forged)
    found = {order_8 for order_8 in map(torsion, range(2, 60)) if order_8}
    assert len(found) >= 2
    for public in found:
        assert not own(public, b"", forged)
        assert not library(public, b"", forged)


def torsion(y: int) -> bytes | None:
    """L times the point with this y, which is of small order; None if there is none."""
    try:
        point = tool.decode(y.to_bytes(32, "little"))
    except tool.Wrong:
        return None
    return tool.encode(tool.times(ORDER, point))
