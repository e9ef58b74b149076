"""Literals by column are judged as pySHACL judges them one by one, or not at all."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence

import polars as pl
import pyshacl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef

from trigpoint.gate.shacl.lexical import Operator, Order, ordered, satisfies, well_typed
from trigpoint.schema.shape import GEO

EX = "http://example.org/"
WKT = URIRef(f"{GEO}wktLiteral")
_XSD = ["string", "integer", "decimal", "boolean", "date", "gYear", "gYearMonth"]
_XSD += ["dateTime", "anyURI", "double", "time", "token", "nonNegativeInteger"]
KINDS = {name: URIRef(XSD + name) for name in _XSD} | {
    "wkt": WKT,
    "langString": RDF.langString,
    "XMLLiteral": RDF.XMLLiteral,
}
BOUNDS: dict[Operator, URIRef] = {
    ">": SH.minExclusive,
    ">=": SH.minInclusive,
    "<": SH.maxExclusive,
    "<=": SH.maxInclusive,
}
ORDERS: dict[Order, URIRef] = {"<": SH.lessThan, "<=": SH.lessThanOrEquals}

digits = st.text("0129", max_size=20)
integers = st.builds("{}{}".format, st.sampled_from(["", "", "-", "+"]), digits)
small = st.integers(-3, 12).map(str)
decimals = st.builds("{}.{}".format, integers, digits) | st.builds(
    "{}.{}".format, small, st.sampled_from(["0", "5", "50", "", "000000000000000001"])
)
days = st.dates().map(str) | st.sampled_from(
    ["2020-01-01", "2020-02-30", "1900-02-29", "2000-02-29", "0000-01-01", "2020-13-01"]
)
near = st.sampled_from(["2020-01-01", "2020-01-02", "2019-12-31"])
fractions = st.sampled_from(["", "", ".5", ".50", ".000001", ".0000001", ".999999"])
zones = st.sampled_from(["", "", "Z", "+01:00", "-14:00", "+00:00", "+15:00", "+24:00"])
moments = st.builds(
    "{}T{}{}{}".format,
    *(days | near, st.sampled_from(["00:00:00", "23:59:59", "24:00:00", "12:00:60"])),
    *(fractions, zones),
)
odd = st.text("0123456789+-.eEnaifty_TZ:W \t\x1c٣é/", max_size=8) | st.sampled_from(
    [
        *(
            "N/A",
            "",
            "1_0",
            "1__0",
            " 12 ",
            "\u2003 1",
            "٣",
            "NaN",
            "sNaN1",
            "-Infinity",
        ),
        *("1e5", "_1", "n_a_n", "9" * 4301, "0" * 4300, "20200101", "2020-W01-1"),
        *("-2020-01-01", "2020-01-01Z", "2020-01-01+01:00", "2020-01", "2020", "TRUE"),
        *("true", "false", "1", "0", "2020-01-01T10", "20200101T101010", "i_nf"),
        *("2020-01-01 10:10:10", "snan", "+1", "--1", "1.", ".", "+.5", "1 2", "\x1f1"),
    ]
)
texts = odd | integers | small | decimals | days | near | moments | st.text()


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Without the stack traces that rdflib logs for ill-typed literals."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def literal(text: str, kind: str, language: str | None = None) -> Literal:
    """A literal as pySHACL is given those of rows (gate/shacl/rowstore.py)."""
    if kind == "langString":
        return Literal(text, lang=language or "cy", normalize=False)
    datatype = None if kind == "string" else KINDS[kind]
    return Literal(text, datatype=datatype, normalize=False)


def refused(
    rows: Sequence[Sequence[Literal]], *constraint: tuple[URIRef, object]
) -> set[int]:
    """Which rows, one value or a pair, pySHACL refuses by a constraint on the first;
    raises TypeError where pySHACL does."""
    data, shapes = Graph(), Graph()
    shape, value = BNode(), URIRef(f"{EX}0")
    shapes.add((shape, RDF.type, SH.PropertyShape))
    shapes.add((shape, SH.targetSubjectsOf, value))
    shapes.add((shape, SH.path, value))
    for parameter, argument in constraint:
        shapes.add((shape, parameter, argument))  # type: ignore[arg-type]  # any node
    for i, row in enumerate(rows):
        for j, one in enumerate(row):
            data.add((URIRef(f"{EX}row/{i}"), URIRef(f"{EX}{j}"), one))
    with warnings.catch_warnings():
        # rdflib asks NotImplemented for its truth, and tells of odd booleans.
        warnings.simplefilter("ignore")
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True)
    return {int(str(n).rpartition("/")[2]) for n in report.objects(None, SH.focusNode)}


def answers(expression: pl.Expr, *values: Sequence[str | None]) -> list[bool | None]:
    """What the expression says of rows of texts."""
    columns = {str(i): pl.Series(v, dtype=pl.String) for i, v in enumerate(values)}
    frame = pl.DataFrame(columns)
    found: list[bool | None] = frame.with_columns(found=expression)["found"].to_list()
    return found


def agree(given: list[bool | None], bad: set[int], rows: Sequence[object]) -> None:
    """Every certain answer is pySHACL's."""
    wrong = [
        (row, answer)
        for i, (row, answer) in enumerate(zip(rows, given, strict=True))
        if answer is not None and answer == (i in bad)
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", [*KINDS, "unknown"])
@settings(max_examples=25, deadline=None)
@given(values=st.lists(texts, max_size=40))
def test_what_is_well_typed_is_so_for_pyshacl(kind: str, values: list[str]) -> None:
    """sh:datatype, for texts in every form that the parsers behind rdflib read."""
    datatype = KINDS.get(kind, URIRef(f"{EX}unknown"))
    rows = [
        [literal(one, kind) if kind in KINDS else Literal(one, datatype=datatype)]
        for one in values
    ]
    given = answers(well_typed(pl.col("0"), str(datatype)), values)
    agree(given, refused(rows, (SH.datatype, datatype)), values)


bounds = st.one_of(
    *(
        st.tuples(strategy, st.sampled_from(kinds))
        for strategy, kinds in (
            (small | integers | decimals, ["integer", "decimal", "string", "double"]),
            (near | days, ["date", "gYear", "string"]),
            (moments, ["dateTime", "date", "time"]),
            (st.sampled_from(["a", "N/A", "", "2020", "true"]), [*KINDS]),
        )
    )
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(texts, max_size=40),
    bound=bounds,
    same=st.booleans(),
    operator=st.sampled_from([*BOUNDS]),
    language=st.sampled_from([None, "cy", "en", "CY"]),
)
def test_bounds_hold_where_they_hold_for_pyshacl(
    kind: str,
    values: list[str],
    bound: tuple[str, str],
    same: bool,
    operator: Operator,
    language: str | None,
) -> None:
    """The four bounds, of the literal's own datatype and of others."""
    limit = literal(bound[0], kind if same else bound[1], language)
    values = [*values, bound[0]]
    spoken = "cy" if kind == "langString" else None
    rows = [[literal(one, kind)] for one in values]
    expression = satisfies(pl.col("0"), str(KINDS[kind]), spoken, operator, limit)
    try:
        bad = refused(rows, (BOUNDS[operator], limit))
    except ArithmeticError:  # pySHACL cannot compare what is no number
        return
    agree(answers(expression, values), bad, values)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts) | st.tuples(near, near), max_size=25),
    other=st.sampled_from([*KINDS]),
    same=st.booleans(),
    operator=st.sampled_from([*ORDERS]),
)
def test_pairs_stand_in_the_order_of_pyshacl(
    kind: str, rows: list[tuple[str, str]], other: str, same: bool, operator: Order
) -> None:
    """sh:lessThan and sh:lessThanOrEquals, of one datatype and of two."""
    other = kind if same else other
    kinds = str(KINDS[kind]), str(KINDS[other])
    rows = [*rows, *((one, one) for one, _ in rows)]
    expression = ordered(pl.col("0"), kinds[0], operator, pl.col("1"), kinds[1])
    given = answers(expression, [a for a, _ in rows], [b for _, b in rows])
    constraint = (ORDERS[operator], URIRef(f"{EX}1"))
    for row, answer in zip(rows, given, strict=True):
        if answer is not None:
            pair = [literal(row[0], kind), literal(row[1], other)]
            agree([answer], refused([pair], constraint), [row])


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        *(("integer", text, True) for text in ("0", "-12", "+7", "007", "9" * 600)),
        *(("integer", text, False) for text in ("N/A", "", "12.0", "1e5", "abc", "-")),
        *(("decimal", text, True) for text in ("0.5", "-12", ".5", "5.", "9" * 600)),
        *(("decimal", text, False) for text in ("N/A", "", "5x", "1,5")),
        *(("boolean", text, True) for text in ("true", "false", "0", "1")),
        *(("boolean", text, False) for text in ("TRUE", "yes", "")),
        *(("date", text, True) for text in ("2020-02-29", "0001-01-01")),
        *(("date", text, False) for text in ("2019-02-29", "0000-01-01", "N/A")),
        ("dateTime", "2020-02-29T23:59:59.1234567+01:00", True),
        ("dateTime", "2019-02-29T23:59:59", False),
        *((kind, "anything", True) for kind in ("string", "anyURI", "gYear", "wkt")),
    ],
)
def test_ordinary_texts_do_not_go_to_pyshacl(
    kind: str, text: str, wanted: bool
) -> None:
    """Well-formed values, and the malformed ones that fill columns, are certain."""
    assert answers(well_typed(pl.col("0"), str(KINDS[kind])), [text]) == [wanted]


@pytest.mark.parametrize(
    ("kind", "text", "bound"),
    [
        ("integer", "12", Literal(12)),
        ("integer", "9" * 18, Literal("0.5", datatype=XSD.decimal)),
        ("decimal", "12.50", Literal("12.5", datatype=XSD.decimal)),
        ("decimal", "0.0000000000000001", Literal(0)),
        ("integer", "N/A", Literal(1)),
        ("date", "2020-02-29", Literal("2020-03-01", datatype=XSD.date)),
        (
            "dateTime",
            "2020-02-29T10:00:00Z",
            literal("2020-02-29T12:00:00+02:00", "dateTime"),
        ),
        (
            "dateTime",
            "2020-02-29T10:00:00",
            literal("2020-02-29T10:00:00Z", "dateTime"),
        ),
        ("gYear", "2020", literal("2020", "gYear")),
        ("string", "b", Literal("a")),
        ("string", "b", Literal(1)),
    ],
)
def test_ordinary_bounds_do_not_go_to_pyshacl(
    kind: str, text: str, bound: Literal
) -> None:
    """Numbers, dates, moments and strings against bounds are certain, and right."""
    for operator, parameter in BOUNDS.items():
        expression = satisfies(pl.col("0"), str(KINDS[kind]), None, operator, bound)
        bad = refused([[literal(text, kind)]], (parameter, bound))
        assert answers(expression, [text]) == [not bad]


@pytest.mark.parametrize(
    ("kind", "text", "other", "than"),
    [
        ("integer", "0.", "decimal", "1"),
        ("integer", "9" * 20, "integer", "12"),
        ("date", "2019-02-29", "date", "2020-01-01"),
        ("dateTime", "2020-01-01T00:00:00+01:00", "dateTime", "2020-01-01T00:00:00Z"),
    ],
)
def test_what_pairs_of_odd_numbers_and_dates_are_is_not_guessed(
    kind: str, text: str, other: str, than: str
) -> None:
    """An ill-typed value, a number too long and another zone are not certain."""
    one, two = pl.col("0"), pl.col("1")
    expression = ordered(one, str(KINDS[kind]), "<", two, str(KINDS[other]))
    assert answers(expression, [text], [than]) == [None]


def test_a_null_text_has_a_null_answer() -> None:
    """Nothing is said of a value that is not there."""
    text, bound = pl.col("0"), Literal(1)
    for datatype in map(str, KINDS.values()):
        assert answers(well_typed(text, datatype), [None]) == [None]
        assert answers(satisfies(text, datatype, None, "<", bound), [None]) == [None]
        assert answers(ordered(text, datatype, "<", text, datatype), [None]) == [None]
