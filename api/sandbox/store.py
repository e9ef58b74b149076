"""The graphs of the sandbox, each a resource: SPARQL 1.1 Graph Store HTTP Protocol.

W3C Recommendation of 21 March 2013. A graph without triples is there when it was put
there, and the default graph always is. PATCH, which section 5.7 leaves open, is not
offered: updates go to `/sparql`.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answers import answer, ask
from api.negotiation import accept_of
from api.paths import ReadRoute
from api.queries import Asked
from api.sandbox.documents import documents_of
from api.sandbox.graphs import STORE, Graph, NewGraph
from api.sandbox.loopback import check_origin, home_of
from api.sandbox.service import Here, Sandbox
from trigpoint.graph import Query
from trigpoint.graph.changes import Drop, Load, no_such_graph

router = APIRouter(route_class=ReadRoute, tags=["Graph store"])

_BELOW: Final = f"{STORE}/{{name:path}}"
_WRITES: Final = [Depends(check_origin)]


@router.get(STORE)
@router.get(_BELOW)
async def get(here: Here, graph: Graph, request: Request) -> Response:
    """The triples of a graph (section 5.2)."""
    pattern = "{ ?s ?p ?o }"
    if graph is not None:
        await _check_there(here, graph, request)
        pattern = f"{{ GRAPH <{graph}> {pattern} }}"
    asked = Asked(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {pattern}")
    query = asked.as_query(accept_of(request))
    return await answer(here.pool, query, request, headers={"Vary": "Accept"})


@router.put(STORE, dependencies=_WRITES)
@router.put(_BELOW, dependencies=_WRITES)
async def put(here: Here, graph: Graph, request: Request) -> Response:
    """Make a graph have these triples and no others (section 5.3)."""
    return await _load(here, graph, request, replace=True)


@router.post(STORE, dependencies=_WRITES)
@router.post(_BELOW, dependencies=_WRITES)
async def post(here: Here, graph: NewGraph, request: Request) -> Response:
    """Add these triples to a graph, or to a new one when none is named (5.5)."""
    return await _load(here, graph, request, replace=False)


@router.delete(STORE, dependencies=_WRITES)
@router.delete(_BELOW, dependencies=_WRITES)
async def delete(here: Here, graph: Graph) -> Response:
    """Remove a graph; the default graph is emptied (section 5.4)."""
    await here.make(Drop(graph))
    return Response(status_code=204)


async def _load(
    here: Sandbox, graph: str | None, request: Request, *, replace: bool
) -> Response:
    # Relative IRIs resolve against the name of the graph (section 4.1 and 4.2).
    base = home_of(request) + STORE if graph is None else graph
    async with documents_of(request, here.bodies, base) as documents:
        existed = await here.make(Load(graph, documents, replace))
    if existed:
        return Response(status_code=204)
    headers: dict[str, Any] = {} if graph is None else {"Location": graph}
    return Response(status_code=201, headers=headers)


async def _check_there(here: Sandbox, graph: str, request: Request) -> None:
    """Raises NoSuchGraph."""
    query = Query(f"ASK {{ GRAPH <{graph}> {{}} }}", ("csv",))
    async with await ask(here.pool, query, request) as found:
        said = b"".join([piece async for piece in found.pieces()])
    if said.strip() != b"true":
        raise no_such_graph(graph)
