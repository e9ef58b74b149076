"""The statement beside a tree: what it says, how it reads back, when it is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.log.drafts import BATCH, TIME, by_hand, draft
from tests.log.installation import ORIGIN, Installation, installation
from trigpoint.errors import InvalidInput
from trigpoint.log.about import (
    MAX_STATEMENT,
    Statement,
    parse_statement,
    statement_of,
)
from trigpoint.log.entry import BatchKey, SystemEntry
from trigpoint.log.note import parse_note

SHAPE = "@prefix sh: <http://www.w3.org/ns/shacl#> .\n# “Städte”\n"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A register with everything that can stand beside a tree, and another."""
    here = installation(tmp_path)
    with here.log.appending(BATCH, key=BatchKey("0123", "Ayr Council")) as appender:
        appender.declare("town", SHAPE)
        appender.append("town", [draft("a", name="Ayr"), draft("b", name="Bath")])
        appender.set_system_entries("town", [SystemEntry("name", TIME, '{"a":"é"}')])
        appender.append("county", [draft("a", name="Ayrshire")])
    here.grow(3)
    here.log.withhold(draft("b", name="Bath").item_hash, "personal data", "2026-01-31")
    here.sign()
    return here


def said(here: Installation, register: str = "town") -> Statement:
    """The signed statement, verified."""
    note = parse_note(here.log.statement(register) or "", MAX_STATEMENT)
    found = parse_statement(note.text)
    here.ring().check_signed(note, register, found.size)
    return found


def test_it_says_what_the_log_has(here: Installation) -> None:
    """Shape, system entries, batches with their keys, what is withheld: all of it, and
    as the log reads it."""
    found = said(here)
    log = here.log
    assert found.origin == f"{ORIGIN}/registers/town"
    assert (found.register, found.size, found.shape) == ("town", 5, SHAPE)
    assert list(found.system_entries) == log.system_entries("town")
    assert [batch.ranges for batch in found.batches] == [
        {"town": (1, 2)},
        {"town": (3, 5)},
    ]
    assert [batch.batch for batch in found.batches] == [BATCH, BATCH]
    assert [batch.key for batch in found.batches] == [
        BatchKey("0123", "Ayr Council"),
        None,
    ]
    assert list(found.withheld) == log.withheld("town")
    assert len(found.withheld) == 1


def test_it_speaks_of_its_register_only(here: Installation) -> None:
    """Another register's batch range, shape and withheld items are not its own."""
    found = said(here, "county")
    assert [batch.ranges for batch in found.batches] == [{"county": (1, 1)}]
    assert (found.shape, found.system_entries, found.withheld) == (None, (), ())


def test_it_is_two_lines_of_ascii_in_a_fixed_order(here: Installation) -> None:
    """The origin and one line of compact JSON, the same whenever it is made."""
    text = said(here).text
    first, line, end = text.split("\n")
    assert (first, end) == (f"{ORIGIN}/registers/town/about", "")
    assert line.isascii()
    body = json.loads(line)
    assert json.dumps(body, separators=(",", ":")) == line
    assert list(body) == [
        "register",
        "size",
        "shape",
        "system-entries",
        "batches",
        "withheld",
    ]
    assert list(body["batches"][0]) == [
        "number",
        "appended",
        "source",
        "title",
        "files",
        "licence",
        "attribution",
        "landing-page",
        "release-date",
        "key",
        "key-name",
        "first",
        "last",
    ]
    assert statement_of(here.log, "town", ORIGIN).text == text
    assert parse_statement(text).text == text


def test_it_is_signed_again_when_it_changed_and_only_then(here: Installation) -> None:
    """A withheld item changes the statement and not the checkpoint; another register's
    entries change neither."""
    about, checkpoint = here.log.statement("town"), here.log.checkpoint("town")
    here.grow(1, "county")
    assert here.sign() == ["county"]
    assert here.log.statement("town") == about
    here.log.withhold(draft("a", name="Ayr").item_hash, "in error", "2026-02-01")
    assert here.sign() == []
    assert here.log.statement("town") != about
    assert len(said(here).withheld) == 2
    assert here.log.checkpoint("town") == checkpoint


@pytest.mark.parametrize("harm", ["'x'", "replace(note, 'Ayr', 'Air')", "note || 'x'"])
def test_a_statement_that_was_changed_is_made_anew(
    here: Installation, harm: str
) -> None:
    """What the database has is not believed: the log is."""
    about = here.log.statement("town")
    sql = f"UPDATE statement SET note = {harm}"  # noqa: S608  of this test
    by_hand(here.log, sql)
    here.sign()
    assert here.log.statement("town") == about


HIDDEN = {"item-hash": f"sha-256:{0:064}", "reason": "", "date": ""}


def change(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update(members)


@pytest.mark.parametrize(
    "harm",
    [
        change(size="5"),
        change(size=-1),
        change(size=True),
        change(shape=1),
        change(register="county"),
        change(register=None),
        change(batches={}),
        change(batches=[{}]),
        change(withheld=[{"item-hash": "sha-256:00", "reason": "", "date": ""}]),
        change(extra=1),
        change(size=2**63),
        change(shape="\ud800"),
        change(withheld=[{**HIDDEN, "reason": "\udc00"}]),
        lambda body: body["batches"][0].update(number=2**63),
        lambda body: body["batches"][0].update(title="\ud800"),
        lambda body: body["batches"][0].update(first=0),
        lambda body: body["batches"][0].update(last=0),
        lambda body: body["batches"][-1].update(last=body["size"] + 1),
        lambda body: body["batches"].append(body["batches"][0]),
        lambda body: body["batches"][0].update(first="1"),
        lambda body: body["batches"][0].update(files=[["a"]]),
        lambda body: body["batches"][0].update(title=None),
        lambda body: body["batches"][0].update(extra=None),
        lambda body: body["system-entries"][0].update(item={}),
        lambda body: body.pop("withheld"),
    ],
)
def test_what_is_no_statement_is_refused(
    here: Installation, harm: Callable[[dict[str, Any]], None]
) -> None:
    """Other members, types and spellings raise one error."""
    first, line, _ = said(here).text.split("\n")
    body = json.loads(line)
    harm(body)
    text = f"{first}\n{json.dumps(body, separators=(',', ':'))}\n"
    with pytest.raises(InvalidInput):
        parse_statement(text)


@pytest.mark.parametrize(
    "text", ["", "\n", "x/about\n", "x/about\n[]\n", "x/about\n" + "[" * 100_000]
)
def test_garbage_is_refused(text: str) -> None:
    """So is what is no JSON object at all."""
    with pytest.raises(InvalidInput):
        parse_statement(text)
