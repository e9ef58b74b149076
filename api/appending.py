"""Appending over HTTP: who may, what they send, and the one writer behind the door.

The token stands in the header `Authorization` (RFC 6750, section 2.1) and nowhere
else: never in an address, which ends up in logs, nor in a cookie, which browsers send
unasked.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import Depends, Request

from api.limits import Bench, read_body
from api.rows import MAX_ROWS_BODY, frame_of
from trigpoint.errors import (
    KeyRequired,
    NoSuchRegister,
    NotPermitted,
    TooBusy,
)
from trigpoint.group import Submission
from trigpoint.identity import read_identity, signer_of
from trigpoint.register import Registers
from trigpoint.rights import CustodianKey, Custodians
from trigpoint.submissions import Receipt, Submissions

# Bodies that are held in memory at once; threads that read rows from them; threads
# that look at keys and queue work; requests that may wait for any of these.
_BODIES, _READERS, _CLERKS, _CALLERS = 32, 2, 8, 512
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class Appending:
    """The door for custodians of one data directory.

    Nothing is appended without the keys folder that its identity names: not by a
    replica, nor by a server that was not given keys.
    """

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._identity = read_identity(registers.data)
        self._bodies = anyio.CapacityLimiter(_BODIES)
        self._readers = Bench(_READERS, _CALLERS)
        self._clerks = Bench(_CLERKS, _CALLERS)
        self._opening = threading.Lock()  # held for what stands below
        self._opened: Submissions | None = None

    async def admit(self, request: Request, register: str) -> CustodianKey:
        """Whose key a request brings; asked before anything of its body is read.

        Raises NotPermitted when nothing is appended here, or not with this key, and
        KeyRequired for no key or one that is not known.
        """
        given = request.headers.getlist("authorization")
        return await self._clerks.run(partial(self._admit, given, register))

    async def append(
        self,
        request: Request,
        key: CustodianKey,
        register: str,
        *,
        amends: bool,
        dry_run: bool,
    ) -> Receipt:
        """Read rows from the body and have them appended; raises what
        `api.rows.frame_of` and `Submissions.submit` do, and what `read_body` does."""
        if self._bodies.statistics().tasks_waiting >= _CALLERS:
            raise TooBusy(f"{_CALLERS} requests are waiting already: try again later")
        async with self._bodies:
            body = await read_body(request, MAX_ROWS_BODY)
            kind = _media_type(request)
            schema = self._registers.schemas[register]
            rows = await self._readers.run(
                partial(frame_of, body, kind, schema, whole=not amends)
            )
        one = Submission(register, rows, key, len(body), amends, dry_run)
        answer = await self._clerks.run(partial(self._submit, one))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """Finish what was taken, and end."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    def _admit(self, given: list[str], register: str) -> CustodianKey:
        keys = self._keys()
        match = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            raise KeyRequired(
                "expected one header Authorization: Bearer, and a custodian's key"
            )
        key = Custodians(keys).identify(match[1])
        if register not in self._registers.schemas:
            raise NoSuchRegister(
                f"there is no register called “{register}” here", register=register
            )
        key.check([register])
        return key

    def _keys(self) -> Path:
        """The keys folder; raises NotPermitted where nothing is appended."""
        identity = self._identity
        if identity is None:
            raise NotPermitted(
                "this server has no keys, so nothing is appended here: `trigpoint "
                "init` makes them"
            )
        if identity.keys is None:
            raise NotPermitted(
                f"this is a replica of {identity.replica_of}: append there",
                replica_of=identity.replica_of,
            )
        if not os.access(identity.keys, os.R_OK | os.X_OK):
            raise NotPermitted(
                "this server cannot read the keys of its log, so nothing is appended "
                "here"
            )
        return identity.keys

    def _submit(self, submission: Submission) -> Future[Receipt]:
        """Open the log for writing, the first time that somebody may append."""
        with self._opening:
            if self._opened is None:
                data, base = self._registers.data, self._registers.base
                custodians = Custodians(self._keys())
                registers = Registers.open(data, base=base, write=True)
                self._opened = Submissions(registers, custodians, signer_of(data))
            return self._opened.submit(submission)


def _media_type(request: Request) -> str:
    kind = request.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


@contextmanager
def appending(registers: Registers) -> Iterator[Appending]:
    """The door for custodians, which closes when what was taken is done."""
    door = Appending(registers)
    try:
        yield door
    finally:
        door.close()


async def door_of(request: Request) -> Appending:
    door = request.app.state.appending
    if not isinstance(door, Appending):
        raise TypeError("the lifespan sets the door for custodians")
    return door


Door = Annotated[Appending, Depends(door_of)]
