"""Patterns of shapes: the column engine finds them where Python's `re` does."""

from __future__ import annotations

import re
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from rdflib import SH, Graph

from trigpoint.gate.shacl.regex import (
    UNCASED,
    Untranslatable,
    is_plain,
    translate,
)
from trigpoint.resources import resource_folder

# Cases of one letter that tables disagree on, digits and spaces beyond ASCII, marks
# that combine, characters beyond the basic plane, and the newest digits of Unicode.
ODD = (
    "aAkKsSiIzZ09_- .\n\r\t\x0b\x1c\x85\xa0/é\u0301ſKıİßẞΣςσµμ٣"
    "\u200b\u2028\u3000𝟙𐒠😀\U00011f50"
)
CHARACTERS = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
COLUMN = pl.Series(list(CHARACTERS))

letters = st.sampled_from(
    [*"abksiIKSZ09_-é", "İ", "ſ", "K", "ß", "😀", "𝟙", r"\.", "/"]
)
escapes = st.sampled_from(
    [r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\n", r"\t", r"\x41", r"\u017f", r"\\"]
)
ranges = st.sampled_from(["a-z", "A-Z", "0-9", "à-ÿ", "I-k", "ı-ſ", "\u0660-\u0669"])
members = st.lists(letters.filter(lambda c: c != "-") | escapes | ranges, min_size=1)
sets = st.builds(
    "[{}{}]".format, st.sampled_from(["", "^"]), members.map(lambda m: "".join(m[:4]))
)
# Of patterns that are plain: what may have a quantifier, and what may not.
plain_parts = st.builds(
    "{}{}".format,
    st.sampled_from(["A", "1", " ", "/", "[A-Z]", "[A1x-z]", "(A|1x)", "(A?|[0-9]/)"]),
    st.sampled_from(["", "?", "*", "+", "{2}", "{0,3}"]),
)
PLAIN = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "^"]),
    st.lists(plain_parts, min_size=1, max_size=4).map("".join),
    st.sampled_from(["", "$"]),
)
anchors = st.sampled_from(["^", "$", r"\A", r"\Z"])
atoms = letters | escapes | sets | st.just(".") | anchors
bounded = st.sampled_from(["", "", "?", "{2}", "{1,3}", "{0,2}", "??", "{1,2}?"])
quantifiers = bounded | st.sampled_from(["*", "+", "{2,}", "*?", "+?"])
# Without a quantifier inside one without bound: Python would try for hours.
loops = st.builds(
    "(?:{}){}".format, st.lists(atoms, max_size=3).map("|".join), quantifiers
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.builds(
        "({}{}){}".format, st.sampled_from(["", "?:", "?i:", "?s:"]), inner, bounded
    )
    branches = st.lists(inner, min_size=2, max_size=3).map("|".join)
    return groups | branches | st.lists(inner, min_size=1, max_size=3).map("".join)


patterns = st.recursive(
    st.builds("{}{}".format, atoms, quantifiers) | loops, _larger, max_leaves=6
)
framed = patterns | patterns.map("^{}$".format) | patterns.map("^({})$".format)
texts = st.lists(st.text(ODD, max_size=6), max_size=25)


def found(pattern: str, flags: int, values: list[str]) -> list[bool]:
    """Where Python finds the pattern."""
    return [re.search(pattern, value, flags) is not None for value in values]


def matched(translated: str, values: list[str]) -> list[bool]:
    """Where the column engine finds a translated pattern."""
    return pl.Series(values, dtype=pl.String).str.contains(translated).to_list()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(framed, st.sampled_from(["", "", "i", "m", "im"]), texts, st.data())
def test_a_translated_pattern_matches_as_in_python(
    pattern: str, flags: str, values: list[str], data: st.DataObject
) -> None:
    """Whatever is translated is found in the same texts, with and without flags."""
    heeded = (re.I if "i" in flags else 0) | (re.M if "m" in flags else 0)
    try:
        re.compile(pattern, heeded)
        translated = translate(pattern, flags)
    except (re.error, Untranslatable):
        assume(False)
        return
    fitting = st.from_regex(re.compile(pattern, heeded))
    for _ in range(3):
        try:
            one = data.draw(fitting)
        except InvalidArgument:  # nothing matches it, such as [^\d\D]
            break
        values += [one, one + "\n", one.swapcase(), one.strip(), f"a{one}"]
    values = [one for one in values if not re.search("[\ud800-\udfff]", one)]
    assert matched(translated, values) == found(pattern, heeded, values)


@pytest.mark.parametrize("flags", ["", "i"])
@pytest.mark.parametrize(
    "pattern",
    [
        *"ksSiIſKİıßẞµςéa1_.",
        *(r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"(?a:\w)", r"[^\W\d]"),
        *("[^k]", "[a-z]", r"[\ud800-\uffff]", r"[^\ud800]"),
    ],
)
def test_every_character_is_classed_as_in_python(pattern: str, flags: str) -> None:
    """Letters, digits, spaces and cases of all of Unicode are those of Python."""
    wanted = re.findall(pattern, CHARACTERS, re.I if flags else 0)
    given = COLUMN.filter(COLUMN.str.contains(translate(pattern, flags)))
    assert given.str.join("").item() == "".join(wanted)


def test_all_patterns_of_our_shapes_are_translated() -> None:
    """No sh:pattern of a shape that we keep has to be left to pySHACL."""
    graph = Graph()
    for file in resource_folder("shapes").glob("*.ttl"):
        graph.parse(file)
    ours = {str(pattern) for pattern in graph.objects(None, SH.pattern)}
    assert len(ours) > 30
    for pattern in ours:
        assert found(pattern, 0, ["E05123456"]) == matched(
            translate(pattern), ["E05123456"]
        )


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?=a)b", "ahead or behind"),
        ("(?<!a)b", "ahead or behind"),
        (r"(a)\1", "refers back"),
        ("(a)?(?(1)b|c)", "condition on a group"),
        ("(?>a+)b", "atomic"),
        ("a++b", "possessive"),
        ("a$b", "not the end"),
        ("(a$)+", "not the end"),
        ("(a$|b)c", "not the end"),
        (r"\bword", "Unicode tables"),
        (r"\Bword", "Unicode tables"),
        ("(?a)\\Bword", "Unicode tables"),
        ("(a", "no regular expression"),
        ("a{99999999999}", "no regular expression"),
        (r"\w{1000}{1000}", "no regular expression|too large"),
        (r"(\w{900}){900}", "too large"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_reason(pattern: str, why: str) -> None:
    """What may match otherwise than in Python is not translated, and it says why."""
    with pytest.raises(Untranslatable, match=why):
        translate(pattern)


@pytest.mark.parametrize(
    ("pattern", "flags", "text"),
    [
        ("^a$", "", "a\n"),
        ("^a$", "", "a\n\n"),
        ("^a$", "m", "b\na\nb"),
        ("^a$|b$", "", "xb\n"),
        (r"^a\Z", "", "a\n"),
        (r"\A(a|b$)", "", "b\n"),
        (r"\A(a|b$)?\Z", "m", "b\n"),
        ("(?i)straße", "", "STRASSE"),
        ("(?i)straße", "", "STRAẞE"),
        ("(?s)a.b", "", "a\nb"),
        ("a.b", "S", "a\nb"),
        ("(?x) a  b # c", "", "ab"),
        (r"(?a)\bcafé\b", "", "café"),
        ("", "", ""),
        ("$", "", ""),
        ("[]]", "", "]"),
        ("x{0}y", "", "y"),
        ("(?:)*a", "", "a"),
    ],
)
def test_ends_and_flags_mean_what_they_mean_in_python(
    pattern: str, flags: str, text: str
) -> None:
    """Newlines at the end, inline flags, and sh:flags that pySHACL leaves unheeded."""
    heeded = (re.I if "i" in flags else 0) | (re.M if "m" in flags else 0)
    assert matched(translate(pattern, flags), [text]) == found(pattern, heeded, [text])


def test_digits_newer_than_the_tables_of_python_are_no_digits() -> None:
    """Python's tables decide, whatever the column engine knows beside them."""
    unknown = [c for c in CHARACTERS if unicodedata.category(c) == "Cn"]
    assert not any(matched(translate(r"\d|\w"), unknown))


def test_no_character_has_another_case_from_where_none_is_asked_for() -> None:
    """Python knows no other case of the characters that are not asked about."""
    beyond = CHARACTERS[CHARACTERS.index(chr(UNCASED)) :]
    assert len(beyond) > 900_000
    assert beyond.lower() == beyond.upper() == beyond
    assert CHARACTERS[: -len(beyond)].lower() != CHARACTERS[: -len(beyond)]


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        *[("^[1-9][0-9]{0,11}$", True), ("^(AB|C?) [0-9]{2}/x+$", True)],
        *[("(?=a)", False), ("(?i)a", False), ("(?:a)", False), ("a.b", False)],
        *[("[a&&b]", False), ("[^a]", False), ("[a-]", False), (r"\d", False)],
        *[("a**", False), ("a{2}?", False), ("a{,3}", False), ("ſ", False)],
    ],
)
def test_plain_patterns_are_those_that_mean_the_same_as_they_are_written(
    pattern: str, plain: bool
) -> None:
    """What is read in another way by either engine is not plain."""
    assert is_plain(pattern) is plain


@settings(deadline=None)
@given(pattern=PLAIN, texts=st.lists(st.text("A1 /x9\n", max_size=6), min_size=1))
def test_a_plain_pattern_finds_no_more_than_python(
    pattern: str, texts: list[str]
) -> None:
    """As it is written, polars finds it only where Python does."""
    assert is_plain(pattern)
    found = pl.Series(texts).str.contains(pattern).to_list()
    assert all(
        re.search(pattern, t) for t, one in zip(texts, found, strict=True) if one
    )
