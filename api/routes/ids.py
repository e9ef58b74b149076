"""Identifiers that dereference.

A thing is not its document (303), and one thing has one identifier (301 from other
spellings of its key).
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.finding import Found, RecordChoice, moved_to, record_reply
from api.parameters import Known
from api.past import Then
from api.paths import Suffixed
from api.replies import see_other
from api.representations import RECORD

router = APIRouter(route_class=Suffixed, tags=["Identifiers"], dependencies=[Known])


@router.get(
    "/id/{register}/{key}",
    status_code=303,
    responses={
        301: {"description": "The same key in its canonical spelling."},
        303: {"description": "The document about the thing."},
    },
)
def identifier(here: Then, asked: Found) -> Response:
    """The thing itself: sends on to the document about it."""
    moved = moved_to(here, asked, "id")
    if moved is not None:
        return moved
    here.record(asked.register, asked.key)  # 410 here, not one step on
    document = here.record_path("doc", asked.register, asked.key, asked.suffix)
    return see_other(document, 303, here.query)


@router.get(
    "/doc/{register}/{key}",
    responses=RECORD.documented(
        "The document.", {"$ref": "#/components/schemas/Record"}
    ),
)
def document(here: Then, asked: Found, choice: RecordChoice) -> Response:
    """The document about a thing: its record, in any format."""
    moved = moved_to(here, asked, "doc")
    return moved or record_reply(here, asked, choice)
