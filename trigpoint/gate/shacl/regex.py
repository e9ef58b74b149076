"""Regular expressions of shapes in the dialect of the engine that runs them on columns.

sh:pattern (SHACL, section 4.4.3) is judged by pySHACL with Python's `re`; columns are
matched by the Rust crate `regex`. Patterns are read with Python's own parser
(`re._parser`, the module behind `re.compile` since Python 3.11), since a reader of ours
would be one more dialect. Only whether a text matches counts, so greed and captures do
not. What Python takes for a digit, a letter or the other case of a letter is asked of
Python: its Unicode tables are not those of Rust.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from trigpoint.errors import TrigpointError

_SURROGATES = (0xD800, 0xDFFF)
_LAST = 0x10FFFF
# From here on no character has another case, in the Unicode of any Python so far.
UNCASED = 0x20000
_NOTHING = r"[a&&b]"
_TYPES = re.ASCII | re.LOCALE | re.UNICODE
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_REFUSED = {
    "ASSERT": "it looks ahead or behind, which the column engine cannot",
    "ASSERT_NOT": "it looks ahead or behind, which the column engine cannot",
    "ATOMIC_GROUP": "it has an atomic group, which the column engine cannot",
    "POSSESSIVE_REPEAT": "it has a possessive quantifier, which the column engine "
    "cannot",
    "GROUPREF": "it refers back to a group, which the column engine cannot",
    "GROUPREF_EXISTS": "it has a condition on a group, which the column engine cannot",
}


class Untranslatable(TrigpointError):
    """A pattern that the column engine may not match as Python does; the text is a
    sentence that says why."""


class _Scope(NamedTuple):
    """Where in a pattern something stands: the flags there, and whether nothing can
    follow it in a match."""

    flags: int
    last: bool


# Literals, groups, alternatives, plain classes, one quantifier each, ^ and $.
_PLAIN = re.compile(
    r"(?:(?:[|(^$]|(?:[A-Za-z0-9 /,)]|\[(?:[A-Za-z0-9](?:-[A-Za-z0-9])?)+\])"
    r"(?:[?*+]|\{[0-9]+(?:,[0-9]+)?\})?)(?![?*+{]))+"
)


def is_plain(pattern: str) -> bool:
    """Whether a pattern is so plain that polars, given it as it is written, finds it
    only in texts in which Python does."""
    # `$` stands before a last newline, too, in Python: polars finds no more than that.
    return _PLAIN.fullmatch(pattern) is not None


def translate(pattern: str, flags: str = "") -> str:
    """A Rust regex that `str.contains` finds in exactly the texts in which Python's
    `re.search` finds `pattern`; of `flags` (sh:flags) pySHACL heeds `i` and `m`.

    Raises Untranslatable for whatever is not certain, saying why in a sentence.
    """
    given = re.IGNORECASE if "i" in flags.lower() else 0
    given |= re.MULTILINE if "m" in flags.lower() else 0
    parser = import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = parser.parse(pattern, given)
    except (re.error, OverflowError, RecursionError) as error:
        raise Untranslatable(f"it is no regular expression: {error}") from error
    translated = _sequence(parsed, _Scope(parsed.state.flags, last=True))
    try:
        pl.Series(["a"]).str.contains(translated)
    except PolarsError as error:
        raise Untranslatable("it is too large for the column engine") from error
    return translated


def _sequence(items: Any, scope: _Scope) -> str:
    """A subpattern: one thing after the other."""
    if scope.flags & re.LOCALE:
        raise Untranslatable("it depends on the locale")
    end = len(items) - 1
    return "".join(
        _item(str(kind), value, scope._replace(last=scope.last and i == end))
        for i, (kind, value) in enumerate(items)
    )


def _item(kind: str, value: Any, scope: _Scope) -> str:
    match kind:
        case "LITERAL":
            return _characters([("LITERAL", value)], scope.flags)
        case "NOT_LITERAL":
            return _characters([("NEGATE", None), ("LITERAL", value)], scope.flags)
        case "IN":
            return _characters([(str(k), v) for k, v in value], scope.flags)
        case "ANY":
            return "(?s:.)" if scope.flags & re.DOTALL else r"[^\n]"
        case "BRANCH":
            return "(?:" + "|".join(_sequence(p, scope) for p in value[1]) + ")"
        case "SUBPATTERN":
            _, added, removed, body = value
            return f"(?:{_sequence(body, _scoped(scope, added, removed))})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeat(value, scope)
        case "AT":
            return _anchor(str(value), scope)
        case "FAILURE":
            return _NOTHING
        case _:
            raise Untranslatable(_REFUSED.get(kind, f"it has a {kind.lower()}"))


def _scoped(scope: _Scope, added: int, removed: int) -> _Scope:
    """The scope inside a group with flags of its own, such as `(?i:...)`."""
    flags = scope.flags & ~_TYPES if added & _TYPES else scope.flags
    return scope._replace(flags=(flags | added) & ~removed)


def _repeat(value: Any, scope: _Scope) -> str:
    least, most, body = value
    many = most > 1
    inner = _sequence(body, scope._replace(last=scope.last and not many))
    # Python's own constant for "no bound" prints as a word.
    bound = "" if str(most) == "MAXREPEAT" else str(int(most))
    return f"(?:{inner}){{{least},{bound}}}"


def _anchor(kind: str, scope: _Scope) -> str:
    lines = scope.flags & re.MULTILINE
    match kind:
        case "AT_BEGINNING":
            return "(?m:^)" if lines else r"\A"
        case "AT_BEGINNING_STRING":
            return r"\A"
        case "AT_END_STRING":
            return r"\z"
        case "AT_END" if lines:
            return "(?m:$)"
        case "AT_END" if scope.last:
            # Python's `$` also stands before a newline that ends the text.
            return r"\n?\z"
        case "AT_END":
            raise Untranslatable("it has a $ that is not the end of the pattern")
        case "AT_BOUNDARY" if scope.flags & re.ASCII:
            return r"(?-u:\b)"
        case _:
            raise Untranslatable(r"it has \b or \B, which depends on Unicode tables")


def _characters(items: list[tuple[str, Any]], flags: int) -> str:
    """A set of characters, given as Python parses `[...]`."""
    cased = flags & re.IGNORECASE and any(
        kind == "RANGE" or (kind == "LITERAL" and _has_case(value))
        for kind, value in items
    )
    if cased or any(kind == "CATEGORY" for kind, _ in items):
        written = "".join(_python(kind, value) for kind, value in items)
        ranges = _members(f"[{written}]", flags & (re.IGNORECASE | _TYPES))
        return _set(ranges)
    ranges = tuple(
        value if kind == "RANGE" else (value, value)
        for kind, value in items
        if kind != "NEGATE"
    )
    if items[0][0] == "NEGATE":
        return _set(ranges, negated=True)
    return _set(ranges)


def _python(kind: str, value: Any) -> str:
    """A member of a set as Python writes it."""
    match kind:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return f"\\U{value:08x}"
        case "RANGE":
            return f"\\U{value[0]:08x}-\\U{value[1]:08x}"
        case "CATEGORY":
            return _CATEGORIES[str(value)]
        case _:
            raise Untranslatable(f"it has a {kind.lower()} in a set")


def _has_case(code: int) -> bool:
    """Whether another character may be the same letter in another case; never false
    where one is (the tests compare with `re` for every character)."""
    character = chr(code)
    return not (character.isascii() and not character.isalpha())


@cache
def _members(characters: str, flags: int) -> tuple[tuple[int, int], ...]:
    """The characters that Python finds in a set, as ranges of code points."""
    found = [
        (start + run.start(), start + run.end() - 1)
        for start, text, asked in _alphabet()
        for run in re.compile(f"{characters}+", flags & asked).finditer(text)
    ]
    joined: list[tuple[int, int]] = []
    for low, high in found:
        if joined and joined[-1][1] == low - 1:
            low = joined.pop()[0]
        joined.append((low, high))
    return tuple(joined)


@cache
def _alphabet() -> tuple[tuple[int, str, int], ...]:
    """All characters in their order, without surrogates, which no column holds: the
    first code point of a run, the run, and the flags that mean something there. To ask
    for the other case of a million characters that have none takes a while."""
    runs = (
        (0, _SURROGATES[0], ~0),
        (_SURROGATES[1] + 1, UNCASED, ~0),
        (UNCASED, _LAST + 1, ~re.IGNORECASE),
    )
    return tuple(
        (first, np.arange(first, end, dtype="<u4").tobytes().decode("utf-32-le"), asked)
        for first, end, asked in runs
    )


def _set(ranges: tuple[tuple[int, int], ...], *, negated: bool = False) -> str:
    """A set of characters as Rust writes it."""
    written = "".join(
        _range(first, last)
        for low, high in ranges
        for first, last in (
            (low, min(high, _SURROGATES[0] - 1)),
            (max(low, _SURROGATES[1] + 1), high),
        )
        if first <= last
    )
    if not written:
        return "(?s:.)" if negated else _NOTHING
    if not negated and len(written) == 1:
        return written
    return f"[{'^' if negated else ''}{written}]"


def _range(first: int, last: int) -> str:
    return _escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}"


def _escaped(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    return f"\\x{{{code:X}}}"
