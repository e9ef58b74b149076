"""Identifiers that people spell in several ways, with one parser each.

Every parser takes text as found and returns the canonical spelling, or raises
InvalidIdentifier with the form that was expected. The kinds are named in shapes
by `tp:keySpelling`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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
_POSTCODE = re.compile(
    r"(?:[A-PR-UWYZ][0-9][0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y][0-9][0-9ABEHMNPRVWXY]?"
    r"|GIR)[0-9][ABD-HJLNP-UW-Z]{2}"
)
_GSS = re.compile(r"[EKLMNSWJ][0-9]{8}")


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


SPELLINGS: dict[str, Callable[[str], str]] = {
    f"{ONTOLOGY}Uprn": parse_uprn,
    f"{ONTOLOGY}Usrn": parse_usrn,
    f"{ONTOLOGY}GssCode": parse_gss_code,
    f"{ONTOLOGY}SchoolUrn": parse_school_urn,
    f"{ONTOLOGY}Postcode": parse_postcode,
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
    return SPELLINGS[spelling](key)
