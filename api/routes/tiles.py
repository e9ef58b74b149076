"""The signed log as resources: checkpoints, tiles and bundles (C2SP tlog-tiles)."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.negotiation import JSON, Format
from api.parameters import Known
from api.paths import ReadRoute, RegisterName
from api.replies import IMMUTABLE, ITEM, REVALIDATE, Reply
from api.service import Here, Service
from trigpoint.log.served import (
    NOTE_TYPE,
    TILE_TYPE,
    Lifetime,
    keys_file,
    log_resource,
)

plain = APIRouter(route_class=ReadRoute, tags=["Proofs"], dependencies=[Known])

Responses: TypeAlias = dict[int | str, dict[str, Any]]

_CACHE: dict[Lifetime, str] = {
    "fixed": IMMUTABLE,
    "item": ITEM,
    "moving": REVALIDATE,
}
_NOTE: Responses = {200: {"description": "A signed note.", "content": {NOTE_TYPE: {}}}}
_TILE: Responses = {
    200: {"description": "The tile or bundle.", "content": {TILE_TYPE: {}}}
}


@plain.get("/keys.json")
def keys(here: Here) -> Response:
    """The public keys that sign the logs here, and those that signed before."""
    return Reply(keys_file(here.registers.data), JSON)


@plain.get("/registers/{register}/checkpoint", responses=_NOTE)
def checkpoint(here: Here, register: RegisterName) -> Response:
    """The latest signed size and root hash (C2SP tlog-checkpoint)."""
    return _resource(here, register, "checkpoint")


@plain.get("/registers/{register}/checkpoint/{size}", responses=_NOTE)
def checkpoint_of(
    here: Here,
    register: RegisterName,
    size: Annotated[str, Path(description="A size that was signed.")],
) -> Response:
    """The checkpoint that was signed at a size."""
    return _resource(here, register, f"checkpoint/{size}")


@plain.get("/registers/{register}/about", responses=_NOTE)
def about(here: Here, register: RegisterName) -> Response:
    """The signed statement of what stands beside the tree: shape, batches, withheld
    items."""
    return _resource(here, register, "about")


@plain.get("/registers/{register}/tile/{path:path}", responses=_TILE)
def tile(
    here: Here,
    register: RegisterName,
    path: Annotated[
        str,
        Path(description="`<L>/<N>[.p/<W>]`, with `entries` or `items` for bundles."),
    ],
) -> Response:
    """A tile of hashes, or a bundle of entries or items (C2SP tlog-tiles)."""
    return _resource(here, register, f"tile/{path}")


def _resource(here: Service, register: str, path: str) -> Response:
    here.registers.schema(register)
    found = log_resource(here.registers.log, register, path)
    return Reply(
        found.body,
        Format("", found.media_type),
        sizes={register: found.size},
        cache=_CACHE[found.lifetime],
        strong=found.lifetime == "fixed",
    )
