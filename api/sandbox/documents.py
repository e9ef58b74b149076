"""RDF as clients send it, written to files: one document, or several in a form.

Graph Store HTTP Protocol, section 5.5: a `multipart/form-data` body (RFC 7578) is the
documents of its parts, merged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from email import policy
from email.message import MIMEPart
from email.parser import BytesParser
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from fastapi import Request

from api.bodies import save_body
from api.limits import UnsupportedMediaType, check_coding, read_body
from trigpoint.errors import InvalidGraph
from trigpoint.graph import GRAPH_FORMATS
from trigpoint.graph.changes import Document

MAX_DOCUMENT: Final = 256_000_000  # bytes
MAX_FORM: Final = 16_000_000  # bytes; a form is read into memory
BODY_SECONDS: Final = 300.0  # that a document may take to come
_FORM: Final = "multipart/form-data"
MAX_PARTS: Final = 100
# What clients also call them.
_ALSO: Final = {
    "application/x-turtle": "text/turtle",
    "application/turtle": "text/turtle",
    "text/ntriples": "application/n-triples",
    "application/json": "application/ld+json",
}
_READ: Final = {form.media_type: form.media_type for form in GRAPH_FORMATS} | _ALSO


@asynccontextmanager
async def documents_of(
    request: Request, folder: Path, base: str
) -> AsyncIterator[tuple[Document, ...]]:
    """The documents of a body, as files in a folder while they are needed.

    `base` is what their relative IRIs resolve against. Raises UnsupportedMediaType for
    what is not RDF, InvalidGraph for a form without documents, BodyTooLarge and
    BodyTooSlow.
    """
    check_coding(request)
    given = request.headers.get("content-type", "")
    with ExitStack() as files:
        if given.partition(";")[0].strip().lower() == _FORM:
            form = await read_body(request, MAX_FORM)
            documents = []
            for part in _parts(given, form):
                path = files.enter_context(_file(folder))
                content = part.get_payload(decode=True)
                path.write_bytes(content if isinstance(content, bytes) else b"")
                documents.append(Document(path, _type(part["content-type"]), base))
        else:
            media_type = _type(given)
            path = files.enter_context(_file(folder))
            await save_body(request, path, limit=MAX_DOCUMENT, seconds=BODY_SECONDS)
            documents = [Document(path, media_type, base)]
        yield tuple(documents)


@contextmanager
def _file(folder: Path) -> Iterator[Path]:
    with NamedTemporaryFile(dir=folder) as file:
        yield Path(file.name)


def _parts(content_type: str, form: bytes) -> list[MIMEPart]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + form)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not parts or len(parts) > MAX_PARTS:
        raise InvalidGraph(
            f"the form has {len(parts)} parts: expected 1 to {MAX_PARTS}, each an RDF "
            "document with its Content-Type"
        )
    return parts


def _type(content_type: str | None) -> str:
    """The media type of a document; raises UnsupportedMediaType."""
    given, _, parameters = (content_type or "").lower().partition(";")
    media_type = _READ.get(given.strip())
    if media_type is None:
        raise UnsupportedMediaType(
            f"the body is of type “{given[:60]}”: expected one of {', '.join(_READ)}",
            available=list(_READ),
        )
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(
            f"the body has the charset “{charset[:60]}”: expected utf-8"
        )
    return media_type
