"""Reading registers: which there are, how long, and what their trees hash to.

A reader sees the log as it is, or as of a size of some registers: every read is of the
entries up to `_span`, and since entries are never changed, that is the log as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trigpoint.errors import NoSuchEntry, NoSuchRegister
from trigpoint.log import merkle
from trigpoint.log.tables import LogFile


class RegisterReader:
    """The registers of a log. Threads may share it: each gets its own connection."""

    def __init__(
        self,
        log: Path | LogFile,
        *,
        readonly: bool = True,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        """A reader of a file, or of one that is open already; of no more than `sizes`
        entries of those registers."""
        self._file = (
            log if isinstance(log, LogFile) else LogFile(log, readonly=readonly)
        )
        self._limits = sizes or {}
        _ = self.db  # opens the file, so that a bad one is refused now

    @property
    def path(self) -> Path:
        """The log's file."""
        return self._file.path

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection; for the modules of the log only."""
        return self._file.db

    def close(self) -> None:
        """Close this thread's connection; another is made when it is needed."""
        self._file.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread within it see the log as it was at the first."""
        with self._file.snapshot():
            yield

    def registers(self) -> list[str]:
        return list(self.sizes())

    def derived_shapes(self) -> dict[str, str]:
        """Turtle of the shapes that came with registers (schema/derive.py)."""
        rows = self.db.execute(
            "SELECT name, shape FROM register WHERE shape IS NOT NULL ORDER BY name"
        )
        return dict(rows)

    def size(self, register: str) -> int:
        """How many entries the register has; 0 when it is not in the log yet."""
        row = self._row(register)
        return row[1] if row else 0

    def sizes(self) -> dict[str, int]:
        """How many entries each register has, by name and in its order."""
        sizes = dict(self._file.state().sizes)
        for name in self._limits.keys() & sizes:
            sizes[name] = self._limited(name, sizes[name])
        return sizes

    def root(self, register: str, size: int | None = None) -> bytes:
        """Root hash at `size` (now, if not given), from the stored tiles."""
        number, now = self._span(register)
        if size is not None and not 0 <= size <= now:
            raise NoSuchEntry(f"{register} has {now} entries, not {size}", number=size)
        return merkle.root(
            lambda level, position: self.tile(number, level, position),
            now if size is None else size,
        )

    def register_id(self, register: str) -> int:
        """The number that the tables know a register by; raises NoSuchRegister."""
        return self._span(register)[0]

    def tile(self, register: int, level: int, position: int) -> bytes:
        """A tile as it is stored, which may be wider than one as of an earlier size;
        empty when there is none."""
        row = self.db.execute(
            "SELECT hashes FROM tile WHERE register = ? AND level = ? AND position = ?",
            (register, level, position),
        ).fetchone()
        return bytes(row[0]) if row else b""

    def _span(self, register: str) -> tuple[int, int]:
        """A register's number, and that of its last entry; raises NoSuchRegister."""
        row = self._row(register)
        if row is None:
            raise NoSuchRegister(
                f"there is no register called “{register}”", register=register
            )
        return row

    def _row(self, register: str) -> tuple[int, int] | None:
        state = self._file.state()
        if register not in state.sizes:
            return None
        size = self._limited(register, state.sizes[register])
        return state.numbers[register], size

    def _limited(self, register: str, size: int) -> int:
        return min(size, self._limits.get(register, size))
