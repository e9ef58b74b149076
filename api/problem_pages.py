"""The pages of problem types, cut from docs/problems.md so that they cannot differ."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from trigpoint.errors import NotFound

_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "problems.md"
_SECTION = re.compile(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


@cache
def sections() -> dict[str, str]:
    """The text of each problem, by the slug in its heading."""
    return {found[1]: found[2].strip() for found in _SECTION.finditer(_read())}


def _read() -> str:
    return _DOCUMENT.read_text(encoding="utf-8")


def problem_text(slug: str) -> tuple[str, list[str]]:
    """Title and paragraphs of a problem type; raises NotFound for an unknown one."""
    text = sections().get(slug)
    if text is None:
        raise NotFound(f"there is no problem type called “{slug[:60]}”")
    return slug.replace("-", " ").capitalize(), text.split("\n\n")
