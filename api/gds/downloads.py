"""Routes of the old API: the whole register, or a part of its log, as one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import IO, Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from api.files import MEDIA_TYPES, dump_reply
from api.gds.archive import write_archive
from api.gds.errors import NoSuchPage
from api.gds.formats import PAGES, OldRoute
from api.gds.paging import whole_number
from api.gds.replies import V1
from api.paths import RegisterName, is_head
from api.replies import LOG_SIZE_HEADER, REVALIDATE
from api.service import Here, Service
from trigpoint.log.rsf_range import check_sizes, rsf_range

router = APIRouter(route_class=OldRoute, tags=["GDS Registers v1"])
ZIP = "application/octet-stream"
RSF = MEDIA_TYPES["rsf"]
_CHUNK = 1 << 16
_IN_MEMORY = 2**20  # bytes

Size = Annotated[str, Path(description="How many entries, from 0.")]


@router.get(
    f"{V1}/download-register",
    responses={
        200: {"description": "A ZIP archive.", "content": {ZIP: {}}},
        **PAGES,
        501: {
            "description": "The register is too large.",
            "content": {"text/html": {}},
        },
    },
)
async def download_register(
    here: Here, request: Request, register: RegisterName
) -> Response:
    """The register as a ZIP: `register.json`, `item/…` and `entry/…`."""
    schema = here.registers.schema(register)
    size = here.registers.log.size(register)
    write = partial(write_archive, here, schema)
    file = await here.hard.run(partial(_temporary, write))
    headers = _headers(ZIP, f"{register}-{size}.zip", register, size)
    headers["Content-Transfer-Encoding"] = "binary"
    headers["Content-Length"] = str(file.seek(0, os.SEEK_END))
    if is_head(request.scope):
        file.close()
        return Response(headers=headers)
    return StreamingResponse(_chunks(file), headers=headers)


@router.get(
    f"{V1}/download-rsf",
    responses={200: {"description": "The whole register.", "content": {RSF: {}}}},
)
async def download_rsf(here: Here, register: RegisterName) -> Response:
    """The register in register serialisation format."""
    here.registers.schema(register)
    return await _whole(here, register, None)


@router.get(
    f"{V1}/download-rsf/{{first}}",
    responses={200: {"description": "What followed.", "content": {RSF: {}}}, **PAGES},
)
async def download_rsf_from(
    here: Here, request: Request, register: RegisterName, first: Size
) -> Response:
    """What was appended after the first entries, in register serialisation format."""
    return await _part(here, request, register, first, None)


@router.get(
    f"{V1}/download-rsf/{{first}}/{{second}}",
    responses={
        200: {"description": "What lies between.", "content": {RSF: {}}},
        **PAGES,
    },
)
async def download_rsf_between(
    here: Here, request: Request, register: RegisterName, first: Size, second: Size
) -> Response:
    """What was appended between two sizes, in register serialisation format."""
    return await _part(here, request, register, first, second)


async def _part(
    here: Service, request: Request, register: str, first: str, second: str | None
) -> Response:
    here.registers.schema(register)
    log = here.registers.log
    size = log.size(register)
    start, end = whole_number(first), size if second is None else whole_number(second)
    if start is None or end is None:
        raise NoSuchPage("a part of a log is asked for with whole numbers")
    check_sizes(log, register, start, end)
    if start == 0 < end:
        return await _whole(here, register, None if second is None else end)
    lines = rsf_range(log, register, start, end)
    headers = _headers(RSF, f"rsf-{start}-{end}.rsf", register, end)
    if is_head(request.scope):
        return Response(headers=headers)
    return StreamingResponse(_joined(lines), headers=headers)


async def _whole(here: Service, register: str, size: int | None) -> Response:
    """The dump of the register as it is now, or was at a size."""
    then = None if size is None else str(size)
    reply = await dump_reply(here, register, "rsf", then)
    number = here.registers.log.size(register) if size is None else size
    reply.headers["Content-Disposition"] = _attachment(f"rsf-{number}.rsf")
    return reply


def _joined(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines in pieces that are worth sending."""
    piece = bytearray()
    for line in lines:
        piece += line.encode()
        if len(piece) >= _CHUNK:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _temporary(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    """A file of what is written, open for the answer to send and to close."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))
        write(file)
        stack.pop_all()
    return file


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _headers(media_type: str, name: str, register: str, size: int) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Content-Disposition": _attachment(name),
        "Cache-Control": REVALIDATE,
        LOG_SIZE_HEADER: f"{register}={size}",
    }


def _attachment(name: str) -> str:
    return f"attachment; filename={name}"
