"""Redaction: what an item says is withheld for good, and only that.

Its hash stays, and with it every entry, proof and root. First it is withheld in the
log, with the reason and with the key of who did it, in one transaction: from then on
nobody is answered with it. Then the statements that say so are signed, the views built
anew, and every copy in the data directory erased. Whatever interrupts that, the reason
is in the log by then, and the same redaction again, a publish or the start of a server
finishes it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from trigpoint.dates import today
from trigpoint.erasure import erase_withheld
from trigpoint.errors import (
    InvalidParameter,
    NoSuchItem,
    TrigpointError,
    ViewsBehind,
    Withheld,
)
from trigpoint.identity import signer_of
from trigpoint.log.entries import WithheldItem
from trigpoint.log.entry import Entry
from trigpoint.log.reader import LogReader
from trigpoint.organisations import seems_personal
from trigpoint.register import Registers
from trigpoint.rights import CustodianKey
from trigpoint.schema.items import format_hash, parse_hash, parse_item
from trigpoint.view import Progress, silent

_LONGEST_REASON = 300  # characters
_QUOTED = 3  # characters that a value has at least, if repeating it is quoting it
_WORD = re.compile(r"\w+")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b", re.ASCII)
_LONG_NUMBER = re.compile(r"\d(?:[ ().-]{0,2}\d){6}", re.ASCII)


@dataclass(frozen=True)
class Found:
    """An item that is to be withheld: its text, None when it is withheld already, and
    every entry that names it, with the register that has the entry."""

    hash: bytes
    text: str | None
    entries: tuple[tuple[str, Entry], ...]


def find(
    log: LogReader,
    register: str,
    *,
    key: str | None = None,
    entry: int | None = None,
    item: str | None = None,
    trail: bool = False,
) -> list[Found]:
    """The items that one of `key`, `entry` and `item` (`sha-256:…`) means: the current
    one of the key, with `trail` every one that it ever had.

    Raises InvalidParameter unless one of the three is given, NoSuchRegister,
    NoSuchRecord, NoSuchEntry, and NoSuchItem for one that no entry of the register
    names. Reads every entry of the log.
    """
    if sum(given is not None for given in (key, entry, item)) != 1:
        raise InvalidParameter(
            "name what to withhold: one of a key, an entry and an item"
        )
    if trail and key is None:
        raise InvalidParameter("only a key has a trail", parameter="trail")
    if item is not None:
        hashes = [parse_hash(item)]
    elif entry is not None:
        hashes = [log.entry(register, entry).item_hash]
    else:
        held = log.trail(register, key or "")
        hashes = [one.item_hash for one in (held if trail else held[-1:])]
    wanted = list(dict.fromkeys(hashes))
    naming = log.entries_naming(wanted)
    found = [
        Found(
            digest,
            _text(log, digest),
            tuple((name, one) for name, one in naming if one.item_hash == digest),
        )
        for digest in wanted
    ]
    for one in found:
        if register not in {name for name, _ in one.entries}:
            raise NoSuchItem(
                f"no entry of {register} names the item {format_hash(one.hash)}"
            )
    return found


def _text(log: LogReader, digest: bytes) -> str | None:
    try:
        return log.item(digest)
    except Withheld:
        return None


def check_reason(reason: str, found: Iterable[Found]) -> str:
    """The reason, which is public for ever, but for space around it.

    Raises InvalidParameter for one that is no line, that looks personal, or that quotes
    what is to be withheld: a value, or two words that follow each other in one.
    """
    reason = reason.strip()
    wrong = None
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        wrong = f"expected one line of 1 to {_LONGEST_REASON} characters"
    elif seems_personal(reason) or _LONG_NUMBER.search(_DAY.sub("", reason)):
        wrong = "an address or a number of seven digits or more may be personal"
    else:
        for one in found:
            name = _quoted(reason, one)
            if name is not None:
                wrong = f"it quotes the field {name} of what is to be withheld"
    if wrong is not None:
        raise InvalidParameter(
            f"the reason is public and stays for ever: {wrong}", parameter="reason"
        )
    return reason


def _quoted(reason: str, one: Found) -> str | None:
    """The field that a reason quotes; keys are public by themselves."""
    if one.text is None:
        return None
    keys = {entry.key for _, entry in one.entries}
    said = _words(reason)
    for name, value in parse_item(one.text).items():
        for text in value if isinstance(value, list) else [value]:
            if text in keys:
                continue
            words = _words(text)
            runs = [words] if len(text) >= _QUOTED else []
            runs += [words[n : n + 2] for n in range(len(words) - 1)]
            if any(_has(said, run) for run in runs):
                return name
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _has(said: list[str], run: list[str]) -> bool:
    """Whether words come one after the other in what is said."""
    starts = range(len(said) - len(run) + 1)
    return bool(run) and any(said[n : n + len(run)] == run for n in starts)


def registers_of(found: Iterable[Found]) -> set[str]:
    """The registers that have these items: a key must be for all of them."""
    return {name for one in found for name, _ in one.entries}


def redact(
    registers: Registers,
    found: Collection[Found],
    reason: str,
    *,
    key: str | None = None,
    progress: Progress = silent,
) -> list[WithheldItem]:
    """Withhold items, and erase every copy of them in the data directory; returns those
    that were not withheld before. `registers` must be open for writing.

    `key` is a custodian's token: see `Registers.permit`, whose errors this raises, and
    those of `check_reason`. Raises SigningRefused when the log could not be signed;
    nothing is withheld then. Raises ViewsBehind when the items are withheld, but not
    all copies erased: the same again goes on with that.
    """
    names = registers_of(found)
    who = registers.permit(key, names)
    said = f"{check_reason(reason, found)} ({_signed(who)})"
    signer_of(registers.data).ready(registers.log, names)
    fresh = [
        WithheldItem(one.hash, said, today()) for one in found if one.text is not None
    ]
    if fresh:
        registers.log.withhold_all(fresh)
    _finish(registers, progress)
    return fresh


def _signed(who: CustodianKey) -> str:
    """How the reason says who withheld something."""
    return f"key {who.id} of {who.name}"


def _finish(registers: Registers, progress: Progress) -> None:
    try:
        signer_of(registers.data).sign(registers.log)
        registers.publish(progress)
        erase_withheld(registers.log.path)  # if somebody kept the publish from it
    except (OSError, RuntimeError, sqlite3.Error, TrigpointError) as error:
        # RuntimeError: what the store of the views raises for storage that fails.
        raise ViewsBehind(
            "it is withheld, but copies of it may still be in files of "
            f"{registers.data}: {error}. Run the same again when that is mended"
        ) from error
