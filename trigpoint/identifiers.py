"""Identifiers that people spell in several ways, with one parser each.

Every parser takes text as found and returns the canonical spelling, or raises
InvalidIdentifier with the form that was expected. The kinds are named in shapes
by `tp:keySpelling` and `tp:valueSpelling`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from trigpoint.errors import InvalidIdentifier
from trigpoint.iris import ONTOLOGY

# Crockford base32: no I, L, O, U; they are read as the digits they look like.
_BASE32 = {
    character: n for n, character in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
}
_BASE32 |= {"O": 0, "I": 1, "L": 1}

_MAX_UPRN = 999_999_999_999  # twelve digits, BS 7666-2
_MAX_USRN = 99_999_999  # eight digits, BS 7666-1

# Royal Mail PAF Programmers' Guide, "Postcode format"; GIR 0AA stands alone.
_OUTWARD = (
    "([A-PR-UWYZ][0-9][0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y][0-9][0-9ABEHMNPRVWXY]?|GIR)"
)
_INWARD = "[0-9][ABD-HJLNP-UW-Z]{2}"
_POSTCODE = re.compile(_OUTWARD + _INWARD)
_GSS = re.compile(r"[EKLMNSWJ][0-9]{8}")

# Get Information about Schools (Department for Education): the numbers of local
# authorities go from the City of London to Westmorland and Furness, Wales and offshore
# establishments among them. An establishment number is given from 1 up.
_LAESTAB = re.compile(r"([0-9]{3})[/ -]?([0-9]{4})")
_FIRST_LA, _LAST_LA = 201, 943


def _number(text: str, what: str, limit: int) -> str:
    digits = text.strip().lstrip("0")
    # The length first: Python refuses to read a number of thousands of digits.
    fits = 0 < len(digits) <= len(str(limit))
    if not fits or not re.fullmatch("[0-9]+", digits):
        raise InvalidIdentifier(
            f"“{text}” is not a {what}: expected a whole number from 1 to {limit}",
            parameter=what,
        )
    return digits


def parse_uprn(text: str) -> str:
    """A Unique Property Reference Number: up to 12 digits, no leading zeros."""
    return _number(text, "UPRN", _MAX_UPRN)


def parse_usrn(text: str) -> str:
    """A Unique Street Reference Number: up to 8 digits, no leading zeros."""
    return _number(text, "USRN", _MAX_USRN)


def parse_school_urn(text: str) -> str:
    """A school's Unique Reference Number: six digits (GIAS)."""
    digits = text.strip()
    if not re.fullmatch(r"[1-9][0-9]{5}", digits):
        raise InvalidIdentifier(
            f"“{text}” is not a school's URN: expected six digits, the first not zero",
            parameter="school URN",
        )
    return digits


def parse_gss_code(text: str) -> str:
    """An ONS GSS code: a letter and eight digits, upper case."""
    code = text.strip().upper()
    # `upper` makes ASCII of some letters that are not: ſ, ı, ß.
    if not text.isascii() or not _GSS.fullmatch(code):
        raise InvalidIdentifier(
            f"“{text}” is not a GSS code: expected a letter and eight digits, "
            "such as E09000033",
            parameter="GSS code",
        )
    return code


def parse_postcode(text: str) -> str:
    """A postcode with one space before its last three characters, upper case."""
    packed = "".join(text.upper().split())
    if not text.isascii() or not _POSTCODE.fullmatch(packed):
        raise InvalidIdentifier(
            f"“{text}” is not a postcode: expected one such as SW1A 1AA",
            parameter="postcode",
        )
    return f"{packed[:-3]} {packed[-3:]}"


def parse_laestab(text: str) -> str:
    """A school's number in its local authority: `201/3614` (GIAS)."""
    match = _LAESTAB.fullmatch(text.strip())
    if (
        match is None
        or not _FIRST_LA <= int(match[1]) <= _LAST_LA
        or match[2] == "0000"
    ):
        raise InvalidIdentifier(
            f"“{text}” is not a LAESTAB number: expected the number of a local "
            f"authority from {_FIRST_LA} to {_LAST_LA}, a stroke and four digits, "
            "such as 201/3614",
            parameter="LAESTAB number",
        )
    return f"{match[1]}/{match[2]}"


def uprn_from_base32(text: str) -> str:
    """The UPRN that the GDS address register wrote in Crockford base32."""
    value = 0
    for character in text.strip():
        if character.upper() not in _BASE32 or not character.isascii():
            raise InvalidIdentifier(
                f"“{text}” is not Crockford base32: unexpected “{character}”",
                parameter="UPRN",
            )
        value = min(value * 32 + _BASE32[character.upper()], _MAX_UPRN + 1)
    return parse_uprn(str(value))


@dataclass(frozen=True)
class Spelling:
    """How one kind of identifier is read, and a regular expression of what is certainly
    canonical: `parse` gives back a text that it matches whole as it is. It needs
    nothing that engines without backtracking lack."""

    parse: Callable[[str], str]
    canonical: str


SPELLINGS: dict[str, Spelling] = {
    f"{ONTOLOGY}Uprn": Spelling(parse_uprn, "[1-9][0-9]{0,11}"),
    f"{ONTOLOGY}Usrn": Spelling(parse_usrn, "[1-9][0-9]{0,7}"),
    f"{ONTOLOGY}GssCode": Spelling(parse_gss_code, _GSS.pattern),
    f"{ONTOLOGY}SchoolUrn": Spelling(parse_school_urn, "[1-9][0-9]{5}"),
    f"{ONTOLOGY}Postcode": Spelling(parse_postcode, f"{_OUTWARD} {_INWARD}"),
    f"{ONTOLOGY}Laestab": Spelling(
        parse_laestab,
        "(?:20[1-9]|2[1-9][0-9]|[3-8][0-9]{2}|9[0-3][0-9]|94[0-3])/"
        "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    ),
}


def canonical_key(spelling: str | None, key: str) -> str:
    """A key in its register's canonical spelling; without a rule, as it is.

    `spelling` is the IRI of a tp:KeySpelling. Raises InvalidIdentifier when the
    key cannot be read, or the spelling is not one of those above.
    """
    if spelling is None:
        return key
    if spelling not in SPELLINGS:
        raise InvalidIdentifier(f"<{spelling}> is not a key spelling known here")
    return SPELLINGS[spelling].parse(key)
