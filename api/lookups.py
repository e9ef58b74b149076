"""A look-up of a position: of which state of the log, on which day, and what is sent.

All that an answer says, and the log sizes that it names, is of one state of the log.
Most positions are found in less time than it takes to wake a thread, so they are looked
up in the server's own; those that no area holds are for a thread, since the nearest
area takes a while to find.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.negotiation import HTML, Choice
from api.parameters import At, OutCrs
from api.past import AllThen, PastBoundaries
from api.places import sizes_of
from api.reading import Reading
from api.replies import REVALIDATE, Reply
from api.representations import as_json
from api.service import Current, Service
from trigpoint.lookup import answer, day_of, described
from trigpoint.placing import Areas
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.crs import Point
from trigpoint.view import View

Body = dict[str, Any]
# Says what areas hold, or None for what is to be said `far` from all, by a thread.
Look = Callable[[Areas, bool], "Body | None"]


@dataclass(frozen=True)
class LookUp:
    """What is asked: of now, or of an earlier size and the boundaries drawn by then."""

    here: Service
    then: Reading
    drawn: BoundaryIndex | None
    at: str | None
    out_crs: str | None

    async def reply(
        self, look: Look, choice: Choice, title: str, register: str | None = None
    ) -> Response:
        """What `look` says, as JSON or a page. It is of the log's state in `register`,
        too, if that is given."""
        body, sizes = self._look(look, register, far=False)
        if body is None:
            work = partial(self._look, look, register, far=True)
            body, sizes = await run_in_threadpool(work)
        # Without a date the answer is of today, and another one tomorrow.
        cache = REVALIDATE if self.at is None else self.then.lifetime
        if choice.format != HTML:
            return Reply(as_json(body), choice, sizes=sizes, cache=cache)
        asked, pages = self.then.asked, self.then.pages
        page = pages.render("place", answer=body, title=title, asked=asked)
        return Reply(page, choice, sizes=sizes, cache=cache)

    def _look(
        self, look: Look, register: str | None, *, far: bool
    ) -> tuple[Body | None, dict[str, int]]:
        """What is found, and the log sizes that it is of."""
        if self.drawn is None:
            with self.here.reading() as view:
                body = look(self.here.areas(view, self.at), far)
                return body, self._sizes(view, body, register)
        registers = self.then.registers
        with registers.log.snapshot():
            body = look(Areas(registers, self.drawn, day_of(self.at)), far)
            return body, self._sizes(None, body, register)

    def _sizes(
        self, view: View | None, body: Body | None, register: str | None
    ) -> dict[str, int]:
        if body is None:
            return {}
        sizes = sizes_of(self.then, view, body)
        return sizes | (self.then.size_of(register) if register else {})


async def look_up_of(
    here: Current,
    then: AllThen,
    drawn: PastBoundaries,
    out_crs: OutCrs,
    at: At = None,
) -> LookUp:
    return LookUp(here, then, drawn, at, out_crs)


Asked = Annotated[LookUp, Depends(look_up_of)]


def look_at(areas: Areas, place: Point, far: bool, out_crs: str | None) -> Body | None:
    """What holds a position; None when nothing does, unless that is known."""
    if far:
        return answer(areas, place, out_crs=out_crs)
    found = areas.at(place)
    return described(areas, place, found, out_crs) if found else None
