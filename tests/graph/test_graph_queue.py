"""Turns between clients, and who counts as one."""

from __future__ import annotations

from asyncio import Future

import pytest

from tests.graph.loops import in_loop
from trigpoint.errors import QueryBusy, QueryFailed, TooManyQueries
from trigpoint.graph import QueryLimits, client_of
from trigpoint.graph.queue import Turns


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, client: str) -> None:
    """All addresses of one customer's IPv6 network are one client."""
    assert client_of(address) == client


def turns(each: int = 2, **limits: int) -> Turns[str]:
    return Turns(each, QueryLimits(of_client=limits.get("of_client", 64)))


def waiting(given: Turns[str], clients: str) -> list[Future[str]]:
    """A turn for each letter."""
    return [given.wait(client) for client in clients]


@in_loop
async def test_clients_take_turns() -> None:
    """However many one has asked for, the others come between."""
    given = turns(each=9)
    waiting(given, "aaaabbc")
    order = [given.next("place") for _ in range(8)]
    assert order == ["a", "b", "c", "a", "b", "a", "a", None]


@in_loop
async def test_one_client_is_served_in_order() -> None:
    """First come, first served within a client; what was given up is passed over."""
    given = turns(each=9)
    first, second, third = waiting(given, "aaa")
    first.cancel()
    assert given.next("one") == "a"
    assert (second.result(), third.done()) == ("one", False)
    assert given.next("two") == "a"
    assert third.result() == "two"
    assert given.next("three") is None


@in_loop
async def test_a_client_at_its_share_waits_for_its_own() -> None:
    """A free place goes to another, and to it again once one of its own has ended."""
    given = turns(each=1)
    assert given.begin("a")
    assert not given.begin("a")
    own, other = waiting(given, "ab")
    assert given.next("place") == "b"
    assert given.next("place") is None
    assert other.done()
    assert not own.done()
    given.end("a")
    assert not given.begin("a")  # one of its own was there before
    assert given.next("place") == "a"
    assert given.running() == 2


@in_loop
async def test_those_who_wait_are_told_of_the_end() -> None:
    """Nobody waits for a turn that will not come."""
    given = turns()
    left, kept = waiting(given, "ab")
    left.cancel()
    given.close(QueryFailed("closed"))
    with pytest.raises(QueryFailed, match="closed"):
        await kept
    assert given.next("place") is None


def test_caps_count_what_has_not_left() -> None:
    """One over the client's cap, or that of all, is refused; leaving makes room."""
    given: Turns[str] = Turns(2, QueryLimits(of_client=2, of_all=3))
    given.enter("a")
    given.enter("a")
    with pytest.raises(TooManyQueries) as own:
        given.enter("a")
    assert own.value.members == {"limit": 2}
    given.enter("b")
    with pytest.raises(QueryBusy) as all_of_them:
        given.enter("c")
    assert type(all_of_them.value) is QueryBusy
    assert all_of_them.value.members == {"limit": 3}
    given.leave("a")
    given.enter("c")
