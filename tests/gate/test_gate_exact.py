"""Rules find by column what they find one by one, and pass by ordinary rows."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.values import MANY, SCHEMAS, TEXTS, Value, staged, texts
from trigpoint.gate import terms
from trigpoint.gate.checks import run
from trigpoint.gate.dates import is_before, is_date
from trigpoint.gate.rules import EMAIL
from trigpoint.gate.rules.periods import end_checks
from trigpoint.gate.rules.values import value_check

# A field for every way in which values are told to be without fault.
FIELDS = [
    *(("address", "address"), ("address", "name"), ("address", "local-authority")),
    *(("address", "postcode"), ("address", "point"), ("address", "start-date")),
    *(("school-eng", "dfe-number"), ("school-eng", "website"), ("street", "street")),
    *(("school-eng", "school-eng"), ("school-eng", "successors")),
    ("statistical-geography-country", "statistical-geography-country"),
    ("statistical-geography-ward", "within"),
]


@pytest.mark.parametrize(("register", "name"), FIELDS)
@given(st.lists(texts, max_size=40))
@MANY
def test_columns_give_what_single_values_give(
    register: str, name: str, values: list[str]
) -> None:
    """What is passed by in a column has no fault that the rules would find in it."""
    schema = SCHEMAS[register]
    field = schema.field(name)
    given_values: list[Value] = [*values, *TEXTS, None]
    if field.many:
        given_values = [*([one, "fine"] for one in (*values, *TEXTS)), [None], [], None]
    rows = staged(schema, {name: given_values})
    check = value_check(schema, field)
    assert Counter(run(rows, [check])) == Counter(check.find(rows))


def test_every_letter_is_judged_as_one_by_one() -> None:
    """Each character of the basic plane, alone and within a text, is a formula, a
    control, or none of them, as Python reads the same classes."""
    schema = SCHEMAS["address"]
    letters = [chr(n) for n in range(0x10000) if not 0xD800 <= n <= 0xDFFF]
    values = [*letters, *(f"a{letter}b" for letter in letters)]
    found = run(
        staged(schema, {"name": [*values]}),
        [value_check(schema, schema.field("name"))],
    )
    controls = re.compile(
        "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
    )
    expected = [
        (row, terms.FORMULA_CELL)
        for row, value in enumerate(values)
        if value[0] in "=\t\r\uff1d"
    ] + [
        (row, terms.CONTROL_CHARACTER)
        for row, value in enumerate(values)
        if controls.search(value.lstrip("\t\r"))
    ]
    assert {(one.row, one.component) for one in found} == set(expected)


@given(st.lists(texts | st.from_regex(EMAIL), max_size=40))
@MANY
def test_e_mail_addresses_are_found_as_python_finds_them(values: list[str]) -> None:
    """A column and Python's engine agree on what is an address."""
    schema = SCHEMAS["address"]
    rows = staged(schema, {"name": [*values, None]})
    found = run(rows, [value_check(schema, schema.field("name"))])
    personal = [one.row for one in found if one.component == terms.PERSONAL_DATA]
    assert personal == [n for n, text in enumerate(values) if re.search(EMAIL, text)]


plain_dates = (
    st.dates().map(str).flatmap(lambda day: st.sampled_from([day, day[:7], day[:4]]))
)
times = st.datetimes().flatmap(
    lambda moment: st.sampled_from(["Z", "", "+01:00", "-11:30", "+23:59"]).map(
        lambda zone: moment.isoformat() + zone
    )
)
dates = plain_dates | times | texts
# Near each other, so that they touch, hold or follow one another.
_MOMENTS = ("2018-10-09T13:00:00", "2018-10-09T12:59:59", "2018-10-10T00:30:00")
near = st.builds(
    lambda text, size, zone: text[:size] + zone,
    st.sampled_from(_MOMENTS),
    st.sampled_from([4, 7, 10, 19]),
    st.sampled_from(["", "", "Z", "+01:00", "-02:00"]),
)


@given(st.lists(dates | near, max_size=40))
@MANY
def test_dates_of_a_column_are_told_as_single_ones(values: list[str]) -> None:
    """Days, months, years and times that there were are all that passes."""
    schema = SCHEMAS["address"]
    rows = staged(schema, {"start-date": [*values]})
    found = run(rows, [value_check(schema, schema.field("start-date"))])
    wrong = [one.row for one in found if one.component == terms.INVALID_DATE]
    assert wrong == [n for n, text in enumerate(values) if not is_date(text)]


@given(st.lists(st.tuples(dates | near, dates | near), max_size=40))
@MANY
def test_an_end_is_before_a_start_as_single_dates_are(
    pairs: list[tuple[str, str]],
) -> None:
    """Of any two dates, of whatever precision, columns say what `is_before` says."""
    schema = SCHEMAS["address"]
    ends: list[Value] = [*(end for end, _ in pairs), "2019", None]
    starts: list[Value] = [*(start for _, start in pairs), None, "2019"]
    rows = staged(schema, {"end-date": ends, "start-date": starts})
    found = run(rows, end_checks(schema, rows.columns))
    wrong = [n for n, (end, start) in enumerate(pairs) if is_before(end, start)]
    assert [one.row for one in found] == wrong


@pytest.mark.parametrize(
    ("register", "name", "value"),
    [
        ("address", "address", "100012345678"),
        ("address", "street", "8400001"),
        ("address", "name", "St John’s, Ysgol Gyfun Gŵyr & Co. (Llandrillo-yn-Rhos)"),
        ("address", "postcode", "SW1A 1AA"),
        ("address", "point", "[-3.180512,51.481234]"),
        ("address", "local-authority", "local-authority-eng:HRT"),
        ("address", "start-date", "2024-02-29"),
        ("address", "start-date", "2018-10-09T13:00:00Z"),
        ("school-eng", "dfe-number", "943/0001"),
        ("school-eng", "website", "https://example.org/a?b=c@d"),
        ("school-eng", "successors", ["123456", "123457"]),
        ("statistical-geography-ward", "statistical-geography-ward", "S13000001"),
        (
            "statistical-geography-ward",
            "within",
            ["statistical-geography-county-eng:E10000001", "uk:ENG"],
        ),
    ],
)
def test_ordinary_values_are_not_looked_at(
    register: str, name: str, value: Value
) -> None:
    """What a release is full of costs no look at single rows."""
    schema = SCHEMAS[register]
    rows = staged(schema, {name: [value]})
    check = value_check(schema, schema.field(name))
    assert rows.select(check.suspect).to_series().to_list() == [False]


def test_a_condition_is_never_null() -> None:
    """Neither absent values nor lists of them leave open whether to look."""
    schema = SCHEMAS["school-eng"]
    columns: dict[str, list[Value]] = {
        field.name: [None, [] if field.many else None, [None] if field.many else ""]
        for field in schema.fields
    }
    rows = staged(schema, columns)
    for field in schema.fields:
        suspect = rows.select(value_check(schema, field).suspect).to_series()
        assert suspect.to_list() == [False, False, True], field.name
    (ends,) = end_checks(schema, rows.columns)
    assert rows.select(ends.suspect).to_series().to_list() == [False] * 3
