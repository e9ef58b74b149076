"""A log of 300 towns that is followed, and its site once it has 600."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.log.installation import Installation, installation
from tests.replica.sites import Site, export, follow, served


@pytest.fixture
def inst(tmp_path: Path) -> Iterator[Installation]:
    """A log of 300 towns, signed."""
    made = installation(tmp_path / "origin")
    made.grow(300)
    made.sign()
    yield made
    made.log.close()


@pytest.fixture
def site(inst: Installation, tmp_path: Path) -> Iterator[Site]:
    """The log behind a server, as an export."""
    with served(export(inst, tmp_path / "export")) as running:
        yield running


@dataclass
class Followed:
    """A replica of 300 towns, of a site that has 600 by now."""

    site: Site
    inst: Installation
    replica: Path


@pytest.fixture
def followed(inst: Installation, site: Site, tmp_path: Path) -> Followed:
    """A replica that is one round behind."""
    replica = tmp_path / "replica"
    assert not follow(replica, site.address).wrong
    inst.grow(300)
    export(inst, site.folder)
    site.asked.clear()
    return Followed(site, inst, replica)
