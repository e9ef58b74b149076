"""Identifiers in the spellings that people use, and text that is none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, URIRef

from trigpoint.errors import InvalidIdentifier
from trigpoint.identifiers import (
    SPELLINGS,
    canonical_key,
    parse_gss_code,
    parse_laestab,
    parse_postcode,
    parse_school_urn,
    parse_uprn,
    parse_usrn,
    uprn_from_base32,
)
from trigpoint.iris import ONTOLOGY
from trigpoint.schema.catalogue import Schemas

Parse = Callable[[str], str]
PARSERS = [
    *(parse_uprn, parse_usrn, parse_gss_code, parse_school_urn, parse_postcode),
    parse_laestab,
    uprn_from_base32,
]


@pytest.mark.parametrize(
    ("parse", "text", "canonical"),
    [
        (parse_uprn, "100023336956", "100023336956"),
        (parse_uprn, "000000012345", "12345"),
        (parse_uprn, " 1 ", "1"),
        (parse_uprn, "0" * 50 + "999999999999", "999999999999"),
        (parse_usrn, "08400001", "8400001"),
        (parse_school_urn, "100000", "100000"),
        (parse_gss_code, "e09000033", "E09000033"),
        (parse_gss_code, " W06000001\n", "W06000001"),
        (parse_postcode, "sw1a1aa", "SW1A 1AA"),
        (parse_postcode, "SW1A  1AA", "SW1A 1AA"),
        (parse_postcode, "m1 1ae", "M1 1AE"),
        (parse_postcode, "gir0aa", "GIR 0AA"),
        (parse_postcode, "EC1A 1BB", "EC1A 1BB"),
        (parse_postcode, "W1A 0AX", "W1A 0AX"),
        (parse_laestab, "201/3614", "201/3614"),
        (parse_laestab, " 2013614", "201/3614"),
        (parse_laestab, "681-4000", "681/4000"),
        (parse_laestab, "943 0001", "943/0001"),
        (uprn_from_base32, "1", "1"),
        (uprn_from_base32, "z", "31"),
        (uprn_from_base32, "10", "32"),
        (uprn_from_base32, "iL", "33"),
        (uprn_from_base32, "oo1", "1"),
    ],
)
def test_a_spelling_becomes_the_canonical_one(
    parse: Parse, text: str, canonical: str
) -> None:
    """Case, spaces and leading zeros are put right."""
    assert parse(text) == canonical
    if parse is not uprn_from_base32:
        assert parse(canonical) == canonical


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_uprn, ""),
        (parse_uprn, "0"),
        (parse_uprn, "1000000000000"),
        (parse_uprn, "-1"),
        (parse_uprn, "1e5"),
        (parse_uprn, "12 34"),
        (parse_uprn, "1.0"),
        (parse_uprn, "１２３"),
        (parse_uprn, "²"),
        (parse_uprn, "9" * 10_000),
        (parse_usrn, "100000000"),
        (parse_school_urn, "012345"),
        (parse_laestab, "200/1000"),
        (parse_laestab, "944/1000"),
        (parse_laestab, "201/0000"),
        (parse_laestab, "201/361"),
        (parse_laestab, "201//3614"),
        (parse_laestab, "２０１/3614"),
        (parse_school_urn, "1000000"),
        (parse_school_urn, "12345"),
        (parse_school_urn, "１２３４５６"),
        (parse_gss_code, "E0900003"),
        (parse_gss_code, "E090000333"),
        (parse_gss_code, "X09000033"),
        (parse_gss_code, "ſ12000033"),
        (parse_postcode, "SW1A"),
        (parse_postcode, "SW1A 1A"),
        (parse_postcode, "QW1A 1AA"),
        (parse_postcode, "SW1A 1CA"),
        (parse_postcode, "ß1 1AA"),
        (parse_postcode, "SW1A 1AA; DROP"),
        (uprn_from_base32, ""),
        (uprn_from_base32, "0"),
        (uprn_from_base32, "U"),
        (uprn_from_base32, "ı"),
        (uprn_from_base32, "z" * 5_000),
    ],
    ids=lambda value: value.__name__ if callable(value) else value[:16],
)
def test_text_that_is_no_identifier_is_refused(parse: Parse, text: str) -> None:
    """What cannot be read raises InvalidIdentifier and says what was expected."""
    with pytest.raises(InvalidIdentifier, match="expected"):
        parse(text)


@given(st.sampled_from(PARSERS), st.text() | st.text("0123456789 ESWesw", max_size=14))
def test_a_parser_returns_one_spelling_or_refuses(parse: Parse, text: str) -> None:
    """Any text is refused by an error of ours, or becomes ASCII that stays itself."""
    try:
        found = parse(text)
    except InvalidIdentifier:
        return
    assert found.isascii()
    assert (parse_uprn if parse is uprn_from_base32 else parse)(found) == found


@given(st.integers(1, 999_999_999_999))
def test_base32_is_the_number_it_writes(uprn: int) -> None:
    """Every UPRN is read back from its Crockford base32."""
    digits, text = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", ""
    number = uprn
    while number:
        number, digit = divmod(number, 32)
        text = digits[digit] + text
    assert uprn_from_base32(text) == str(uprn)
    assert uprn_from_base32(text.lower()) == str(uprn)


def test_a_key_is_spelt_as_its_register_says() -> None:
    """A key without a rule stays as it is; with one, its parser is used."""
    assert canonical_key(None, " as it is ") == " as it is "
    assert canonical_key(f"{ONTOLOGY}Postcode", "sw1a1aa") == "SW1A 1AA"
    assert canonical_key(f"{ONTOLOGY}Uprn", "007") == "7"
    with pytest.raises(InvalidIdentifier, match="not a key spelling"):
        canonical_key(f"{ONTOLOGY}Isbn", "1")


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
@given(data=st.data())
def test_what_is_said_to_be_canonical_is(spelling: str, data: st.DataObject) -> None:
    """A text that a kind's expression matches is given back by its parser as it is."""
    kind = SPELLINGS[spelling]
    text = data.draw(st.from_regex(kind.canonical, fullmatch=True))
    assert kind.parse(text) == text


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
@given(text=st.text(alphabet="0123456789EWSTABN/ -", max_size=12))
def test_what_is_canonical_is_said_to_be(spelling: str, text: str) -> None:
    """What a parser makes of a text is matched by its kind's expression, so an honest
    identifier is never looked at twice."""
    kind = SPELLINGS[spelling]
    try:
        canonical = kind.parse(text)
    except InvalidIdentifier:
        return
    assert re.fullmatch(kind.canonical, canonical)


def test_the_ontology_defines_every_key_spelling(schemas: Schemas) -> None:
    """The spellings that shapes may name are the ones that there are parsers for."""
    kinds = schemas.ontology.subjects(RDF.type, URIRef(f"{ONTOLOGY}KeySpelling"))
    assert {str(kind) for kind in kinds} == set(SPELLINGS)
