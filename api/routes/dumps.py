"""Dumps: whole registers as files, with checksum and the log size they were cut at."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from api.description import void_link
from api.files import MEDIA_TYPES, dump_reply
from api.negotiation import HTML, Choice
from api.parameters import Known
from api.past import Sizes
from api.paths import Decoded, ReadRoute, Suffixed
from api.replies import Reply
from api.representations import DATA, as_json
from api.service import Here, Service
from trigpoint.dump import EVERYTHING
from trigpoint.errors import NotFound

router = APIRouter(route_class=Suffixed, tags=["Dumps"], dependencies=[Known])
plain = APIRouter(route_class=ReadRoute, tags=["Dumps"], dependencies=[Known])


@router.get("/dumps", responses=DATA.documented("What can be had whole."))
def dumps(here: Here, choice: Annotated[Choice, Depends(DATA)]) -> Response:
    """Every dump; checksum and length of those that have been made."""
    sizes = here.sizes
    found = [
        _about(here, register, suffix)
        for register in (EVERYTHING, *sizes)
        for suffix in here.dumps.formats(register)
    ]
    if choice.format == HTML:
        body = here.pages.render("dumps", dumps=found)
    else:
        body = as_json({"dumps": found})
    return Reply(body, choice, sizes=sizes, links=[void_link(here)])


def _about(here: Service, register: str, suffix: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "url": f"{here.base}/dumps/{register}.{suffix}",
        "register": register,
        "format": suffix,
        "media-type": MEDIA_TYPES[suffix],
    }
    if register != EVERYTHING:
        body["log-size"] = here.registers.log.size(register)
        body["licence"] = here.registers.schema(register).licence
    made = here.dumps.held(register, suffix)
    if made is not None:
        body |= {"bytes": made.bytes, "sha-256": made.sha256, "log-size": made.size}
    return body


@plain.get(
    "/dumps/{file}",
    responses={
        200: {
            "description": "The dump.",
            "content": {kind: {} for kind in MEDIA_TYPES.values()},
        },
        206: {"description": "The range of it that was asked for."},
        416: {"$ref": "#/components/responses/Problem"},
    },
)
async def dump(
    here: Here,
    file: Annotated[
        str,
        Path(description="`{register}.{format}`, or `everything.trig`."),
        Decoded,
    ],
    size: Sizes = None,
) -> Response:
    """A whole register as a file: made once for a log size, with ranges."""
    register, _, suffix = file.partition(".")
    if register != EVERYTHING:
        here.registers.schema(register)
    if suffix not in here.dumps.formats(register):
        raise NotFound(
            f"{register} does not come as .{suffix[:60]}: expected one of "
            f"{', '.join(here.dumps.formats(register))}"
        )
    return await dump_reply(here, register, suffix, size)
