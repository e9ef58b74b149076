"""The verb that keeps a replica of somebody else's log."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import app, progress_bar
from trigpoint.cli.remote import MaxAge, Only, PinnedKey, Url, say, tell_met
from trigpoint.erasure import erase_withheld, is_due
from trigpoint.errors import TrigpointError
from trigpoint.register import Registers
from trigpoint.replica.replica import Replica, open_replica
from trigpoint.replica.rounds import Round, follow_site
from trigpoint.replica.site import DAY, check_name, location_of, open_site
from trigpoint.schema.items import format_hash
from trigpoint.view import Progress

_LONGEST_WAIT = 3600.0  # seconds between two tries of a site that cannot be read


@app.command()
def follow(
    url: Url,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The data directory of the replica.")
    ],
    register: Only = None,
    key: PinnedKey = None,
    max_age: MaxAge = 7,
    once: Annotated[bool, typer.Option("--once", help="One round, and end.")] = False,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", help="Between two rounds.")
    ] = 60,
    no_views: Annotated[
        bool, typer.Option("--no-views", help="Do not build the views.")
    ] = False,
) -> None:
    """Keep a replica of a log, believing nothing that is not proved."""
    if max_age < 0 or every <= 0:
        raise typer.BadParameter("--max-age cannot be below 0, nor --every 0 or below")
    names = [check_name(name) for name in register or ()]
    with open_replica(folder, location_of(url)) as replica:
        following = Following(replica, names, key, max_age * DAY or None, not no_views)
        if once:
            done = following.round()
            code = 2 if done.unreachable else 1
            raise typer.Exit(code if done.wrong else 0)
        with suppress(KeyboardInterrupt):  # how it is meant to end
            following.keep(every)
        raise typer.Exit(1 if following.wrong else 0)


@dataclass
class Following:
    """A replica that is brought up to its site again and again; `wrong` says whether
    anything was wrong the last time."""

    replica: Replica
    names: list[str]
    key: str | None
    max_age: float | None
    views: bool
    wrong: bool = False
    _rounds: int = 0

    def round(self) -> Round:
        with open_site(self.replica.location) as site, progress_bar() as show:
            done = follow_site(
                site,
                self.replica,
                registers=self.names,
                key=self.key,
                max_age=self.max_age,
                met=lambda trusted: tell_met(str(trusted.ring.current)),
                progress=show,
            )
            due = done.news or not self._rounds or is_due(self.replica.folder)
            if self.replica.made and due:
                self._publish(show)
        _report(done, every_line=not self._rounds)
        self._rounds += 1
        self.wrong = bool(done.wrong)
        return done

    def _publish(self, show: Progress) -> None:
        """Publish what is new; in any case keep nothing that is withheld."""
        registers = Registers.open(self.replica.folder)
        if self.views:
            registers.publish(show)
        else:
            registers.views.withdraw(registers.log.withheld_count())
        erase_withheld(registers.log.path)

    def keep(self, every: float) -> None:
        """Go on for ever, more slowly while the site cannot be read."""
        wait = every
        while True:
            try:
                done = self.round()
                failed = bool(done.wrong) and done.unreachable
            except (TrigpointError, OSError, sqlite3.Error) as error:
                # A full disk or a busy database is mended while this goes on.
                say(str(error))
                self.wrong = failed = True
            wait = min(2 * wait, max(every, _LONGEST_WAIT)) if failed else every
            time.sleep(wait)


def _report(done: Round, *, every_line: bool) -> None:
    for one in done.done:
        if every_line or one.added or one.withheld:
            root = format_hash(one.checkpoint.root)
            hidden = f", {one.withheld} items withheld" if one.withheld else ""
            print(
                f"{one.register}: {one.checkpoint.size} entries ({one.added} new"
                f"{hidden}), {root} verified",
                flush=True,
            )
    for error in done.wrong.values():
        say(str(error))
