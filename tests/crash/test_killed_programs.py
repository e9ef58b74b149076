"""Programs that are killed with SIGKILL at any moment tear nothing and lose nothing.

After each kill all verifies as it stands, at the old state or the new one, and the same
program completes what it had begun. At the end every checkpoint that was seen anywhere
is consistent with every other.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.chains import Chain, Exporting, Following, Signing

KILLS = [12, pytest.param(50, marks=pytest.mark.long)]


@pytest.mark.parametrize("times", KILLS, ids=["", "long"])
@pytest.mark.parametrize("kind", [Signing, Exporting, Following])
def test_a_killed_program_leaves_the_old_state_or_the_new(
    tmp_path: Path, kind: type[Chain], times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signing, exporting and following are each complete or not begun, per register."""
    chance = random.Random(f"{kind.__name__} {times}")  # noqa: S311  not a secret
    states = kind(tmp_path, chance).run(times)
    with capsys.disabled():
        print(f"\n{kind.__name__}: {dict(states)}")
    assert states.total() == times
    assert len(states) > 1
