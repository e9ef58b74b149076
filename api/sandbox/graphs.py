"""Which graph of the store a request is about (Graph Store HTTP Protocol, section 4).

`?graph=IRI` and `?default` name one indirectly. Below `/store/` a graph has the address
that it is asked for by as its name, byte for byte.
"""

from __future__ import annotations

from typing import Annotated, Final
from uuid import uuid4

from fastapi import Depends, Request
from pyoxigraph import NamedNode

from api.queries import parameters_in_url
from api.sandbox.loopback import home_of
from trigpoint.errors import InvalidParameter

STORE: Final = "/store"


async def graph_of(request: Request) -> str | None:
    """The IRI of the graph that is named, or None for the default graph.

    Raises InvalidParameter when none is named, or two, or by no absolute IRI.
    """
    named = _named(request)
    if len(named) != 1:
        raise InvalidParameter(
            "expected one graph: /store?graph=IRI, /store?default, or /store/… alone",
            parameter="graph",
        )
    return _checked(named[0])


async def graph_or_new(request: Request) -> str | None:
    """The same, or a new name when none is named (section 5.5)."""
    if not _named(request):
        return f"{home_of(request)}{STORE}/{uuid4()}"
    return await graph_of(request)


def _named(request: Request) -> list[str | None]:
    given = parameters_in_url(request)
    named: list[str | None] = [value for name, value in given if name == "graph"]
    named += [None for name, _ in given if name == "default"]
    raw: bytes = request.scope["raw_path"]
    path = raw.decode("latin-1")
    if path.rstrip("/") != STORE:
        named.append(home_of(request) + path)
    return named


def _checked(iri: str | None) -> str | None:
    if iri is None:
        return None
    try:
        return NamedNode(iri).value
    except ValueError as error:
        raise InvalidParameter(
            f"graph is “{iri[:100]}”: expected an absolute IRI ({error})",
            parameter="graph",
        ) from error


Graph = Annotated[str | None, Depends(graph_of)]
NewGraph = Annotated[str | None, Depends(graph_or_new)]
