"""The views: graph, boundaries and positions, built from the log and disposable.

`{data}/views/{version}/` holds one published state and `{data}/views/current` names
the version that is served. A publish builds the next version beside it (hard links for
what did not change) and then moves the name, so readers see the old state or the new
one. A version that was not finished is never named.

Whoever has a view has a lease of its version. Versions that are not named any more are
removed once nobody has a lease of them: by a publish, or by a server that looks.

Once an item is withheld, no view made before may be served: they are built from the log
alone then, and the old versions removed at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from trigpoint.build import Build
from trigpoint.errors import DataBusy, ViewDamaged, ViewOutdated
from trigpoint.lease import Lease, remove, remove_unread
from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.view import Progress, View, silent

# Raised when the code that builds views changes what they hold.
FORMAT = 5
PATIENCE = 600.0  # seconds to wait for another process's publish


class Views:
    """The published versions under one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / "current"
        self._named: tuple[tuple[int, int], int] | None = None

    def version(self) -> int | None:
        """The version that is named as current; None when none is, or not legibly.

        The name is read again once another file has taken its place, as each publish
        puts one there.
        """
        try:
            found = self._pointer.stat()
            which = found.st_ino, found.st_mtime_ns
            named = self._named
            if named is None or named[0] != which:
                named = self._named = which, int(self._pointer.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return named[1]

    def current(self) -> View | None:
        """The published view; None before the first publish, and when it was made by
        other code or its state cannot be read: then it is built anew."""
        version = self.version()
        while version is not None:
            view = self._open(version)
            if view is not None or version == self.version():
                return view
            version = self.version()  # the one before was removed meanwhile
        return None

    def _open(self, version: int) -> View | None:
        folder = self._folder / str(version)
        try:
            lease = Lease(folder)
            state = _state(folder)
            if state.pop("format") != FORMAT:
                return None
            return View(version=version, folder=folder, lease=lease, **state)
        except (FileNotFoundError, KeyError, TypeError):
            return None

    def publish(
        self,
        log: LogReader,
        schemas: Schemas,
        base: str,
        *,
        anew: bool = False,
        progress: Progress = silent,
    ) -> View:
        """Make the views speak for the log as it is, and serve them.

        What the last view has is reused unless `anew`, the base, a shape or the
        format changed, or when it is damaged. Waits while another process publishes;
        raises DataBusy when that takes too long.
        """
        with self._lock(), log.snapshot():
            view = self._publish(log, schemas, base, anew=anew, progress=progress)
            self._clear(view)  # with what a publish that was killed has left
            return view

    def sweep(self) -> None:
        """Remove the versions that nobody reads any more, unless a publish is going on,
        which does so itself. Whoever may not write leaves that to others."""
        if len(self._versions()) < 2 or not os.access(self._folder, os.W_OK):
            return
        with (
            suppress(BlockingIOError, PermissionError),
            (self._folder / "lock").open("w") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if view := self.current():
                self._clear(view)

    def _publish(
        self,
        log: LogReader,
        schemas: Schemas,
        base: str,
        *,
        anew: bool,
        progress: Progress,
    ) -> View:
        old = self.current()
        withheld = log.withheld_count()
        made_from = (base, schemas.fingerprint, withheld)
        if old and (old.base, old.fingerprint, old.withheld) != made_from:
            old = None
        sizes = {name: log.size(name) for name in schemas if log.size(name)}
        if old and not anew and old.sizes == sizes:
            return old
        version = (self.version() or 0) + 1
        folder = self._folder / str(version)
        build = Build(log, schemas, base, progress)
        try:
            build.write(_fresh(folder), sizes, None if anew else old)
        except (ViewDamaged, ViewOutdated, FileNotFoundError):
            # What the last view is made of cannot be used: the log can.
            build.write(_fresh(folder), sizes, None)
        return self._finish(
            View(
                version,
                base,
                schemas.fingerprint,
                sizes,
                withheld,
                folder,
                Lease(folder),
            )
        )

    def _finish(self, view: View) -> View:
        """Name a view whose files are written."""
        state = {
            "format": FORMAT,
            "base": view.base,
            "fingerprint": view.fingerprint,
            "sizes": view.sizes,
            "withheld": view.withheld,
        }
        _write(view.folder / "state.json", json.dumps(state))
        _sync(view.folder)
        _write(self._pointer, str(view.version))
        return view

    def withdraw(self, withheld: int) -> None:
        """Remove every view when the current one was made before so many items were
        withheld: for whoever will not publish.

        A number is passed over, or a server would take the next view to be published
        for the one that it has open.
        """
        if not self._folder.exists():
            return
        with self._lock():
            current, held = self.current(), self._versions()
            if held and (current is None or current.withheld != withheld):
                _write(self._pointer, str((self.version() or 0) + 1))
                for folder in held:
                    remove(folder)

    def _clear(self, view: View) -> None:
        """Remove all versions but this and those that somebody reads, and of these too
        what was made before something was withheld."""
        for folder in self._versions():
            if folder == view.folder:
                continue
            if _state(folder).get("withheld") == view.withheld:
                remove_unread(folder)
            else:
                remove(folder)

    def _versions(self) -> list[Path]:
        """Their folders, first those that were not removed as a whole."""
        folders = self._folder.iterdir()
        return sorted(one for one in folders if one.name.lstrip(".").isdigit())

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            self._wait_for(lock)
            yield

    def _wait_for(self, lock: IO[str]) -> None:
        """Take the lock: what another process publishes may be all there is to do."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise DataBusy(
                        f"{self._folder} is being published by another process: "
                        "run `trigpoint rebuild` when it has ended"
                    ) from error
                time.sleep(0.1)
            else:
                return


def _state(folder: Path) -> dict[str, Any]:
    """What a version says of itself; nothing when that cannot be read."""
    try:
        state = json.loads((folder / "state.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _fresh(folder: Path) -> Path:
    """An empty folder, whatever an interrupted build left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _sync(folder: Path) -> None:
    """Have all of a version on disk before it is named."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, text: str) -> None:
    """Replace a file's content so that a crash leaves the old one or the new."""
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
