"""The parameter `size`: answers from the log as it was when it had so many entries."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Depends, Query
from starlette.concurrency import run_in_threadpool

from api.paths import RegisterName
from api.reading import Reading
from api.service import Here, Service
from trigpoint.log.sizes import parse_size, parse_sizes
from trigpoint.spatial.boundaries import BoundaryIndex

Size = Annotated[
    str | None,
    Query(
        description="Answer as the log did when the register had so many entries.",
        json_schema_extra={"type": "integer"},
    ),
]
Sizes = Annotated[
    str | None,
    Query(
        description="Answer as the log did when all registers together had so many "
        "entries, or when registers had as many as a `Trigpoint-Log-Size` says: "
        "`boundary=361, country=210`."
    ),
]


def reading_at(here: Service, register: str, size: str) -> Reading:
    """One register as of a size; raises as `trigpoint.log.sizes` and `as_of` do."""
    here.registers.schema(register)
    return here.as_of({register: parse_size(size)}, size, fixed=True)


def readings_at(here: Service, size: str) -> Reading:
    """All registers as of sizes. Those that are not named are as they are now, and may
    change what is answered."""
    log = here.registers.log
    sizes = parse_sizes(size, log)
    fixed = size.isdigit() or set(sizes) >= set(log.sizes())
    return here.as_of(sizes, size, fixed=fixed)


async def then_of(here: Here, register: RegisterName, size: Size = None) -> Reading:
    """What a door of one register answers from."""
    if size is None:
        return here
    return await run_in_threadpool(reading_at, here, register, size)


async def all_then_of(here: Here, size: Sizes = None) -> Reading:
    """What a door of several registers answers from."""
    if size is None:
        return here
    return await run_in_threadpool(readings_at, here, size)


Then = Annotated[Reading, Depends(then_of)]
AllThen = Annotated[Reading, Depends(all_then_of)]


async def boundaries_of(here: Here, then: AllThen) -> BoundaryIndex | None:
    """The boundaries of an earlier size, built on the bench for hard work when they are
    not at hand; None when the answer is of now, and so from the view."""
    if then is here:
        return None
    found = await run_in_threadpool(_at_hand, here, then)
    if found is not None:
        return found
    return await here.hard.run(partial(here.drawn.build, then.registers))


def _at_hand(here: Service, then: Reading) -> BoundaryIndex | None:
    """The published boundaries when they are those of then, or else kept ones."""
    view = here.view()
    if view.sizes.get("boundary", 0) == then.registers.log.size("boundary"):
        return view.boundaries
    return here.drawn.held(then.registers)


PastBoundaries = Annotated[BoundaryIndex | None, Depends(boundaries_of)]
