"""Programs that are killed with SIGKILL at any moment tear nothing and lose nothing.

After each kill all verifies as it stands, at the old state or the new one, and the same
program completes what it had begun. At the end every checkpoint that was seen anywhere
is consistent with every other. The long ones are 200 kills of appending, signing,
exporting and following.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.chains import Appending, Chain, Exporting, Following, Signing
from tests.crash.servers import Serving

KILLS = {
    Appending: (7, 30),
    Serving: (5, 20),
    Signing: (12, 50),
    Exporting: (12, 50),
    Following: (12, 50),
}


@pytest.mark.parametrize(
    "long", [False, pytest.param(True, marks=pytest.mark.long)], ids=["", "long"]
)
@pytest.mark.parametrize("kind", KILLS)
def test_a_killed_program_leaves_the_old_state_or_the_new(
    tmp_path: Path,
    kind: type[Chain],
    long: bool,
    record_property: Callable[[str, object], None],
) -> None:
    """Appending, signing, exporting and following are complete or not begun, for each
    register, and nothing that was acknowledged is ever gone."""
    times = KILLS[kind][long]
    chance = random.Random(f"{kind.__name__} {times}")
    states = kind(tmp_path, chance).run(times)
    record_property("states", dict(states))
    assert states.total() == times
    # A few kills may all fall at the same place; of many, some fall elsewhere.
    assert not long or len(states) > 1
