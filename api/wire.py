"""HTTP on the wire: llhttp's parser, with a bound on what it may be sent before it says
anything, and on how long it waits for somebody to read. llhttp itself reads a head,
however long it gets."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from functools import partial

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

MAX_HEAD = 65_536  # bytes that may pass without a request, or a part of a body, in them
MAX_AHEAD = 16  # requests that are read while another is answered
MAX_BODIES_AHEAD = 65_536  # bytes of their bodies, together
LINGERING = 30.0  # seconds that what was sent has to be taken in once all is said
LAST_WORDS = 2.0  # seconds in which what a refused client still sends is thrown away
_RESET = struct.pack("ii", 1, 0)  # linger for no time: struct linger of socket(7)
_BREAK_OFF = "trigpoint.break-off"


class BoundedHttp(HttpToolsProtocol):
    """A connection that is refused once its request line, headers, trailers or the
    sizes of its chunks go on for too long: 400, as for whatever is no HTTP.

    Its end is told to all requests on it, also when some were sent before the first was
    answered: uvicorn would read nothing then, not even the end, and tell the last.
    """

    _silent = 0
    _refused = False
    _cycles: tuple[RequestResponseCycle, ...] = ()  # those not yet answered

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MAX_HEAD and not (
            self._refused or self.transport.is_closing()
        ):
            self.send_400_response(f"A head has more than {MAX_HEAD} bytes.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is sent, and take in for a little what is still on its way: a
        connection closed before all of it is read is reset, and the reset can overtake
        the answer (RFC 9112, 9.6)."""
        self._refused = True
        self._leave_unanswered()
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"
            b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(msg), msg.encode("ascii"))
        )
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LAST_WORDS, self.transport.close)

    def on_headers_complete(self) -> None:
        self._silent = 0
        super().on_headers_complete()
        # The application runs later, and finds this.
        call = partial(self._break_off, self.cycle)
        self.scope["extensions"] = {_BREAK_OFF: {"call": call}}
        self._cycles = (*self._unanswered(), self.cycle)
        bodies = sum(len(cycle.body) for cycle in self._cycles)
        if len(self.pipeline) < MAX_AHEAD and bodies <= MAX_BODIES_AHEAD:
            self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._silent = 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._leave_unanswered()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._end_soon()

    def _leave_unanswered(self) -> None:
        for cycle in self._unanswered():
            cycle.disconnected = True
            cycle.message_event.set()
        self.pipeline.clear()

    def _unanswered(self) -> Iterator[RequestResponseCycle]:
        return (cycle for cycle in self._cycles if not cycle.response_complete)

    def _break_off(self, cycle: RequestResponseCycle) -> None:
        cycle.disconnected = True  # nothing more is sent, and that is meant
        if cycle.scope["http_version"] == "1.0":
            # Its clients may take a plain close for the end of the body.
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()
            return
        self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        """A transport that was closed waits until its buffer is read; here, not for
        ever."""
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGERING, self.transport.abort)


def break_off(scope: Scope) -> None:
    """End a connection within the answer to a request, so that nobody can take what was
    sent for all of it. Servers other than ours do it when no last message comes."""
    extension = scope.get("extensions", {}).get(_BREAK_OFF)
    if extension is not None:
        extension["call"]()
