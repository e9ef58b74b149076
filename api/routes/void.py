"""VoID: the description of all datasets, for programs that look for one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.description import VOID_DOOR
from api.negotiation import Choice, Offers
from api.parameters import Known
from api.paths import Suffixed
from api.replies import Reply
from api.service import Here
from api.statements import SYNTAXES
from api.void import void_lines

router = APIRouter(route_class=Suffixed, tags=["Registers"], dependencies=[Known])

DESCRIPTION = Offers(*SYNTAXES)


@router.get(VOID_DOOR, responses=DESCRIPTION.documented("What is here, as VoID."))
def void(here: Here, choice: Annotated[Choice, Depends(DESCRIPTION)]) -> Response:
    """Every register and every graph as a dataset: counts, vocabularies, dumps."""
    with here.reading() as view:
        make = partial(void_lines, here.registers, view)
        body = here.bodies.of("void", view.version, choice.format, make)
    return Reply(body, choice, sizes=view.sizes)
