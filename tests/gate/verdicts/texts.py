"""Texts to try a shape with: those that a regular expression finds, those that it
narrowly does not, and those that are odd everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

# The one parser of such expressions there is; its name is not public.
from re import _constants as sre
from re import _parser as parser
from typing import Any

# Unicode: combining marks, beyond the BMP, bidirectional marks, line ends that are not
# LF, noncharacters, letters whose case folds to ASCII, digits that are not ASCII.
ODD = (
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "a\n",
    "\ufeffa",
    "e\u0301",
    "\u0301",
    "\U0001d7d9",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "\u200f12\u200e",
    "\u202eabc\u202c",
    *(chr(code) + "a" for code in (*range(0x20), 0x7F, 0x80, 0x85, 0x9F)),
    "a\u2028b",
    "a\u2029",
    "\ufdd0",
    "\uffff",
    "\U0010ffff",
    "\u0130\u0131",
    "\u017f",
    "\u212a",
    "\u00df\u1e9e",
    "\u0661\u0662",
    "\uff11\uff12",
    "\u00b2",
    "\u2160",
    "<b>",
    'a"b\\c',
    "\\u0041",
    "%41",
    "a/b?c#d",
    "{key}",
    "$1",
    "'",
    "null",
    "N/A",
    "x" * 10_000,
    "é" * 10_000,
    "ab " * 3_400,
)

_MOST_REPEATS = 4


def matching(pattern: str, pick: random.Random) -> str:
    """A text that `pattern` matches, when it has no look-around and no reference."""
    return _of(parser.parse(pattern), pick)


def _of(parts: Any, pick: random.Random) -> str:
    return "".join(_one(kind, what, pick) for kind, what in parts)


def _one(kind: Any, what: Any, pick: random.Random) -> str:
    if kind is sre.LITERAL:
        return chr(what)
    if kind is sre.IN:
        return _member(what, pick)
    if kind is sre.BRANCH:
        return _of(pick.choice(what[1]), pick)
    if kind is sre.SUBPATTERN:
        return _of(what[3], pick)
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, part = what
        limit = min(int(most), int(least) + _MOST_REPEATS)
        times = pick.choice((least, limit, pick.randint(least, limit)))
        return "".join(_of(part, pick) for _ in range(times))
    if kind is sre.NOT_LITERAL:
        return pick.choice([c for c in "aZ9é" if ord(c) != what])
    if kind is sre.CATEGORY:
        return _member([(kind, what)], pick)
    return "" if kind is sre.AT else pick.choice("aZ9é-")


def _member(members: Any, pick: random.Random) -> str:
    """A character of a class; of a negated one, any that it lets through."""
    if members[0][0] is sre.NEGATE:
        taken = {what for kind, what in members[1:] if kind is sre.LITERAL}
        return pick.choice([c for c in "aZ9é-" if ord(c) not in taken])
    kind, what = pick.choice(members)
    if kind is sre.RANGE:
        return chr(pick.choice((what[0], what[1], pick.randint(*what))))
    if kind is sre.CATEGORY:
        return pick.choice(_CATEGORIES.get(what, "a"))
    return chr(what)


_CATEGORIES = {
    sre.CATEGORY_DIGIT: "059\u0661",
    sre.CATEGORY_SPACE: " \t\u00a0",
    sre.CATEGORY_WORD: "aZ_9é",
}


def altered(fits: Callable[[], str], pick: random.Random) -> Iterator[str]:
    """Texts that are nearly those that fit, each other than they in its own way. Some
    fit all the same, as does one with a newline at its end."""
    for change in _CHANGES:
        yield change(fits(), pick)


def _put(text: str, at: int, new: str, drop: int = 1) -> str:
    return text[:at] + new + text[at + drop :]


def _at(text: str, pick: random.Random) -> int:
    return pick.randrange(len(text)) if text else 0


_LIKE = str.maketrans("sSkKiI0123456789", "ſſKKıİ٠١٢٣٤٥٦٧٨٩")
_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda text, pick: "",
    lambda text, pick: text[:-1],
    lambda text, pick: text[1:],
    lambda text, pick: text + "\n",
    lambda text, pick: text + "\n\n",
    lambda text, pick: text + "\r\n",
    lambda text, pick: text + text[-1:],
    lambda text, pick: " " + text,
    lambda text, pick: text + " ",
    lambda text, pick: "x\n" + text,
    lambda text, pick: text.swapcase(),
    lambda text, pick: text.translate(_LIKE),
    lambda text, pick: _put(text, _at(text, pick), "\x00"),
    lambda text, pick: _put(text, _at(text, pick), "", 1),
    lambda text, pick: _put(text, _at(text, pick), "\u0301", 0),
    lambda text, pick: _put(text, _at(text, pick), "\U0001d7ce"),
    lambda text, pick: "".join(chr(min(ord(c) + 1, 0xD7FF)) for c in text[:200]),
)
