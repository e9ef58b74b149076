"""What a client asks, and what it is answered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Query:
    """A query as a client sent it, not yet checked.

    `accepted` are formats, best first: short names (`json xml csv tsv`, `ttl nt rdf
    jsonld`) or media types; none means JSON or Turtle. `default_graphs` and
    `named_graphs` are the graphs that the client names beside the query; they stand
    in place of `FROM` in the text (SPARQL 1.1 Protocol, section 2.1.4).
    """

    text: str
    accepted: tuple[str, ...] = ()
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Elsewhere:
    """A store that another SPARQL server keeps, at the address of its queries.

    `publication` identifies what it held when it was last asked, `graphs` are its named
    graphs; `plain_wkt`: see `trigpoint.graph.standin`.
    """

    url: str
    publication: str
    graphs: tuple[str, ...]
    plain_wkt: bool


@dataclass(frozen=True)
class Snapshot:
    """One store folder that nobody changes, and the log sizes that it speaks for.

    What is kept `elsewhere` has no folder; its path only tells it from others.
    """

    path: Path
    sizes: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
