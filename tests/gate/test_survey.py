"""What a load's rows are together: keys that come twice, targets of links, counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.rows import BASE, Row, holding, staged_frame
from trigpoint.gate import survey as surveys
from trigpoint.gate import terms
from trigpoint.gate.distinct import Distinct
from trigpoint.gate.shacl.batch import Brief, brief
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import every_target, survey
from trigpoint.iris import ONTOLOGY
from trigpoint.schema.catalogue import Schemas

OWNER, SITE, BODY = f"{ONTOLOGY}Owner", f"{ONTOLOGY}Site", f"{ONTOLOGY}Body"


@pytest.fixture
def known(schemas: Schemas) -> Brief:
    return brief(schemas["site"], schemas, BASE)


NOTHING = holding({})


def rows_of(known: Brief, *rows: Row, batch: int = 2) -> Staged:
    return Staged(staged_frame(known.schema, list(rows)), batch)


def unheld(found: surveys.Survey, name: str, target_class: str) -> list[str]:
    field = found.schema.field(name)
    return sorted(found.targets.unheld(field, target_class))


def test_rows_with_one_key_are_all_named(known: Brief) -> None:
    """Each is found, in whichever batch it stands, and says where the others are; rows
    without a key have none in common."""
    keys = ["7", "8", None, "7", None, "9", "8", "7"]
    found = survey(rows_of(known, *({"site": key} for key in keys)), known, NOTHING)
    violations = list(found.duplicate_keys())
    assert [(one.row, one.key) for one in violations] == [
        (2, "7"),
        (5, "7"),
        (9, "7"),
        (3, "8"),
        (8, "8"),
    ]
    assert {one.component for one in violations} == {terms.DUPLICATE_KEY}
    assert violations[0].message == ("the key “7” stands in 3 rows (2, 5, 9): keep one")
    many = survey(rows_of(known, *[{"site": "1"}] * 12), known, NOTHING)
    assert "12 rows (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)" in (
        next(many.duplicate_keys()).message
    )


def test_keys_that_share_a_fingerprint_are_not_one_key(
    known: Brief, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks alike by its hash is read again: only the same text is the same."""
    monkeypatch.setattr(
        surveys, "fingerprint", lambda text: text.str.len_bytes().cast(pl.UInt64)
    )
    keys = ["1", "2", "3", "2"]
    found = survey(rows_of(known, *({"site": key} for key in keys)), known, NOTHING)
    assert [(one.row, one.key) for one in found.duplicate_keys()] == [
        (3, "2"),
        (5, "2"),
    ]


def test_a_link_leads_to_what_is_held_or_loaded(known: Brief) -> None:
    """Targets are those that a register holds and those that the load itself brings,
    in this batch or another."""
    rows = rows_of(
        known,
        {"site": "1", "parent-site": "3", "owner": "A1"},
        {"site": "2", "parent-site": "4", "owner": "nobody"},
        {"site": "3", "parent-site": "900", "owner": ""},
        {"site": None, "parent-site": "1", "owner": None},
    )
    held = holding({"owner": {"A1": None}, "site": {"900": None}})
    found = survey(rows, known, held)
    assert unheld(found, "parent-site", SITE) == ["4"]
    assert unheld(found, "owner", OWNER) == ["", "nobody"]
    assert found.targets.brought.sort().to_list() == ["1", "3"]


def test_a_curie_names_register_and_key(known: Brief) -> None:
    """The first colon parts them; a value without one, or of a register that nobody
    has, leads nowhere, and no register is asked for that could not be one."""
    asked: list[str] = []

    def held(register: str, keys: pl.Series) -> pl.DataFrame:
        asked.append(register)
        return holding({"owner": {"A1": None, "a:b": None}})(register, keys)

    values = ["owner:A1", "owner:a:b", "owner:B", "owner", "", "Some words", "city:A1"]
    rows = rows_of(
        known, *({"site": str(n), "authority": one} for n, one in enumerate(values))
    )
    found = survey(rows, known, held)
    assert unheld(found, "authority", BODY) == sorted(values[2:])
    assert sorted(asked) == ["city", "owner"]


def test_a_record_is_of_the_class_of_its_register_and_those_above(known: Brief) -> None:
    """rdfs:subClassOf is followed to its end; what is held but of another class is not
    what the link asks for."""
    held = holding({"owner": {"A1": None}, "site": {"9": None}, "odd": {"1": None}})
    values = ["owner:A1", "site:9", "site:1", "odd:1"]
    rows = rows_of(
        known, *({"site": str(n), "authority": one} for n, one in enumerate(values))
    )
    found = survey(rows, known, held)
    # A register without a schema has records of the class that the field asks for.
    assert unheld(found, "authority", BODY) == ["site:1", "site:9"]
    assert unheld(found, "authority", OWNER) == ["odd:1", "site:1", "site:9"]
    assert unheld(found, "authority", SITE) == ["odd:1", "owner:A1"]
    circle = replace(known, classes=(*known.classes, (BODY, OWNER)))
    assert unheld(survey(rows, circle, held), "authority", SITE) == [
        "odd:1",
        "owner:A1",
    ]


def test_targets_among_rows_are_told_with_their_class(known: Brief) -> None:
    """pySHACL's graph gets every record that there is, each once, and no other."""
    rows = staged_frame(
        known.schema,
        [
            {"site": "1", "parent-site": "2", "owner": "A1", "authority": "owner:A1"},
            {"site": "2", "parent-site": "1", "owner": "B", "authority": "nobody"},
            {"site": "3", "owner": "C"},
        ],
    )
    held = holding({"owner": {"A1": "1999", "C": None}})
    targets = survey(Staged(rows), known, held).targets
    assert targets.held_among(rows.head(2)) == [
        ("owner", "A1", OWNER),
        ("site", "1", SITE),
        ("site", "2", SITE),
    ]
    assert targets.held_among(rows.tail(1).drop("parent-site")) == [
        ("owner", "C", OWNER)
    ]


def test_the_end_of_a_target_is_the_newest(known: Brief) -> None:
    """What a row of the load says of its own end counts, not what was held before."""
    held = holding({"site": {"1": "1990", "2": None, "8": "1991", "9": None}})
    rows = rows_of(
        known,
        {"site": "1", "parent-site": "2"},
        {"site": "2", "parent-site": "1", "end-date": "2001"},
        {"site": "3", "parent-site": "8"},
        {"site": "4", "parent-site": "9"},
        {"site": "5", "parent-site": "nowhere", "end-date": "2001"},
    )
    targets = survey(rows, known, held).targets
    ended = targets.ended(known.schema.field("parent-site")).sort("value")
    assert ended.rows() == [("2", "site", "2", "2001"), ("8", "site", "8", "1991")]
    assert targets.ended(known.schema.field("owner")).is_empty()


def test_every_target_is_held_where_links_are_not_judged(known: Brief) -> None:
    """All records that rows name are taken to exist, of the class of their register."""
    rows = rows_of(
        known,
        {"site": "1", "owner": "x", "authority": "owner:y"},
        {"site": "2", "owner": "", "authority": "No register"},
    )
    targets = every_target(rows, known)
    schema = known.schema
    assert targets.unheld(schema.field("owner"), OWNER).is_empty()
    assert targets.unheld(schema.field("authority"), BODY).is_empty()
    others = targets.unheld(schema.field("authority"), SITE)
    assert sorted(others) == ["No register", "owner:y"]
    assert targets.ended(schema.field("owner")).is_empty()


def test_rows_on_disk_are_surveyed_as_those_in_memory(
    known: Brief, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of a file, and of a frame, make one survey however many are looked at
    together; values are counted."""
    monkeypatch.setattr(surveys, "_BATCH", 4)
    frame = staged_frame(
        known.schema,
        [{"site": str(n % 9), "parent-site": str(n), "tags": None} for n in range(10)],
    )
    path = tmp_path / "rows.arrow"
    frame.write_ipc(path, record_batch_size=3)
    found = [survey(one, known, NOTHING) for one in (Staged(frame, 4), Staged(path))]
    assert (
        found[0].filled
        == found[1].filled
        == {
            "site": 10,
            "parent-site": 10,
            "tags": 0,
        }
    )
    assert found[0].keys.equals(found[1].keys)
    assert [unheld(one, "parent-site", SITE) for one in found] == [["9"], ["9"]]
    twice = [[one.row for one in each.duplicate_keys()] for each in found]
    assert twice == [[2, 11], [2, 11]]


def test_no_rows_have_no_keys_and_no_targets(known: Brief) -> None:
    """An empty load is surveyed like any other."""
    found = survey(rows_of(known), known, NOTHING)
    assert list(found.duplicate_keys()) == []
    assert (len(found.keys), found.filled) == (0, {"site": 0})
    assert found.targets.values == {}


texts = st.lists(st.text(alphabet="ab\0é", max_size=2), max_size=30)


@given(parts=st.lists(texts, max_size=4), step=st.integers(1, 8))
def test_distinct_texts_are_gathered_whatever_the_parts(
    parts: list[list[str]], step: int
) -> None:
    """Each text once, however rows are cut into parts and steps."""
    gathered: Any = Distinct()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trigpoint.gate.distinct._STEP", step)
        for part in parts:
            gathered.add(pl.Series(part, dtype=pl.String))
    found = Counter(gathered.texts())
    assert found == Counter({text for part in parts for text in part})
