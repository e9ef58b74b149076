"""Withholding under a running server, and when the process that does it is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.api.test_api_serve import ROOT, served
from tests.redaction.secret import NAME, PLACE, SCHOOL, holding, left_in
from tests.served import descendants
from trigpoint.errors import Withheld
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash

SECONDS = 60.0  # that a server may take to let go of what it served
QUERY = "SELECT ?s WHERE { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'Quuxley')) }"
NEAR = f"/lookup/nearest?lon={PLACE[0]}&lat={PLACE[1]}&register=school-eng&limit=1"
WITHIN = f"/lookup/within?lon={PLACE[0]}&lat={PLACE[1]}&register=school-eng&radius=9"
REDACT = ["-m", "trigpoint.cli", "redact", "--reason", "A person", "--yes", "--data"]


def redacting(data: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *REDACT, str(data), *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def shown(client: httpx.Client) -> dict[str, bool]:
    """Which doors tell what is to be withheld; one that is busy tells nothing."""
    answers = {
        "record": client.get(f"/registers/school-eng/records/{SCHOOL}"),
        "areas": client.get(f"/registers/school-eng/records/{SCHOOL}/areas"),
        "nearest": client.get(NEAR),
        "within": client.get(WITHIN),
        "sparql": client.get("/sparql", params={"query": QUERY}),
        "dump": client.get("/dumps/school-eng.csv"),
        "features": client.get("/dumps/school-eng.fgb"),
        "rsf": client.get("/registers/school-eng/download.rsf"),
    }
    known = f"/id/school-eng/{SCHOOL}"
    return {
        door: answer.status_code == 200
        and any(one in answer.text for one in ("Quuxley", known))
        for door, answer in answers.items()
    }


def withheld(data: Path) -> bool:
    """Whether the current item of the school is withheld by now."""
    log = Registers.open(data).log
    try:
        return NAME not in log.item(log.trail("school-eng", SCHOOL)[-1].item_hash)
    except Withheld:
        return True
    finally:
        log.close()


def test_a_running_server_lets_go_of_it(data: Path) -> None:
    """From the moment that it is withheld no door of a running server tells it, and
    soon no file of the directory has it; 410 says why and since when."""
    with (
        served("--data", str(data), "--workers", "1") as (addresses, pid),
        httpx.Client(base_url=addresses[0], timeout=60) as client,
    ):
        assert all(shown(client).values())
        process = redacting(data, "school-eng", SCHOOL, "--trail")
        while process.poll() is None:
            gone = withheld(data)
            told = shown(client)
            assert not (gone and any(told.values())), told
        assert process.returncode == 0
        until = time.monotonic() + SECONDS
        # 2 while the server, which erases what is left, keeps the log for itself.
        while (code := redacting(data, "boundary", "--entry", "1").wait()) == 2:
            assert time.monotonic() < until
        assert code == 0
        assert left_in(data) == {}
        while client.get(NEAR).status_code != 200 and time.monotonic() < until:
            time.sleep(0.2)
        while kept_open(pid, data) and time.monotonic() < until:
            time.sleep(0.2)
        assert not kept_open(pid, data)
        assert client.get(NEAR).json()["records"][0]["key"] != SCHOOL
        found = client.get("/sparql", params={"query": QUERY}).json()
        assert found["results"]["bindings"] == []
        check_doors(client, data)
        assert left_in(data) == {}


def kept_open(pid: int, data: Path) -> set[str]:
    """Removed files of the directory that a server or its workers still hold."""
    found: set[str] = set()
    for process in (pid, *descendants(pid)):
        with suppress(OSError):  # a worker that has just ended
            names = Path(f"/proc/{process}/maps").read_text().splitlines()
            for link in Path(f"/proc/{process}/fd").iterdir():
                with suppress(FileNotFoundError):
                    names.append(str(link.readlink()))
            found |= {n for n in names if str(data) in n and n.endswith("(deleted)")}
    return found


def check_doors(client: httpx.Client, data: Path) -> None:
    """Record, item and pages say 410 with reason and date; lists leave it out."""
    log = Registers.open(data).log
    entry = log.trail("school-eng", SCHOOL)[-1]
    name = format_hash(entry.item_hash)
    (one,) = [one for one in log.withheld() if one.hash == entry.item_hash]
    for path in (
        f"/registers/school-eng/records/{SCHOOL}",
        f"/registers/school-eng/records/{SCHOOL}.ttl",
        f"/registers/school-eng/records/{SCHOOL}?size=302",
        f"/items/{name}",
        f"/doc/school-eng/{SCHOOL}",
    ):
        answer = client.get(path)
        assert answer.status_code == 410, path
        body = answer.json()
        assert (body["reason"], body["date"]) == (one.reason, one.date), path
    assert client.get(f"/id/school-eng/{SCHOOL}").status_code in (303, 410)
    gds = "/registers/school-eng/v1"
    assert client.get(f"{gds}/record/{SCHOOL}").status_code == 410
    assert client.get(f"{gds}/items/{name}").status_code == 410
    for path in ("/registers/school-eng/records?limit=1000", f"{gds}/records"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Quuxley" not in answer.text
    bundle = client.get(f"/registers/school-eng/records/{SCHOOL}/bundle").json()
    assert bundle["item"] is None
    assert bundle["withheld"] == {"reason": one.reason, "date": one.date}


@pytest.mark.parametrize("seconds", [1.5, 3.0, 4.5, 6.0])
def test_killed_at_any_moment_it_is_withheld_or_not(data: Path, seconds: float) -> None:
    """Either it is not withheld, or it is and nothing serves it; the same again
    finishes, and nothing is left of it in any file."""
    process = redacting(data, "school-eng", SCHOOL, "--trail")
    time.sleep(seconds)
    process.kill()
    process.wait()
    gone = withheld(data)
    registers = Registers.open(data)
    view = registers.view()
    keys = [one.key for one in view.positions["school-eng"].nearest(*PLACE, limit=1)]
    assert (keys == [SCHOOL]) is not gone
    assert redacting(data, "school-eng", SCHOOL, "--trail").wait() == 0
    assert not holding(data, "Quuxley")
    registers.log.close()
