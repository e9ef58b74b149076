"""Following goes on for as long as nobody ends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trigpoint.cli.following import Following
from trigpoint.errors import BadSignature
from trigpoint.replica.replica import open_replica
from trigpoint.replica.rounds import Round


@dataclass
class Faulty(Following):
    """Rounds that end as they are told to."""

    faults: Iterator[BaseException] = field(default_factory=lambda: iter(()))

    def round(self) -> Round:
        raise next(self.faults)


def test_faults_of_a_round_do_not_end_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk, a busy database and a bad signature are said, and tried again."""
    faults = [
        OSError("the disk is full"),
        sqlite3.Error("busy"),
        BadSignature("forged"),
    ]
    with open_replica(tmp_path / "replica", str(tmp_path)) as replica:
        rounds = iter([*faults, KeyboardInterrupt()])
        following = Faulty(replica, [], None, None, views=False, faults=rounds)
        with pytest.raises(KeyboardInterrupt):
            following.keep(0.001)
    said = capsys.readouterr().err
    assert all(str(fault) in said for fault in faults)
    assert following.wrong
