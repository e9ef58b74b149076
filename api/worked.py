"""Queries to begin with, cut from docs/sparql.md so that they cannot differ from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from trigpoint.iris import DEFAULT_BASE

_DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "sparql.md"
_SECTION: Final = re.compile(r"^## Ten queries\n(.*?)^## ", re.DOTALL | re.MULTILINE)
_QUERY: Final = re.compile(
    r"^### ([^\n]+)\n\n(.*?)\n\n```sparql\n(.*?)\n```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class WorkedExample:
    """One query: what it tells, and why it is asked so."""

    title: str
    prose: str
    query: str

    @property
    def url(self) -> str:
        """Where its answer is: a path of the installation."""
        return f"/sparql?query={quote(self.query, safe='')}"


@lru_cache(4)
def worked_examples(base: str) -> tuple[WorkedExample, ...]:
    """The queries of the document, as they are asked at an installation."""
    section = _SECTION.search(_DOCUMENT.read_text(encoding="utf-8"))
    found = _QUERY.findall(section[1]) if section else []
    return tuple(
        WorkedExample(title, _plain(prose), text.replace(DEFAULT_BASE, base))
        for title, prose, text in found
    )


def _plain(prose: str) -> str:
    """Prose without the marks of Markdown."""
    return " ".join(prose.replace("`", "").split())
