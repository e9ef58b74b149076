"""Tables of positions over HTTP: which format came, and which is to be sent."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from api.limits import UnsupportedMediaType, check_coding
from api.negotiation import TABLES, Choice, accept_of, choose
from trigpoint.tables.formats import FORMATS, TableFormat

_CHARSET = re.compile(r';\s*charset="?([^;"\s]*)', re.IGNORECASE)
_BY_TYPE = {name: form for form in FORMATS for name in (form.media_type, *form.aliases)}
_BY_SUFFIX = {form.suffix: form for form in FORMATS}


async def sent_of(request: Request) -> TableFormat:
    """The format of a body; raises UnsupportedMediaType for one that is not read."""
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind not in _BY_TYPE:
        known = [form.media_type for form in FORMATS]
        raise UnsupportedMediaType(
            f"the body is of type “{kind[:60]}”: expected {', '.join(known)}",
            available=known,
        )
    charset = _CHARSET.search(given)
    if charset is not None and charset[1].lower() not in ("utf-8", "us-ascii"):
        raise UnsupportedMediaType(
            f"the body is in the charset “{charset[1][:60]}”: expected UTF-8"
        )
    check_coding(request)
    return _BY_TYPE[kind]


Sent = Annotated[TableFormat, Depends(sent_of)]


async def wanted_of(request: Request, sent: Sent) -> tuple[TableFormat, Choice]:
    """The format of the answer: by suffix, by `Accept`, or the one that was sent.

    Raises NotAcceptable.
    """
    first = next(form for form in TABLES if form.suffix == sent.suffix)
    offered = (first, *(form for form in TABLES if form is not first))
    choice = choose(offered, request.scope.get("suffix"), accept_of(request))
    return _BY_SUFFIX[choice.format.suffix], choice


Wanted = Annotated[tuple[TableFormat, Choice], Depends(wanted_of)]
