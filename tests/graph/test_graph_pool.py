"""Queries in worker processes: limits, deaths, readers and snapshots."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.graph.schools import (
    BASE,
    BOMB,
    CARTESIAN,
    COUNT,
    SCHOOLS,
    bindings,
    school,
)
from tests.pool import PoolInThread
from trigpoint.errors import (
    QueryBusy,
    QueryFailed,
    QueryTimedOut,
    QueryTooLarge,
    TooManyQueries,
    TrigpointError,
)
from trigpoint.graph import Answer, GraphView, Query, QueryLimits, QueryPool, Snapshot

ALL = 3 * SCHOOLS + 6
# Twenty million bytes, made as they are asked for.
LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 60000"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def pool_of(
    store: Path, workers: int = 1, limits: QueryLimits | None = None
) -> PoolInThread:
    return PoolInThread(Snapshot(store), base=BASE, workers=workers, limits=limits)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come; a bound against a hang."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def count(pool: PoolInThread, client: str = "") -> int:
    """How many triples the snapshot has, asked of it."""
    return int(bindings(pool.run(COUNT, client=client).body)[0]["n"])


def test_a_query_past_the_time_limit_is_killed(schools: Path) -> None:
    """A cartesian product ends with an error, its process is gone, others answer."""
    with pool_of(schools, limits=QueryLimits(time=1)) as pool:
        pool.run("ASK {}")
        (pid,) = pool.pool.worker_pids()
        with pytest.raises(QueryTimedOut, match="1 s") as error:
            pool.run(CARTESIAN)
        assert error.value.members["limit"] == 1
        until(lambda: gone(pid))
        assert pool.run("ASK {}").form == "ask"
        assert pool.pool.worker_pids() != (pid,)


@pytest.mark.parametrize("name", ["json", "csv", "xml", "tsv"])
def test_too_many_rows_are_an_error(schools: Path, name: str) -> None:
    """One row over the limit refuses the answer, at the limit it is given."""
    with pool_of(schools, limits=QueryLimits(rows=100)) as pool:
        assert pool.run("SELECT * { ?s ?p ?o } LIMIT 100", name).body
        with pytest.raises(QueryTooLarge, match=r"100 rows.*dumps") as error:
            pool.run("SELECT * { ?s ?p ?o } LIMIT 101", name)
        assert error.value.members == {"limit": 100, "unit": "rows"}


def test_too_many_triples_are_an_error(schools: Path) -> None:
    """The row limit counts the triples of a graph."""
    with pool_of(schools, limits=QueryLimits(rows=100)) as pool:
        answer = pool.run("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 100", "nt")
        assert answer.body.count(b"\n") == 100
        with pytest.raises(QueryTooLarge, match="100 rows"):
            pool.run("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 101")


def test_too_many_bytes_are_an_error(schools: Path) -> None:
    """An answer over the byte limit is refused, and the worker goes on."""
    with pool_of(schools, limits=QueryLimits(size=10_000)) as pool:
        pool.run("ASK {}")
        before = pool.pool.worker_pids()
        with pytest.raises(QueryTooLarge, match="10000 bytes"):
            pool.run("SELECT * { ?s ?p ?o }")
        assert pool.run("ASK {}").form == "ask"
        assert pool.pool.worker_pids() == before


def test_what_goes_wrong_late_breaks_the_answer_off(schools: Path) -> None:
    """An answer that has begun ends with the error, and never as if it were whole."""

    async def read(pool: QueryPool) -> tuple[int, TrigpointError | None]:
        async with await pool.ask(Query(LONG, ("tsv",))) as answer:
            assert answer.whole is None
            read = 0
            try:
                async for piece in answer.pieces():
                    read += len(piece)
            except TrigpointError as error:
                return read, error
        return read, None

    with pool_of(schools, limits=QueryLimits(size=4_000_000)) as pool:
        size, error = pool.call(read(pool.pool))
        assert isinstance(error, QueryTooLarge)
        assert 65_536 <= size <= 4_000_000
        assert count(pool) == ALL


def test_a_memory_bomb_kills_only_its_worker(schools: Path) -> None:
    """A query that needs too much memory is refused, and the pool goes on."""
    limits = QueryLimits(time=60, memory=300 << 20)
    with pool_of(schools, limits=limits) as pool:
        with pytest.raises(QueryTooLarge, match="bytes of memory"):
            pool.run(BOMB)
        assert count(pool) == ALL


def test_a_worker_killed_at_its_work_fails_that_query_only(schools: Path) -> None:
    """SIGKILL from outside is a clear error for the query that ran."""
    with pool_of(schools, limits=QueryLimits(time=30)) as pool:
        pool.run("ASK {}")
        (pid,) = pool.pool.worker_pids()
        asked = pool.ask(CARTESIAN)
        until(lambda: pool.pool.busy() == 1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(QueryFailed, match="status -9"):
            asked.result(60)
        assert count(pool) == ALL


def test_a_worker_killed_while_idle_is_replaced_unseen(schools: Path) -> None:
    """The next query after idle workers died is answered."""
    with pool_of(schools, workers=2) as pool:
        pool.run("ASK {}")
        for pid in pool.pool.worker_pids():
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: pid not in pool.pool.worker_pids())  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert count(pool) == ALL


def test_a_query_that_nobody_waits_for_is_ended(schools: Path) -> None:
    """When the asking is given up, its worker is killed and another takes its place."""
    with pool_of(schools, limits=QueryLimits(time=300)) as pool:
        pool.run("ASK {}")
        (pid,) = pool.pool.worker_pids()
        asked = pool.ask(CARTESIAN)
        until(lambda: pool.pool.busy() == 1)
        asked.cancel()
        until(lambda: gone(pid))
        assert count(pool) == ALL


def test_an_answer_that_is_left_is_ended(schools: Path) -> None:
    """Leaving an answer in its middle ends the query, and frees what it held."""

    async def begin(pool: QueryPool) -> int:
        async with await pool.ask(Query(ENDLESS, ("tsv",))) as answer:
            async for piece in answer.pieces():
                return len(piece)
        return 0

    with pool_of(schools, limits=QueryLimits(time=300, rows=10**9)) as pool:
        assert pool.call(begin(pool.pool)) > 0
        until(lambda: pool.pool.busy() == 0)
        assert count(pool) == ALL


def test_a_slow_reader_holds_no_worker(schools: Path) -> None:
    """An answer that nobody reads yet is made whole, beside this process's memory, and
    the worker is free; then it is read as it would have been."""

    async def begin(pool: QueryPool) -> Answer:
        return await pool.ask(Query(LONG, ("tsv",)), "slow")

    async def rest(answer: Answer) -> bytes:
        async with answer:
            return await answer.body()

    with pool_of(schools, limits=QueryLimits(time=300)) as pool:
        slow = pool.call(begin(pool.pool))
        until(lambda: pool.pool.busy() == 0)
        assert slow.whole is None
        assert count(pool) == ALL
        body = pool.call(rest(slow))
        assert body.count(b"\n") == 60_001
        assert body == pool.run(LONG, "tsv").body


def test_a_full_disk_holds_the_worker_back(schools: Path) -> None:
    """Without room for what is not read yet, the worker waits for the reader, and the
    answer comes whole; one who reads nothing loses it at the time limit."""

    async def begin(pool: QueryPool, query: str) -> Answer:
        return await pool.ask(Query(query, ("tsv",)))

    async def rest(answer: Answer) -> bytes:
        async with answer:
            return await answer.body()

    limits = QueryLimits(time=60, spool=0)
    with pool_of(schools, limits=limits) as pool:
        slow = pool.call(begin(pool.pool, LONG))
        time.sleep(0.5)
        assert pool.pool.busy() == 1
        assert pool.call(rest(slow)).count(b"\n") == 60_001
    with pool_of(schools, limits=QueryLimits(time=1, spool=0)) as pool:
        slow = pool.call(begin(pool.pool, ENDLESS))
        until(lambda: pool.pool.busy() == 0)
        with pytest.raises(QueryTimedOut):
            pool.call(rest(slow))


def test_one_client_has_no_more_than_its_share(schools: Path) -> None:
    """While one client's queries take all that it may have, another's is answered at
    once; what is over its share is refused, as its own."""
    limits = QueryLimits(time=300, of_client=4)
    with pool_of(schools, workers=3, limits=limits) as pool:
        greedy = [pool.ask(CARTESIAN, client="greedy") for _ in range(4)]
        until(lambda: pool.pool.busy() == 2)
        with pytest.raises(TooManyQueries, match="4 queries of yours") as error:
            pool.run(COUNT, client="greedy")
        assert error.value.members == {"limit": 4}
        assert count(pool, "other") == ALL
        assert pool.pool.busy() == 2
        for one in greedy:
            one.cancel()
        until(lambda: pool.pool.busy() == 0)
        assert count(pool, "greedy") == ALL


def test_too_many_of_all_are_refused(schools: Path) -> None:
    """With as many queries as may be under way the next one is not kept waiting."""
    with pool_of(schools, limits=QueryLimits(time=300, of_all=1)) as pool:
        pool.run("ASK {}")
        long = pool.ask(CARTESIAN, client="one")
        until(lambda: pool.pool.busy() == 1)
        with pytest.raises(QueryBusy, match="try again later") as error:
            pool.run("ASK {}", client="two")
        assert not isinstance(error.value, TooManyQueries)
        long.cancel()


def test_waiting_ends_at_the_time_limit(schools: Path) -> None:
    """A query that no worker takes in time is refused rather than kept."""
    with pool_of(schools, limits=QueryLimits(time=1)) as pool:
        pool.run("ASK {}")
        asked = [pool.ask(CARTESIAN) for _ in range(3)]
        kinds = {type(future.exception(60)) for future in asked}
        assert QueryTimedOut in kinds
        assert kinds <= {QueryTimedOut, QueryBusy}


def test_a_switch_drops_no_query(schools: Path, tmp_path: Path) -> None:
    """Queries during switches see one whole snapshot or the other, and name the one
    that they were answered from."""
    with GraphView.open(schools).fork(tmp_path / "next") as fork:
        fork.apply([], school(SCHOOLS))
    held = [Snapshot(schools, {"n": ALL}), Snapshot(tmp_path / "next", {"n": ALL + 3})]

    async def ask(pool: QueryPool) -> tuple[int, int]:
        async with await pool.ask(Query(COUNT)) as answer:
            (row,) = bindings(await answer.body())
            return int(row["n"]), answer.snapshot.sizes["n"]

    with PoolInThread(held[0], base=BASE, workers=3) as pool:
        asked = []
        for turn in range(40):
            asked += [pool.start(ask(pool.pool)) for _ in range(4)]
            asked[-1].result(60)
            pool.pool.switch(held[turn % 2])
        answers = {future.result(60) for future in asked}
        assert answers == {(ALL, ALL), (ALL + 3, ALL + 3)}
        pool.pool.switch(held[1])
        until(lambda: pool.pool.in_use() == {tmp_path / "next"})
        assert count(pool) == ALL + 3


def test_a_running_query_keeps_its_snapshot_in_use(
    schools: Path, tmp_path: Path
) -> None:
    """The old folder is named until its last query has ended."""
    GraphView.open(schools).fork(tmp_path / "next").close()
    with pool_of(schools, limits=QueryLimits(time=300)) as pool:
        pool.run("ASK {}")
        long = pool.ask(CARTESIAN)
        until(lambda: pool.pool.busy() == 1)
        pool.pool.switch(Snapshot(tmp_path / "next"))
        assert pool.pool.in_use() == {schools, tmp_path / "next"}
        long.cancel()
        until(lambda: pool.pool.in_use() == {tmp_path / "next"})


def test_renewing_replaces_every_worker(schools: Path) -> None:
    """Nothing of what was read stays in memory, and no query fails for it."""
    with pool_of(schools, workers=2) as pool:
        pool.run("ASK {}")
        until(lambda: len(pool.pool.worker_pids()) == 2)
        before = set(pool.pool.worker_pids())
        pool.pool.renew()
        assert count(pool) == ALL
        until(lambda: all(gone(pid) for pid in before))
        assert count(pool) == ALL


def test_a_missing_store_is_an_error_of_the_query(
    schools: Path, tmp_path: Path
) -> None:
    """A snapshot that is not there fails the query, and a switch back heals."""
    with pool_of(tmp_path / "none") as pool:
        with pytest.raises(QueryFailed, match="could not be read"):
            pool.run("ASK {}")
        pool.pool.switch(Snapshot(schools))
        assert count(pool) == ALL


def test_closing_leaves_no_process(schools: Path) -> None:
    """After close every worker is gone, and what ran or waited has failed."""
    with pool_of(schools, limits=QueryLimits(time=300)) as pool:
        pool.run("ASK {}")
        pids = pool.pool.worker_pids()
        asked = [pool.ask(CARTESIAN) for _ in range(2)]
        until(lambda: pool.pool.busy() == 1)
        pool.call(pool.pool.close())
        for one in asked:
            assert isinstance(one.exception(60), QueryFailed)
        assert all(gone(pid) for pid in pids)
        assert pool.pool.worker_pids() == ()
        with pytest.raises(QueryFailed, match="closed"):
            pool.run("ASK {}")


def test_workers_end_with_a_parent_that_was_killed(schools: Path) -> None:
    """Nobody is left to kill them, and still no worker outlives its query."""
    script = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from trigpoint.graph import Query, QueryLimits, QueryPool, Snapshot\n"
        "async def main():\n"
        "    snapshot = Snapshot(Path(sys.argv[1]))\n"
        "    limits = QueryLimits(time=1)\n"
        "    pool = QueryPool(snapshot, base='http://x', workers=2, limits=limits)\n"
        "    async with pool:\n"
        "        await pool.ask(Query('ASK {}'))\n"
        "        asked = asyncio.create_task(pool.ask(Query(sys.argv[2])))\n"
        "        while not pool.busy(): await asyncio.sleep(0.01)\n"
        "        print(*pool.worker_pids(), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(schools), CARTESIAN],
        capture_output=True,
        text=True,
        check=False,
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    until(lambda: all(gone(pid) for pid in pids))


def test_workers_give_way_to_other_processes(schools: Path) -> None:
    """Workers run at low priority and in this session, so that lookups stay quick."""
    with pool_of(schools) as pool:
        pool.run("ASK {}")
        (pid,) = pool.pool.worker_pids()
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, pid) > own
        assert os.sched_getscheduler(pid) == os.SCHED_BATCH
        assert os.getsid(pid) == os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


def test_every_error_can_cross_processes(schools: Path) -> None:
    """Members of an error arrive with it, so a door can name the limit."""
    with pool_of(schools) as pool:
        with pytest.raises(TrigpointError) as error:
            pool.run("SELECT * {\n ?s ?p }")
        assert error.value.members == {"line": 2, "column": 8}


def test_many_at_once_leave_nothing_behind(schools: Path) -> None:
    """Hundreds of queries, some given up, leave no file and no place taken."""
    with pool_of(schools, workers=3) as pool:
        pool.run("ASK {}")
        files = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            asked = [pool.ask(COUNT, client=str(one % 7)) for one in range(60)]
            for one in asked[::5]:
                one.cancel()
            for one in asked:
                if not one.cancelled():
                    assert one.exception(60) is None
        until(lambda: pool.pool.busy() == 0)
        until(lambda: len(pool.pool.worker_pids()) == 3)
        until(lambda: len(os.listdir("/proc/self/fd")) <= files + 2)
        assert threading.active_count() < 50
        assert asyncio.run_coroutine_threadsafe(_tasks(), pool.loop).result() == 1


async def _tasks() -> int:
    return len(asyncio.all_tasks())


def test_the_loss_of_what_forks_workers_is_made_good(schools: Path) -> None:
    """When that process is killed, its workers go with it and others come."""
    with pool_of(schools, workers=2, limits=QueryLimits(time=60)) as pool:
        pool.run("ASK {}")
        until(lambda: len(pool.pool.worker_pids()) == 2)
        before = pool.pool.worker_pids()
        stat = Path(f"/proc/{before[0]}/stat").read_text()
        os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
        until(lambda: not set(before) & set(pool.pool.worker_pids()))
        assert count(pool) == ALL
        until(lambda: all(gone(pid) for pid in before))
