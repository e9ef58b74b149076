"""The SHACL side: each constraint, the same verdicts as pySHACL by itself, batches."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

import polars as pl
import pyoxigraph
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat
from rdflib import RDF, SH, Graph, URIRef
from rdflib.term import Node

from tests.gate.rows import (
    BASE,
    HERE,
    OWNERS,
    SOURCE_DATE,
    Check,
    Row,
    held,
    holding,
    places,
    site,
    staged_frame,
)
from tests.gate.verdicts.plain import HeldKeys, as_written, plain_report
from trigpoint.errors import InvalidShape
from trigpoint.gate import check, terms
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.staged import Staged
from trigpoint.iris import record_iri
from trigpoint.schema.catalogue import Schemas

SHAPE = "https://w3id.org/trigpoint/shapes#site-"
Verdict = tuple[Node, Node | None, Node | None, Node | None, Node | None]


def test_rows_that_conform_give_an_empty_report(check_sites: Check) -> None:
    """Rows in order are accepted, whatever their optional fields."""
    rows = [site("7"), site("8", parent_site="7"), site("9", size=None, tags=None)]
    report = check_sites(rows)
    assert report.conforms
    assert report.violations == ()
    assert report.counts == {}


@pytest.mark.parametrize(
    ("field", "value", "component", "said"),
    [
        ("name", None, terms.MIN_COUNT, "“name” is missing"),
        ("name", "x", terms.MIN_LENGTH, "at least 2 characters"),
        ("name", "x" * 41, terms.MAX_LENGTH, "at most 40 characters"),
        ("size", "1000", f"{terms.SH}MaxExclusiveConstraintComponent", ""),
        ("size", "-1", f"{terms.SH}MinInclusiveConstraintComponent", ""),
        ("open", "yes", terms.DATATYPE, "true or false"),
        ("grade", "III", terms.IN, "Expected one of the grades of listed buildings."),
        (
            "website",
            "ftp://example.org",
            terms.PATTERN,
            "does not have the form ^(http",
        ),
        ("tags", ["a", "b", "c", "d"], terms.MAX_COUNT, "more than 3 value"),
        ("parent-site", "901", terms.CLASS, "no record “901” in the register site"),
        ("owner", "A2", terms.CLASS, "no record “A2” in the register owner"),
        ("authority", "owner:A2", terms.CLASS, "no record “A2” in the register owner"),
        ("authority", "nowhere:A1", terms.CLASS, "“A1” in the register nowhere"),
        ("point", "here", terms.NODE, "not a point"),
        ("start-date", "1905-13", terms.INVALID_DATE, "is not a date"),
        ("start-date", "2019-02-30", terms.OR, "is not a date"),
        ("start-date", "5 May 1905", terms.OR, "is not a date"),
    ],
)
def test_each_broken_constraint_is_that_violation_only(
    check_sites: Check, field: str, value: Any, component: str, said: str
) -> None:
    """One defect gives one violation, with its row, key, field, value and shape."""
    report = check_sites([site("7"), {**site("8"), field: value}, site("9")])
    (found,) = report.violations
    assert (found.row, found.key, found.field) == (3, "8", field)
    assert found.component == component
    assert found.severity == "violation"
    assert found.shape == SHAPE + field
    assert found.value == (value if isinstance(value, str) else None)
    assert said in found.message
    assert report.rejected_rows("site").to_list() == [3]


def test_a_member_of_an_array_is_named_as_written(check_sites: Check) -> None:
    """Of several values only the one that breaks the constraint is reported."""
    (found,) = check_sites([site(tags=["old", "No"])]).violations
    assert (found.field, found.value) == ("tags", "No")


def test_a_shape_of_severity_warning_refuses_nothing(check_sites: Check) -> None:
    """A warning is reported, and the row passes."""
    report = check_sites([site(note="n" * 21)])
    (found,) = report.violations
    assert (found.field, found.severity) == ("note", "warning")
    assert report.conforms
    assert report.rejected_rows("site").is_empty()


def test_an_undeclared_column_is_refused_where_it_has_values(
    check_sites: Check,
) -> None:
    """What no shape declares is refused, and its values are not repeated."""
    report = check_sites([site("7"), {**site("8"), "HeadLastName": "Example"}])
    (found,) = report.violations
    assert found.component == terms.CLOSED
    assert (found.row, found.key, found.field) == (3, "8", "HeadLastName")
    assert found.value is None
    assert "Example" not in str(report.as_json(BASE))


def test_an_empty_undeclared_column_refuses_the_release(check_sites: Check) -> None:
    """A column without values is still one that nobody declared."""
    report = check_sites([{**site("7"), "HeadLastName": None}])
    assert places(report) == [(None, "HeadLastName", terms.CLOSED)]
    assert report.rejects_all("site")


def test_a_row_without_key_is_refused(check_sites: Check) -> None:
    """A missing key is a missing required field, reported by row."""
    report = check_sites([site("7"), {**site(), "site": None}])
    assert places(report) == [(3, "site", terms.MIN_COUNT)]


def test_a_key_that_no_iri_can_hold_does_not_hide_other_rows(
    check_sites: Check,
) -> None:
    """Odd keys are judged by the pattern, and their neighbours as always."""
    rows = [site("a b"), site("<x>"), site('"'), site("9", name="x")]
    found = check_sites(rows).violations
    assert {(one.row, one.component) for one in found} == {
        (2, terms.PATTERN),
        (3, terms.PATTERN),
        (4, terms.PATTERN),
        (5, terms.MIN_LENGTH),
    }


def test_rows_with_one_key_are_judged_apart(check_sites: Check) -> None:
    """Two rows with one key are one node in RDF, yet neither is blamed for both."""
    report = check_sites([site("7", name="One"), site("7", name="x"), site("7")])
    assert set(places(report)) == {
        (2, "site", terms.DUPLICATE_KEY),
        (3, "site", terms.DUPLICATE_KEY),
        (4, "site", terms.DUPLICATE_KEY),
        (3, "name", terms.MIN_LENGTH),
    }


def test_a_link_to_a_row_of_another_batch_counts(check_sites: Check) -> None:
    """Links within a load hold across the borders of batches, and do not make the
    record linked to a row that is judged twice."""
    rows = [site(str(key), parent_site=str(key % 9 + 1)) for key in range(1, 10)]
    for batch in (1, 2, 4, 9):
        assert check_sites(rows, batch=batch).violations == ()


def test_progress_tells_the_rows_judged(check_sites: Check) -> None:
    """Progress ends at the number of rows."""
    told: list[tuple[int, int]] = []
    rows = [site(str(key)) for key in range(1, 6)]
    check_sites(rows, batch=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_shape_that_cannot_be_used_is_named(tmp_path: Any, schemas: Schemas) -> None:
    """A fault of the shape is not taken for one of the data."""
    text = (HERE / "shapes" / "site.ttl").read_text()
    (tmp_path / "site.ttl").write_text(
        text.replace('sh:pattern "^[a-z]+$"', "sh:minLength 1 , 2")
    )
    broken = Schemas([tmp_path])
    frame = staged_frame(broken["site"], [site()])
    with pytest.raises(InvalidShape, match="shapes#site"):
        check(
            frame,
            broken["site"],
            broken,
            held=held,
            source_date=SOURCE_DATE,
            base=BASE,
        )


# ---- the same verdicts as pySHACL by itself ---------------------------------

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=45)
_KEY = st.sampled_from(["1", "2", "3", "40", "0900", "a b", "é/ü", "%", "[::1]"])
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.none() | _TEXT | st.just("Castle"),
    "name-cy": st.none() | _TEXT,
    "size": st.sampled_from(
        [None, "1", "01", "+5", "-0", "1.0", "x", "9" * 5000, " 1"]
    ),
    "open": st.sampled_from([None, "true", "1", "0", "TRUE", "yes"]),
    "grade": st.sampled_from([None, "I", "II", "i"]),
    "website": st.sampled_from([None, "https://x.org", "mailto:a@b.org", "x y", "<>"]),
    "tags": st.none()
    | st.lists(st.sampled_from(["a", "b", "C", "é", "a b"]), max_size=5),
    "parent-site": st.sampled_from([None, "1", "2", "900", "901", "a b", "é/ü"]),
    "owner": st.sampled_from([None, *OWNERS, "A2", "é", "b 2"]),
    "authority": st.sampled_from(
        [None, "owner:A1", "site:900", "x", "owner:", ":", "a b:c"]
    ),
    "point": st.sampled_from(
        [None, "[0,51]", "[51,0]", "x", "POINT(0 51)", "[1e-7,1]"]
    ),
    "start-date": st.sampled_from(
        [
            None,
            "1905",
            "1993-01",
            "1993-13",
            "2018-10-09",
            "2018-02-30",
            "0000",
            "2016-04-05T13:23:05Z",
            "2016-04-05T25:00:00Z",
            "2018-10-09Z",
            "x",
            "12018",
        ]
    ),
}
_ROWS = st.lists(
    st.fixed_dictionaries({"site": _KEY, **_VALUES}),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row["site"],
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=_ROWS)
def test_verdicts_are_those_of_pyshacl_by_itself(
    schemas: Schemas, rows: list[Row]
) -> None:
    """Focus node, path, value, component and severity equal those of one pySHACL run
    over the shapes as they were written and the rows as rdflib reads them."""
    frame = staged_frame(schemas["site"], rows)
    report = check(
        frame,
        schemas["site"],
        schemas,
        held=held,
        source_date=SOURCE_DATE,
        base=BASE,
    )
    turtle = pyoxigraph.parse(report.as_rdf(BASE, schemas), RdfFormat.TURTLE)
    triples = pyoxigraph.serialize(turtle, format=RdfFormat.N_TRIPLES)
    ours = as_written((triples or b"").decode())
    shacl = {
        v
        for v in verdicts(ours, ours.subjects(RDF.type, SH.ValidationResult))
        if str(v[3]).startswith(terms.SH)
    }
    assert shacl == direct_verdicts(schemas, rows)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=_ROWS, seed=st.randoms(use_true_random=False), batch=st.integers(1, 7))
def test_order_and_batch_size_do_not_matter(
    schemas: Schemas, rows: list[Row], seed: Any, batch: int
) -> None:
    """The same rows give the same violations however they are ordered and cut."""
    frame = staged_frame(schemas["site"], rows)
    order = list(range(len(rows)))
    seed.shuffle(order)
    arguments: dict[str, Any] = {
        "held": held,
        "source_date": SOURCE_DATE,
        "base": BASE,
    }
    schema = schemas["site"]
    whole = check(frame, schema, schemas, **arguments)
    cut_up = check(Staged(frame[order], batch), schema, schemas, **arguments)
    assert set(cut_up.violations) == set(whole.violations)
    assert cut_up.counts == whole.counts


def direct_verdicts(schemas: Schemas, rows: list[Row]) -> set[Verdict]:
    """What pySHACL says of all rows in one graph, with nothing of the gate between."""
    items = [item_of(row) for row in rows]
    keys = {str(item["site"]) for item in items}
    there: HeldKeys = {"owner": OWNERS, "site": {"900": None}}
    known = brief(schemas["site"], schemas, BASE)
    results = plain_report(known, items, there, keys)
    subjects = {URIRef(record_iri(BASE, "site", key)) for key in keys}
    found = verdicts(results, results.objects(None, SH.result))
    return {verdict for verdict in found if verdict[0] in subjects}


def item_of(row: Row) -> dict[str, Any]:
    """What the row says: absent values left out, and arrays without any."""
    return {name: value for name, value in row.items() if value not in (None, [])}


def verdicts(graph: Graph, results: Iterable[Node]) -> set[Verdict]:
    wanted = (SH.focusNode, SH.resultPath, SH.value, SH.sourceConstraintComponent)
    return {
        (
            graph.value(one, wanted[0]) or one,
            graph.value(one, wanted[1]),
            _plain(graph.value(one, wanted[2])),
            graph.value(one, wanted[3]),
            graph.value(one, SH.resultSeverity),
        )
        for one in results
    }


def _plain(node: Node | None) -> Node | None:
    """xsd:string written out and left out are one datatype (RDF 1.1)."""
    if isinstance(node, rdflib.Literal) and str(node.datatype).endswith("#string"):
        return rdflib.Literal(str(node))
    return node


def test_every_character_can_be_in_a_key_of_a_link(schemas: Schemas) -> None:
    """A link to a held record is found whatever its key is made of."""
    odd = [c + "1" for c in string.punctuation + " é\u2028"]

    rows: list[Row] = [site(str(i), owner=key) for i, key in enumerate(odd, start=1)]
    frame = staged_frame(schemas["site"], rows).drop("authority")
    report = check(
        frame,
        schemas["site"],
        schemas,
        held=holding({"owner": dict.fromkeys(odd)}),
        source_date=SOURCE_DATE,
        base=BASE,
    )
    found = [v for v in report.violations if v.component.startswith(terms.SH)]
    assert found == []
    assert pl.Series(odd).n_unique() == len(odd)
