"""HTTP on the wire: llhttp's parser, with a bound on what it may be sent before it says
anything. llhttp itself reads a request's head, however long it gets."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 65_536  # bytes that may pass without a request, or a part of a body, in them


class BoundedHttp(HttpToolsProtocol):
    """A connection that is refused once its request line, headers, trailers or the
    sizes of its chunks go on for too long: 400, as for whatever is no HTTP."""

    _silent = 0

    def data_received(self, data: bytes) -> None:
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response(f"A head has more than {MAX_HEAD} bytes.")

    def on_headers_complete(self) -> None:
        self._silent = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._silent = 0
        super().on_message_complete()
