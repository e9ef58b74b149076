"""YAML as the old service wrote it: block style, every value in double quotes.

Names of members stand bare unless YAML 1.1 or 1.2 would read them as something other
than text: `NO` is the key of Norway, not false. Long lines are not folded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
# What may not stand as itself in a quoted scalar (YAML 1.2, section 5.1), and the line
# breaks that YAML 1.1 had.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def yaml_text(body: object) -> str:
    """A document of mappings, lists, strings and integers."""
    if not body:
        return f"--- {_scalar(body)}\n"
    return "".join(f"{line}\n" for line in ("---", *_lines(body)))


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _member(name, member)
    elif isinstance(value, list) and value:
        for one in value:
            first, *rest = _lines(one)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _member(name: str, member: object) -> Iterator[str]:
    head = f"{_name(name)}:"
    if not isinstance(member, dict | list) or not member:
        yield f"{head} {_scalar(member)}"
    else:
        indent = "  " if isinstance(member, dict) else ""
        yield head
        yield from (f"{indent}{line}" for line in _lines(member))


def _name(name: str) -> str:
    bare = _BARE.fullmatch(name) and name.lower() not in _WORDS
    return name if bare else _quoted(name)


def _scalar(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    # JSON's escapes are among those of YAML.
    return _UNPRINTABLE.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
