"""Archived registers: RSF files become registers with their own history.

Nothing is rewritten: entries keep their numbers, times and bytes, so the tree has the
root hashes that the archive asserts. A register without a shape of ours gets one from
its own field definitions. Findings about links are warnings, since history cannot be
mended and the register linked to may not be archived.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trigpoint.errors import BadRelease
from trigpoint.gate.history import NumberedItem
from trigpoint.log import merkle
from trigpoint.log.appender import Appender
from trigpoint.log.entry import SystemEntry, leaf
from trigpoint.log.merkle import Frontier
from trigpoint.log.reader import LogReader
from trigpoint.log.rsf import Archive, read_rsf
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.derive import derive_shape
from trigpoint.schema.items import parse_item
from trigpoint.staging import Counts

_PAGE = 10_000


def read_archives(paths: Iterable[Path], log: LogReader) -> list[Archive]:
    """RSF files, checked, each of another register.

    A file that goes on from what the log has of a register is called by its name.
    Raises BadRelease as `read_rsf` does, and when a file tells another history than
    the log has.
    """
    archives: dict[str, Archive] = {}
    for path in paths:
        archive = _read_archive(path, log)
        if archive.register in archives:
            raise BadRelease(
                f"another file is of the register {archive.register}, too",
                file=path.name,
                do="load one after the other",
            )
        archives[archive.register] = archive
    return list(archives.values())


def _read_archive(path: Path, log: LogReader) -> Archive:
    called = path.name.partition(".")[0]
    withheld = {item.hash for item in log.withheld()}
    archive = read_rsf(path, _tree(log, called), withheld)
    if archive.start and archive.register != called:
        raise BadRelease(
            f"it goes on from the entries of {called}, but says that it is "
            f"{archive.register}",
            file=path.name,
        )
    held = log.size(archive.register)
    known = log.entries(archive.register, archive.start + 1, held) if held else []
    for entry, draft in zip(known, archive.entries, strict=False):
        line = (draft.timestamp, draft.key, draft.item_hash)
        if (entry.timestamp, entry.key, entry.item_hash) != line:
            raise BadRelease(
                f"entry {entry.number} is not the one that {archive.register} has",
                file=path.name,
                do="nothing was loaded: the file tells another history",
            )
    archive.system = _metadata(path, archive, log)
    return archive


def _tree(log: LogReader, register: str) -> Frontier:
    """The tree of a register's entries as the log has them; empty for a new one."""
    tree = Frontier()
    for start in range(1, log.size(register) + 1, _PAGE):
        page = log.entries(register, start, _PAGE)
        tree.add(merkle.leaf_hash(leaf(entry)) for entry in page)
    return tree


def _metadata(path: Path, archive: Archive, log: LogReader) -> list[SystemEntry]:
    """The system entries that a register has once a file is loaded.

    They only ever grow, as the log does: a file that goes on from the log brings more
    of them, and of a whole file's and the log's those count that include the others.
    Raises BadRelease when each has some that the other lacks.
    """
    register, said = archive.register, archive.system
    held = log.system_entries(register) if register in log.sizes() else []
    if archive.start:
        return [*held, *(entry for entry in said if entry not in held)]
    if set(said) <= set(held):
        return held
    if set(held) <= set(said):
        return said
    lacking = next(entry for entry in held if entry not in said)
    raise BadRelease(
        f"it lacks the system entry {lacking.key} of {lacking.timestamp} that "
        f"{register} has, and has others",
        file=path.name,
        do="nothing was loaded: the file tells another history",
    )


def shape_of(archive: Archive, schemas: Schemas) -> str | None:
    """The shape derived from an archive's definitions; None when there is our own.

    Raises BadRelease when there is neither.
    """
    register = archive.register
    if register in schemas and not schemas[register].derived:
        return None
    definition = archive.metadata("register").get(register)
    if definition is None:
        if register in schemas:
            return None
        raise BadRelease(
            f"the register is not defined: no system entry register:{register}, "
            "and no shape of ours",
            file=f"{register}.rsf",
            do="add a shape for it",
        )
    title = archive.named("register-name", "register-name") or register
    fields = archive.metadata("field")
    return derive_shape(register, definition, fields, title, schemas)


def append_archive(
    archive: Archive, shape: str | None, log: LogReader, appender: Appender
) -> tuple[Counts, list[NumberedItem]]:
    """Append what the log does not have yet; returns it, numbered, for the gate."""
    register, held = archive.register, log.size(archive.register)
    fresh = archive.entries[held - archive.start :]
    current = {key for key, _, _ in log.current(register)}
    counts = Counts(unchanged=len(archive.entries) - len(fresh))
    for draft in fresh:
        counts.changed += draft.key in current
        counts.added += draft.key not in current
        current.add(draft.key)
    new = register not in log.sizes()
    if fresh or new or archive.system != log.system_entries(register):
        appender.declare(register, shape)
        appender.append(register, fresh)
        appender.set_system_entries(register, archive.system)
    return counts, [
        (number, draft.key, parse_item(draft.item))
        for number, draft in enumerate(fresh, start=held + 1)
        if draft.item is not None
    ]
