"""The queue in front of one writer: groups, fairness, bounds, a clean end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future

import pytest

from trigpoint.errors import DataBusy, InvalidInput, TooBusy, TrigpointError
from trigpoint.intake import Intake, IntakeLimits


class Desk:
    """A writer that can be held up, and tells what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.open = threading.Event()
        self.at_work = threading.Event()
        self.fault: BaseException | None = None

    def do(self, group: Sequence[str]) -> list[str | TrigpointError]:
        self.at_work.set()
        assert self.open.wait(20)
        self.groups.append(list(group))
        if self.fault is not None:
            raise self.fault
        return [
            InvalidInput(f"{one} is bad") if one.startswith("bad") else one.upper()
            for one in group
        ]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.open.set()


@pytest.fixture
def make(desk: Desk) -> Iterator[Callable[..., Intake[str, str]]]:
    """An intake at the desk, its first piece of work held up; ended after the test."""
    made: list[Intake[str, str]] = []

    def make(**limits: int) -> Intake[str, str]:
        made.append(Intake(desk.do, IntakeLimits(**limits)))
        made[0].submit("first")
        assert desk.at_work.wait(20)
        return made[0]

    yield make
    desk.open.set()
    for intake in made:
        intake.close()


def texts(answers: Sequence[Future[str]]) -> list[str]:
    return [answer.result(20) for answer in answers]


def test_what_waits_is_done_in_one_group(
    desk: Desk, make: Callable[..., Intake[str, str]]
) -> None:
    """While one group is written the next gathers; each gets its own answer."""
    intake = make()
    answers = [intake.submit(f"work {n}") for n in range(10)]
    desk.open.set()
    assert texts(answers) == [f"WORK {n}" for n in range(10)]
    assert desk.groups == [["first"], [f"work {n}" for n in range(10)]]


def test_a_bad_piece_hurts_no_other(
    desk: Desk, make: Callable[..., Intake[str, str]]
) -> None:
    """Its sender gets the error, the others of the group their results."""
    intake = make()
    one, bad, two = (intake.submit(work) for work in ("one", "bad", "two"))
    desk.open.set()
    assert texts([one, two]) == ["ONE", "TWO"]
    with pytest.raises(InvalidInput, match="bad is bad"):
        bad.result(20)


@pytest.mark.parametrize("fault", [DataBusy("locked"), ZeroDivisionError("oh")])
def test_whatever_the_writer_raises_everybody_is_answered(
    desk: Desk, make: Callable[..., Intake[str, str]], fault: BaseException
) -> None:
    """The whole group gets the error, and the next group is done as if nothing was."""
    intake = make()
    desk.fault = fault
    answers = [intake.submit("one"), intake.submit("two")]
    desk.open.set()
    for answer in answers:
        with pytest.raises(type(fault)):
            answer.result(20)
    desk.fault = None
    assert intake.submit("three").result(20) == "THREE"


def test_senders_take_turns(desk: Desk, make: Callable[..., Intake[str, str]]) -> None:
    """One who sends a hundred things waits for the others' one, not they for his."""
    intake = make(group=4)
    answers = [intake.submit(f"a{n}", sender="A") for n in range(6)]
    answers += [intake.submit("b0", sender="B"), intake.submit("c0", sender="C")]
    desk.open.set()
    texts(answers)
    assert desk.groups[1:] == [["a0", "b0", "c0", "a1"], ["a2", "a3", "a4", "a5"]]


def test_no_more_waits_than_may(
    desk: Desk, make: Callable[..., Intake[str, str]]
) -> None:
    """Past the bound work is refused at once, and what was taken is done."""
    intake = make(waiting=4)
    answers = [intake.submit(f"a{n}", sender="A") for n in range(2)]
    with pytest.raises(TooBusy, match="2 submissions are waiting"):
        intake.submit("a2", sender="A")  # half of all places is one sender's share
    answers += [intake.submit(f"b{n}", sender="B") for n in range(2)]
    with pytest.raises(TooBusy, match="4 submissions are waiting"):
        intake.submit("c0", sender="C")
    desk.open.set()
    assert texts(answers) == ["A0", "A1", "B0", "B1"]
    assert intake.submit("c0", sender="C").result(20) == "C0"


def test_weight_is_bounded_too(
    desk: Desk, make: Callable[..., Intake[str, str]]
) -> None:
    """A few heavy things fill the queue as many light ones do."""
    intake = make(weight=100)
    intake.submit("a", sender="A", weight=50)
    with pytest.raises(TooBusy):
        intake.submit("b", sender="A", weight=1)
    with pytest.raises(TooBusy):
        intake.submit("b", sender="B", weight=51)
    answer = intake.submit("b", sender="B", weight=50)
    desk.open.set()
    assert answer.result(20) == "B"


def test_who_gave_up_waiting_is_passed_over(
    desk: Desk, make: Callable[..., Intake[str, str]]
) -> None:
    """Work whose sender is gone before it began is not done."""
    intake = make()
    gone, stays = intake.submit("gone"), intake.submit("stays")
    assert gone.cancel()
    desk.open.set()
    assert stays.result(20) == "STAYS"
    with pytest.raises(CancelledError):
        gone.result(0)
    assert desk.groups == [["first"], ["stays"]]


def test_closing_does_what_was_taken_and_takes_no_more(desk: Desk) -> None:
    """Nobody who was let in is left without an answer."""
    intake = Intake(desk.do)
    answers = [intake.submit(f"work {n}") for n in range(5)]
    closing = threading.Thread(target=intake.close)
    closing.start()
    deadline = time.monotonic() + 20
    refused = False
    while not refused and time.monotonic() < deadline:
        try:
            answers.append(intake.submit("late"))
        except TooBusy as error:
            refused = "this server is ending" in str(error)
    assert refused
    desk.open.set()
    closing.join(20)
    assert not closing.is_alive()
    assert all(answer.done() for answer in answers)
    assert sum(map(len, desk.groups)) == len(answers)


def test_many_threads_get_each_its_own_answer() -> None:
    """Two thousand pieces from forty threads are done once each, in few groups."""
    done: list[int] = []
    groups: list[int] = []

    def do(group: Sequence[int]) -> list[int | TrigpointError]:
        groups.append(len(group))
        done.extend(group)
        time.sleep(0.001)  # as a disk would take
        return [number * 2 for number in group]

    intake = Intake(do)
    wrong: list[int] = []

    def send(start: int) -> None:
        for number in range(start, start + 50):
            if intake.submit(number, sender=str(start)).result(60) != number * 2:
                wrong.append(number)

    threads = [threading.Thread(target=send, args=(n * 50,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    intake.close()
    assert wrong == []
    assert sorted(done) == list(range(2_000))
    assert len(groups) < 1_000
