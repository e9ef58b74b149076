"""Checkpoints: the example of tlog-checkpoint, and spellings that are refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.log.vectors import vectors
from trigpoint.errors import InvalidInput
from trigpoint.log.checkpoint import (
    MAX_SIZE,
    Checkpoint,
    log_origin,
    parse_checkpoint,
)
from trigpoint.log.note import parse_note

ROOT = base64.b64encode(bytes(range(32))).decode()
lines = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1)


def test_the_example_of_tlog_checkpoint_is_read_and_written_back() -> None:
    """The printed checkpoint has its origin, size and 32 bytes of root."""
    text = parse_note(vectors("notes")["tlog-checkpoint"]).text
    found = parse_checkpoint(text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.root.hex().startswith("0ac5186a9186")
    assert found.extensions == ()
    assert found.text == text


@given(
    lines,
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=3),
)
def test_what_is_written_is_read_back(
    origin: str, size: int, root: bytes, extensions: list[str]
) -> None:
    """Any checkpoint comes back the same, with its extension lines."""
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(checkpoint.text) == checkpoint


BAD = {
    "empty": "",
    "one-line": "a\n",
    "two-lines": "a\n1\n",
    "no-last-newline": f"a\n1\n{ROOT}",
    "empty-origin": f"\n1\n{ROOT}\n",
    "no-size": f"a\n\n{ROOT}\n",
    "leading-zero": f"a\n01\n{ROOT}\n",
    "two-zeroes": f"a\n00\n{ROOT}\n",
    "sign": f"a\n+1\n{ROOT}\n",
    "negative": f"a\n-1\n{ROOT}\n",
    "space": f"a\n1 \n{ROOT}\n",
    "arabic-digits": f"a\n١\n{ROOT}\n",
    "underscore": f"a\n1_0\n{ROOT}\n",
    "beyond-2-63": f"a\n{2**63}\n{ROOT}\n",
    "hundred-digits": f"a\n{'9' * 100}\n{ROOT}\n",
    "root-of-31-bytes": f"a\n1\n{base64.b64encode(bytes(31)).decode()}\n",
    "root-of-33-bytes": f"a\n1\n{base64.b64encode(bytes(33)).decode()}\n",
    "root-in-hex": f"a\n1\n{bytes(32).hex()}\n",
    "root-without-padding": f"a\n1\n{ROOT.rstrip('=')}\n",
    "root-with-loose-bits": f"a\n1\n{ROOT[:-2]}9=\n",
    "root-with-newline": f"a\n1\n{ROOT[:20]}\n{ROOT[20:]}\n",
    "root-not-ascii": f"a\n1\né{ROOT[1:]}\n",
    "empty-extension": f"a\n1\n{ROOT}\n\n",
    "empty-extension-between": f"a\n1\n{ROOT}\n\nx\n",
    "carriage-returns": f"a\r\n1\r\n{ROOT}\r\n",
}


@pytest.mark.parametrize("defect", BAD)
def test_a_checkpoint_with_a_defect_is_refused(defect: str) -> None:
    """Whatever is not the canonical spelling raises InvalidInput."""
    with pytest.raises(InvalidInput):
        parse_checkpoint(BAD[defect])


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, bytes(32), ()),
        ("a\nb", 1, bytes(32), ()),
        ("a", -1, bytes(32), ()),
        ("a", 2**63, bytes(32), ()),
        ("a", 1, bytes(31), ()),
        ("a", 1, bytes(32), ("",)),
        ("a", 1, bytes(32), ("x\ty",)),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_not_made(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    """Values that would not be read back raise InvalidInput."""
    with pytest.raises(InvalidInput):
        Checkpoint(origin, size, root, extensions)


def test_the_origin_of_a_log_is_its_place_below_the_installation() -> None:
    """A host with a port and a path is kept as it is."""
    assert log_origin("a.example:8000/x", "school") == (
        "a.example:8000/x/registers/school"
    )
