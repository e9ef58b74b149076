"""One round of following: every register of a site, whatever is wrong with others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from trigpoint.errors import RolledBack, SourceUnreachable, TrigpointError
from trigpoint.replica.follow import Followed, Follower
from trigpoint.replica.replica import Replica
from trigpoint.replica.site import Site
from trigpoint.replica.trust import Trust, trust
from trigpoint.view import Progress, silent


@dataclass
class Round:
    """What a round did to the registers that could be followed, and what was wrong with
    the others."""

    done: list[Followed] = field(default_factory=list)
    wrong: dict[str, TrigpointError] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        """Whether anything in the replica is new."""
        return any(one.added or one.withheld for one in self.done)

    @property
    def unreachable(self) -> bool:
        """Whether all that is wrong is that the site could not be read."""
        wrong = self.wrong.values()
        return all(isinstance(error, SourceUnreachable) for error in wrong)


def follow_site(
    site: Site,
    replica: Replica,
    *,
    registers: Collection[str] = (),
    key: str | None = None,
    max_age: float | None = None,
    met: Callable[[Trust], None],
    progress: Progress = silent,
) -> Round:
    """Bring a replica up to the registers of a site, or to those that are named.

    `met` is told of a key that is trusted for no better reason than that it was met
    first. Raises what `trust` and `Site.registers` do, and writes nothing then; what is
    wrong with one register is in the answer.
    """
    trusted = trust(site.keys(), replica.remembered(), key)
    if trusted.met:
        met(trusted)
    follower = Follower(site, replica, trusted, max_age, progress)
    listed = set(registers or site.registers())
    held = set() if registers or site.only else set(replica.registers())
    done = Round()
    for register in sorted(listed | held):
        try:
            if register not in listed:
                raise RolledBack(
                    f"{register} is no longer listed at {site.location}: the replica "
                    "stays as it is"
                )
            done.done.append(follower.follow(register))
        except TrigpointError as error:
            done.wrong[register] = error
    return done
