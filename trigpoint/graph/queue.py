"""Whose turn it is: fair between clients, first come first served within one."""

from __future__ import annotations

import ipaddress
from asyncio import Future, get_running_loop
from collections import Counter, OrderedDict, deque
from typing import Final, Generic, TypeVar

from trigpoint.errors import QueryBusy, TooManyQueries, TrigpointError
from trigpoint.graph.limits import QueryLimits

Place = TypeVar("Place")

_NETWORK: Final = 64  # bits of an IPv6 address that one customer has for himself


def client_of(address: str) -> str:
    """Who an address counts as: itself, or for IPv6 its network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a name, or nothing for a Unix socket
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _NETWORK), strict=False))


class Turns(Generic[Place]):
    """Who waits for a place, and who has one.

    One client has at most `each` places: while it waits for its own to end, others are
    let in before it. Used in one event loop.
    """

    def __init__(self, each: int, limits: QueryLimits) -> None:
        self._each = each
        self._limits = limits
        self._waiting: OrderedDict[str, deque[Future[Place]]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._present: Counter[str] = Counter()

    def enter(self, client: str) -> None:
        """Count a query of a client. Raises TooManyQueries when it has too many, and
        QueryBusy when all together have."""
        limits = self._limits
        if self._present[client] >= limits.of_client:
            raise TooManyQueries(
                f"{limits.of_client} queries of yours are waiting, running or not yet "
                "read: ask again when some have ended, or take a dump",
                limit=limits.of_client,
            )
        if self._present.total() >= limits.of_all:
            raise QueryBusy(
                f"{limits.of_all} queries are waiting or running already; try again "
                "later, or take a dump",
                limit=limits.of_all,
            )
        self._present[client] += 1

    def leave(self, client: str) -> None:
        """Count it no more."""
        _less(self._present, client)

    def begin(self, client: str) -> bool:
        """Take a place at once, if the client may have one and none of it waits."""
        if client in self._waiting or self._running[client] >= self._each:
            return False
        self._running[client] += 1
        return True

    def wait(self, client: str) -> Future[Place]:
        """A future for the place that the client will have. It may be cancelled."""
        turn: Future[Place] = get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        return turn

    def end(self, client: str) -> None:
        """Give a place back."""
        _less(self._running, client)

    def next(self, place: Place) -> str | None:
        """Give a free place to the client that is next, and say which it is; None when
        nobody may have it."""
        for client in list(self._waiting):
            turns = self._waiting[client]
            while turns and turns[0].done():
                turns.popleft()  # it was given up
            if not turns:
                del self._waiting[client]
            elif self._running[client] < self._each:
                self._running[client] += 1
                turns.popleft().set_result(place)
                self._waiting.move_to_end(client)
                return client
        return None

    def close(self, error: TrigpointError) -> None:
        """Tell all that wait that they wait in vain."""
        for turns in self._waiting.values():
            for turn in turns:
                if not turn.done():
                    turn.set_exception(error)
        self._waiting.clear()

    def running(self) -> int:
        """How many places are taken."""
        return self._running.total()


def _less(counts: Counter[str], client: str) -> None:
    counts[client] -= 1
    if not counts[client]:
        del counts[client]
