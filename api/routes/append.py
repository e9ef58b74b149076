"""Appending: custodians send rows, and get the signed checkpoint that covers them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.appending import Door
from api.negotiation import JSON
from api.openapi import CUSTODIAN, PROBLEMS
from api.parameters import Known
from api.paths import ReadRoute, RegisterName
from api.replies import LOG_SIZE_HEADER
from api.representations import as_json
from api.rows import CSV_TYPE, JSON_TYPE, LINES_TYPE
from api.service import Here
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.schema.items import format_hash
from trigpoint.submissions import Receipt

router = APIRouter(route_class=ReadRoute, tags=["Append"])

_ROW = {
    "type": "object",
    "description": "Field names of the register, and their values.",
    "additionalProperties": {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
        ]
    },
}
_BODY = {
    "required": True,
    "content": {
        JSON_TYPE: {"schema": {"type": "array", "items": _ROW}},
        LINES_TYPE: {"schema": _ROW},
        CSV_TYPE: {"schema": {"type": "string"}},
    },
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Nothing had to be appended, or it was a dry run."},
    201: {"description": "The rows were appended, and are signed."},
    **{
        status: {**PROBLEMS[400], "description": description}
        for status, description in (
            (401, "A custodian's key is required."),
            (403, "The key is not for this register, or nothing is appended here."),
            (408, "The body came too slowly."),
            (413, "The body is too large."),
            (415, "The body is of a type that is not read."),
        )
    },
}


@router.post(
    "/registers/{register}/records",
    dependencies=[Known],
    status_code=201,
    responses=_ANSWERS,
    openapi_extra={"requestBody": _BODY, "security": [{CUSTODIAN: []}]},
)
async def append(
    here: Here,
    door: Door,
    request: Request,
    register: RegisterName,
    partial: Annotated[
        bool, Query(description="Amend the fields named, of records held.")
    ] = False,
    dry_run: Annotated[
        bool, Query(alias="dry-run", description="Judge the rows; append nothing.")
    ] = False,
) -> Response:
    """Append rows to a register: all of them, or none."""
    key = await door.admit(request, register)
    receipt = await door.append(request, key, register, amends=partial, dry_run=dry_run)
    headers = {"Cache-Control": "no-store", "Content-Type": JSON.content_type}
    body = _document(receipt, dry_run=dry_run)
    if receipt.checkpoint is not None:
        headers[LOG_SIZE_HEADER] = f"{register}={body['size']}"
    if len(receipt.entries) == 1:
        number = receipt.entries[0].number
        headers["Location"] = here.path(f"/registers/{register}/entries/{number}")
    status = 201 if receipt.entries else 200
    return Response(as_json(body), status, headers)


def _document(receipt: Receipt, *, dry_run: bool) -> dict[str, Any]:
    counts = receipt.counts
    body: dict[str, Any] = {
        "register": receipt.register,
        "dry-run": dry_run,
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "entries": [entry.as_json() for entry in receipt.entries],
        "size": 0,
    }
    if receipt.checkpoint is not None:
        signed = parse_checkpoint(parse_note(receipt.checkpoint).text)
        body |= {"size": signed.size, "root": format_hash(signed.root)}
    return body | {"checkpoint": receipt.checkpoint}
