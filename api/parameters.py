"""Query parameters read strictly: once each, known ones only, plain numbers.

A misspelt or repeated parameter that is passed over gives a wrong answer that looks
right, so it is refused.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Annotated

from fastapi import Depends, Query, Request

from trigpoint.errors import InvalidParameter, InvalidPoint
from trigpoint.spatial.grids import reference_system

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

At = Annotated[
    str | None,
    Query(
        min_length=1,
        description="What held on this date: `2019`, `2019-04` or `2019-04-01`.",
    ),
]
Limit = Annotated[
    int, Query(ge=1, le=5000, description="How many to answer with, at most.")
]


async def out_crs_of(
    out_crs: Annotated[
        str | None,
        Query(
            alias="out-crs",
            max_length=100,
            description="Also say positions in this system, such as EPSG:27700.",
        ),
    ] = None,
) -> str | None:
    """The code of the system that the answer is to speak too; raises InvalidInput."""
    return None if out_crs is None else reference_system(out_crs, "out-crs").code


OutCrs = Annotated[str | None, Depends(out_crs_of)]


def number(text: str, name: str, maximum: int = 60) -> float:
    """A finite number in decimal notation; raises InvalidPoint naming the parameter."""
    value = (
        float(text) if len(text) <= maximum and _NUMBER.fullmatch(text) else math.nan
    )
    if not math.isfinite(value):
        shown = text if len(text) <= maximum else f"{text[:maximum]}…"
        raise InvalidPoint(
            f"{name} is “{shown}”: expected a number such as 51.5",
            parameter=name,
            value=shown,
        )
    return value


async def check_once(request: Request) -> None:
    """Refuse a query parameter that is given twice."""
    given = request.query_params.multi_items()
    if len(given) == len(request.query_params):
        return
    for name, times in Counter(name for name, _ in given).items():
        if times > 1:
            raise InvalidParameter(
                f"the parameter {name[:60]} is given {times} times: expected once",
                parameter=name[:60],
            )


async def check_known(request: Request) -> None:
    """Refuse a query parameter twice, and one that the door does not have."""
    await check_once(request)
    known = request.scope["route"].parameters
    for name in request.query_params:
        if name not in known:
            expected = f"expected {', '.join(known)}" if known else "it takes none"
            raise InvalidParameter(
                f"there is no parameter {name[:60]} here: {expected}",
                parameter=name[:60],
                known=known,
            )


Once = Depends(check_once)
Known = Depends(check_known)
