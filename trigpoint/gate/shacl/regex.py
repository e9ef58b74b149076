"""Regular expressions of shapes in the dialect of the engine that runs them on columns.

sh:pattern is judged by pySHACL with Python's `re` (SHACL, section 4.4.3, asks for
SPARQL's REGEX); columns are matched by the Rust crate `regex`.
"""

from __future__ import annotations

from trigpoint.errors import TrigpointError


class Untranslatable(TrigpointError):
    """A pattern that the column engine may not match as Python does; the text is a
    sentence that says why."""


def translate(pattern: str, flags: str = "") -> str:
    """A Rust regex that `str.contains` finds in exactly the texts in which Python's
    `re.search` finds `pattern`; of `flags` (sh:flags) pySHACL heeds `i` and `m`.

    Raises Untranslatable for whatever is not certain, saying why in a sentence.
    """
    raise Untranslatable("patterns are not translated yet")
