"""Proofs made of a log lead to its roots, and only to sizes that were signed."""

from __future__ import annotations

import pytest

from tests.log.drafts import append, draft, log_of
from tests.log.naive import Leaves, mth
from tests.log.signing import sign
from trigpoint.errors import (
    InvalidParameter,
    NoSuchEntry,
    NoSuchRegister,
    NotSigned,
    TrigpointError,
)
from trigpoint.log.proof import verify_consistency, verify_entry_proof
from trigpoint.log.prove import prove_consistency, prove_entry
from trigpoint.log.store import Log

SIZES = (1, 2, 3, 7, 255, 256, 257, 299, 300)


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A log of 300 towns, signed, and 5 that are not."""
    log = log_of(tmp_path_factory.mktemp("towns"), draft("t1"))
    append(log, [draft(f"t{n}") for n in range(2, 306)])
    sign(log, size=300)
    return log


def test_every_entry_is_proved(towns: Log) -> None:
    """The proof of each entry leads to the root at each size that has it."""
    held = Leaves.of(towns, "town")
    roots = {size: mth(held.data[:size]) for size in SIZES}
    for size in SIZES:
        for number in {n for n in (1, 2, 3, 100, 255, 256, 257, size) if n <= size}:
            proof = prove_entry(towns, "town", number, size)
            assert proof.leaf == mth([held.data[number - 1]])
            assert proof.root == roots[size]
            place = (number - 1, size)
            verify_entry_proof(proof.leaf, *place, proof.hashes, roots[size])


def test_every_size_extends_the_smaller_ones(towns: Log) -> None:
    """The proof between each two sizes leads to both roots."""
    held = Leaves.of(towns, "town")
    roots = {size: mth(held.data[:size]) for size in SIZES}
    for second in SIZES:
        for first in (size for size in SIZES if size <= second):
            proof = prove_consistency(towns, "town", first, second)
            assert (proof.first_root, proof.second_root) == (
                roots[first],
                roots[second],
            )
            verify_consistency(first, roots[first], second, roots[second], proof.hashes)


def test_the_latest_checkpoint_is_the_usual_size(towns: Log) -> None:
    """Without a size, a proof leads to the root that is signed."""
    assert prove_entry(towns, "town", 7) == prove_entry(towns, "town", 7, 300)


@pytest.mark.parametrize(
    ("number", "size", "error"),
    [
        (0, None, NoSuchEntry),
        (-1, 300, NoSuchEntry),
        (306, None, NoSuchEntry),
        (301, None, NoSuchEntry),
        (8, 7, NoSuchEntry),
        (1, 0, NoSuchEntry),
        (1, -1, NoSuchEntry),
        (1, 306, NoSuchEntry),
        (1, 10**30, NoSuchEntry),
        (10**30, None, NoSuchEntry),
        (1, 301, NotSigned),
        (301, 301, NotSigned),
    ],
)
def test_entries_that_cannot_be_proved(
    towns: Log, number: int, size: int | None, error: type[TrigpointError]
) -> None:
    """An entry or size that is not there is not found, nor one that is not signed."""
    with pytest.raises(error, match="town"):
        prove_entry(towns, "town", number, size)


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        (0, 300, InvalidParameter),
        (-1, 300, InvalidParameter),
        (0, 0, InvalidParameter),
        (300, 299, InvalidParameter),
        (10**30, 300, InvalidParameter),
        (300, 301, NotSigned),
        (300, 306, NoSuchEntry),
        (306, 10**30, NoSuchEntry),
    ],
)
def test_sizes_that_cannot_be_compared(
    towns: Log, first: int, second: int, error: type[TrigpointError]
) -> None:
    """Sizes in the wrong order, of nothing or beyond what is signed are refused."""
    with pytest.raises(error):
        prove_consistency(towns, "town", first, second)


def test_nothing_is_proved_of_what_is_not_signed(log: Log) -> None:
    """A register without a checkpoint has no proofs, an unknown one even less."""
    with pytest.raises(NotSigned):
        prove_entry(log, "town", 1)
    with pytest.raises(NotSigned):
        prove_consistency(log, "town", 1, 2)
    with pytest.raises(NoSuchRegister):
        prove_entry(log, "village", 1)
