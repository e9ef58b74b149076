"""Dumps: a whole register in each format, made once for a log size.

Text formats are written piece by piece; files that GIS programs read by the writers of
`FILE_WRITERS`, in a folder of their own until they are whole.

A dump lies in `{data}/dumps` under a name that says its register, size, base, shapes
and how much is withheld, so it never changes; its SHA-256 stands beside it. It is cut
in one transaction, and nothing is held in memory but a page of records. Of the log as
it is now there is one dump for each register and format; of earlier sizes, the few that
were last asked for are kept in `{data}/dumps/as-of`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path

from trigpoint.erasure import DUMPS
from trigpoint.errors import DumpNotWritten, InvalidParameter
from trigpoint.geofiles import write_flatgeobuf, write_geopackage
from trigpoint.geoparquet import write_geoparquet
from trigpoint.schema.items import item_hash
from trigpoint.serialisation import WRITERS, everything
from trigpoint.snapshot import Snapshot

EVERYTHING = "everything"
AS_OF = "as-of"
KEPT = 8  # dumps of earlier sizes, of all registers and formats together
KEPT_BYTES = 2 * 2**30  # of them together; the last one asked for is kept at any length
# Of registers with geometry: into a file whose name ends in the format's suffix.
FILE_WRITERS: dict[str, Callable[[Snapshot, str, Path], None]] = {
    "parquet": write_geoparquet,
    "gpkg": write_geopackage,
    "fgb": write_flatgeobuf,
}
SPATIAL = ("geojson", *FILE_WRITERS)
_ABANDONED = 86_400.0  # seconds after which a half-written file has no writer


@dataclass(frozen=True)
class DumpFile:
    """A finished dump. `size` is the log size it was cut at: the number of entries of
    its register, or of all registers together."""

    path: Path
    register: str
    format: str
    size: int
    bytes: int
    sha256: str


class Dumps:
    """The dumps of a data directory; each is made when it is first asked for."""

    def __init__(self, registers: Snapshot) -> None:
        self._registers = registers
        self._folder = registers.data / DUMPS
        self._locks: dict[str, threading.Lock] = {}
        self._past = False

    def as_of(self, sizes: Mapping[str, int]) -> Dumps:
        """The dumps of the log when these registers had so many entries; raises
        NoSuchRegister, and NoSuchEntry for a size beyond the log."""
        then = copy(self)
        then._registers = self._registers.as_of(sizes)
        then._past = then._registers.log.sizes() != self._registers.log.sizes()
        return then

    def formats(self, register: str) -> tuple[str, ...]:
        """The formats that a register can be had in, as file suffixes."""
        if register == EVERYTHING:
            return ("trig",)
        spatial = self._registers.schema(register).geometry is not None
        every = (*WRITERS, *FILE_WRITERS)
        return tuple(one for one in every if spatial or one not in SPATIAL)

    def held(self, register: str, suffix: str) -> DumpFile | None:
        """The dump of the log as it is now, if it has been made; raises as `file`."""
        if suffix not in self.formats(register):
            raise InvalidParameter(
                f"{register} does not come as .{suffix}: "
                f"there are {', '.join(self.formats(register))}",
                parameter="format",
            )
        path = self._path(register, suffix)
        found = _read(path)
        if found is not None and self._past:
            with suppress(FileNotFoundError):
                os.utime(_facts(path))  # it was asked for: others are older now
        return found

    def file(self, register: str, suffix: str) -> DumpFile:
        """The dump of the log as it is now; raises InvalidParameter for a format that
        the register does not come in, NoSuchRegister for a register not held."""
        name = f"{register}.{suffix}"
        lock = f"{AS_OF}/{name}" if self._past else name
        with self._locks.setdefault(lock, threading.Lock()):
            found = self.held(register, suffix)
            while found is None:
                with suppress(FileNotFoundError):  # removed, to erase what is withheld
                    found = self._make(register, suffix)
            return found

    def sizes(self, register: str) -> dict[str, int]:
        """The log sizes that a dump of now speaks for."""
        sizes = self._registers.log.sizes()
        return sizes if register == EVERYTHING else {register: sizes[register]}

    def _path(self, register: str, suffix: str) -> Path:
        sizes, log = self.sizes(register), self._registers.log
        made_by = (self._registers.base, self._registers.schemas.fingerprint)
        # What was withheld since must not be in what is sent.
        state = json.dumps([*made_by, log.withheld_count(), sizes], sort_keys=True)
        name = f"{register}-{sum(sizes.values())}-{item_hash(state).hex()[:12]}"
        if self._past:
            return self._folder / AS_OF / f"{name}.{suffix}"
        return self._folder / suffix / register / f"{name}.{suffix}"

    def _make(self, register: str, suffix: str) -> DumpFile:
        """Make a dump. All of it is done as the log was at its beginning: when no
        reader sees that any more, no dump of it will come. Raises FileNotFoundError
        when it was removed meanwhile."""
        with self._registers.log.snapshot():
            path = self._path(register, suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.{os.getpid()}.new")
            try:
                # A folder, since GDAL goes by the names of files and has some beside.
                beside.mkdir(exist_ok=True)
                made = beside / f"{register}.{suffix}"
                length, checksum = self._fill(made, register, suffix)
                size = sum(self.sizes(register).values())
                dump = DumpFile(path, register, suffix, size, length, checksum)
                _write_facts(dump)
                made.rename(path)
            finally:
                # Or what was cut short would stay for good.
                shutil.rmtree(beside, ignore_errors=True)
            _clear_past(path) if self._past else _clear(path)
        return dump

    def _fill(self, file: Path, register: str, suffix: str) -> tuple[int, str]:
        """Write a dump; how many bytes it has, and their SHA-256 in hex."""
        if suffix in FILE_WRITERS:
            try:
                FILE_WRITERS[suffix](self._registers, register, file)
            except DumpNotWritten as error:
                if file.parent.is_dir():
                    raise
                raise FileNotFoundError(file) from error
            with file.open("rb") as whole:
                digest = hashlib.file_digest(whole, "sha256")
            return file.stat().st_size, digest.hexdigest()
        return _write(file, self._pieces(register, suffix))

    def _pieces(self, register: str, suffix: str) -> Iterator[str]:
        if register == EVERYTHING:
            return everything(self._registers)
        return WRITERS[suffix](self._registers, register)


def _write(path: Path, pieces: Iterable[str]) -> tuple[int, str]:
    """Write text to a file; how many bytes it has, and their SHA-256 in hex."""
    digest, length = hashlib.sha256(), 0
    with path.open("wb") as out:
        for piece in pieces:
            data = piece.encode()
            digest.update(data)
            length += len(data)
            out.write(data)
    return length, digest.hexdigest()


def _clear(keep: Path) -> None:
    """Remove the dumps of earlier states; a download of one goes on. What another
    process is writing just now is left to it."""
    for old in keep.parent.iterdir():
        if not old.name.startswith(keep.name) and old.suffix != ".new":
            old.unlink(missing_ok=True)


def _clear_past(keep: Path) -> None:
    """Remove all dumps of earlier sizes but the few that were last asked for."""
    asked: dict[Path, float] = {}
    for file in keep.parent.iterdir():
        with suppress(FileNotFoundError):  # another process clears, too
            if file.suffix != ".new":
                asked[file] = _facts(file).stat().st_mtime
            elif file.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(file) if file.is_dir() else file.unlink()
    asked.pop(keep, None)
    count, length = 1, keep.stat().st_size
    for file in sorted(asked, key=lambda file: -asked[file]):
        with suppress(FileNotFoundError):
            count, length = count + 1, length + file.stat().st_size
            if count > KEPT or length > KEPT_BYTES:
                file.unlink()
                _facts(file).unlink()


def _facts(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _write_facts(dump: DumpFile) -> None:
    facts = _facts(dump.path)
    beside = facts.with_name(f"{facts.name}.{os.getpid()}.new")
    beside.write_text(json.dumps({**asdict(dump), "path": str(dump.path)}))
    beside.rename(facts)


def _read(path: Path) -> DumpFile | None:
    try:
        facts = json.loads(_facts(path).read_text())
        if path.stat().st_size != facts["bytes"]:
            return None
        return DumpFile(**{**facts, "path": path})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
