"""All parts of a shape together say what the whole says."""

from __future__ import annotations

import string
from typing import Any

import polars as pl
import pyshacl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from rdflib import SH, URIRef
from rdflib.term import Node

from tests.gate.rows import OWNERS, Row, staged_frame
from tests.gate.shacl.parts import (
    SHAPE,
    targets,
)
from trigpoint.gate.shacl.batch import Batch, Brief
from trigpoint.gate.shacl.judge import Judge, Part
from trigpoint.gate.targets import Targets

Verdict = tuple[int, Node | None, str | None, str, Node | None]

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=45)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.none() | _TEXT | st.just("Castle"),
    "name-cy": st.none() | _TEXT,
    "size": st.sampled_from([None, "1", "01", "+5", "-0", "1.0", "x", "9" * 500, " 1"]),
    "open": st.sampled_from([None, "true", "1", "0", "TRUE", "yes"]),
    "grade": st.sampled_from([None, "I", "II", "i"]),
    "website": st.sampled_from([None, "https://x.org", "mailto:a@b.org", "x y", "<>"]),
    "tags": st.none()
    | st.lists(st.sampled_from(["a", "b", "C", "é", "a b"]), max_size=5),
    "parent-site": st.sampled_from([None, "1", "2", "900", "901", "a b", "é/ü"]),
    "owner": st.sampled_from([None, *OWNERS, "A2", "é", *string.punctuation]),
    "authority": st.sampled_from([None, "owner:A1", "site:900", "x", "owner:", ":"]),
    "point": st.sampled_from([None, "[0,51]", "[51,0]", "x", "POINT(0 51)"]),
    "start-date": st.sampled_from(
        [None, "1905", "1993-13", "2018-02-30", "2016-04-05T25:00:00Z", "x", "0000"]
    ),
}
_ROWS = st.lists(
    st.fixed_dictionaries(
        {"site": st.sampled_from(["1", "2", "3", "0900", "a b", "é/ü", "%"]), **_VALUES}
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row["site"],
)


PARAMETERS: set[URIRef] = set(ALL_CONSTRAINT_PARAMETERS)


def parts(known: Brief, alike: bool) -> list[Part]:
    """Every constraint of the shape: each field's, and that it is closed."""
    found = [Part(URIRef(SHAPE), (SH.closed,), known.schema.names, alike=False)]
    for field in known.schema.fields:
        shape = URIRef(field.shape)
        for parameter in PARAMETERS.intersection(known.shapes.predicates(shape)):
            found.append(Part(shape, (parameter,), (field.name,), alike))
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=_ROWS, together=st.booleans())
def test_all_parts_together_say_what_pyshacl_says_of_the_whole(
    known: Brief, rows: list[Row], together: bool
) -> None:
    """Row, path, value, component and severity, constraint by constraint, equal those
    of one run of pySHACL over the shape as it was written and all rows as RDF."""
    frame = staged_frame(known.schema, rows)
    judge = Judge(known)
    there = targets(known, rows)
    ours = {
        (one.row, one.path, one.value, one.component, one.severity)
        for part in parts(known, together)
        for one in judge.judge(frame, part, there)
    }
    assert ours == whole(known, rows, there)


def whole(known: Brief, rows: list[Row], there: Targets) -> set[Any]:
    """What pySHACL says of all rows in one graph, by the shape and its target class."""
    frame = staged_frame(known.schema, rows)
    names = [name for name in known.schema.names if name in frame.columns]
    frame = frame.select(pl.col("site").alias("_key"), *names)
    batch = Batch(known, frame, alike=False)
    graph = batch.graph(there.held_among(frame))
    _, results, _ = pyshacl.validate(graph, shacl_graph=known.shapes, inplace=True)
    mine = set(batch.subjects)
    severities = {SH.Violation: "violation", SH.Warning: "warning"}
    found = set()
    for result in results.objects(None, SH.result):
        one = dict(results.predicate_objects(result))
        if one[SH.focusNode] in mine:
            i = batch.row_of(one[SH.focusNode])
            path = one[SH.resultPath]
            field = next(f for f in known.schema.fields if f.path == str(path))
            value = batch.value(i, field, one.get(SH.value))
            component = str(one[SH.sourceConstraintComponent])
            severity = severities[one[SH.resultSeverity]]
            found.add((i + 2, str(path), value, component, severity))
    return found
