"""Following with real processes: our own server, any static server, and kill -9."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.api.test_api_serve import served as api
from tests.log.installation import Installation
from tests.replica.sites import export
from trigpoint.log.store import Log
from trigpoint.replica.audit import audit_data

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "trigpoint.cli"]


def trigpoint(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """Python's own static server over a folder, on a port that it chooses."""
    words = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def roots(data: Path) -> dict[str, str]:
    """What `trigpoint verify` says of each register of a data directory."""
    return {found.name: str(found) for found in audit_data(data)}


def test_a_replica_of_the_sample_is_served_like_the_sample(
    demo: Path, tmp_path: Path
) -> None:
    """Our server is followed; a server over the replica answers as the first one does,
    and is followed in its turn, as is a plain static server over an export of it."""
    replica, second, third = (tmp_path / name for name in ("one", "two", "three"))
    paths = (
        "registers/country/checkpoint",
        "registers/country/about",
        "registers/country/tile/entries/000.p/210",
        "registers/country/records/GB",
        "lookup/postcode/SW1A%202AA?at=2026-11-01",
        "keys.json",
    )
    with api("--data", str(demo)) as (addresses, _):
        home = addresses[0].rstrip("/")
        done = trigpoint("follow", home, replica, "--once")
        assert done.returncode == 0, done.stderr
        assert "TRUSTING A KEY THAT NOBODY VOUCHED FOR" in done.stderr
        assert trigpoint("verify", home).stdout.count(" verified") == 25
        with api("--data", str(replica)) as (others, _):
            there = others[0].rstrip("/")
            for path in paths:
                one, other = httpx.get(f"{home}/{path}"), httpx.get(f"{there}/{path}")
                assert (one.status_code, one.content) == (200, other.content), path
            done = trigpoint("follow", there, second, "--once", "--no-views")
            assert done.returncode == 0, done.stderr
    assert roots(demo) == roots(replica) == roots(second)
    assert trigpoint("export-static", tmp_path / "x", "--data", replica).returncode == 0
    with static(tmp_path / "x") as address:
        done = trigpoint("follow", address, third, "--once", "--no-views")
        assert done.returncode == 0, done.stderr
    assert roots(third) == roots(demo)


def test_a_server_over_a_replica_shows_what_is_followed(
    inst: Installation, tmp_path: Path
) -> None:
    """Polling brings new entries to a server that runs already."""
    inst.log.close()
    shutil.rmtree(tmp_path / "origin")
    data, site, replica = (tmp_path / name for name in ("data", "site", "replica"))
    rows = tmp_path / "country.csv"
    rows.write_text("country,name,official-name,citizen-names\nGB,UK,The UK,Briton\n")
    load(rows, data)
    assert trigpoint("export-static", site, "--data", data).returncode == 0
    assert trigpoint("follow", site, replica, "--once").returncode == 0
    following = subprocess.Popen(
        [*COMMAND, "follow", str(site), str(replica), "--every", "0.2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert following.stdout is not None
    try:
        with api("--data", str(replica)) as (addresses, _):
            home = addresses[0].rstrip("/")
            page = f"{home}/registers/country/records/FR"
            assert httpx.get(page).status_code == 404
            rows.write_text(rows.read_text() + "FR,France,The Republic,French\n")
            load(rows, data)
            assert trigpoint("export-static", site, "--data", data).returncode == 0
            end = time.monotonic() + 60
            while httpx.get(page).status_code == 404:
                assert time.monotonic() < end
                time.sleep(0.2)
            assert httpx.get(page).json()["name"] == "France"
            # Told once the views are published, so a little later.
            assert any(
                "country: 2 entries (1 new)" in line for line in following.stdout
            )
    finally:
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=30)
    assert following.returncode == 0


def load(rows: Path, data: Path) -> None:
    words = ["rows", str(rows), "--register", "country", "--data", str(data)]
    subprocess.run(
        [sys.executable, "-m", "loaders", *words],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def test_a_follower_that_is_killed_goes_on(inst: Installation, tmp_path: Path) -> None:
    """Killed at any moment, a replica verifies at the size that it had or the new one,
    and the next round ends what was begun."""
    inst.grow(9_700)
    replica, site = tmp_path / "replica", export(inst, tmp_path / "export")
    sizes = set()
    with static(site) as target:
        for delay in (1.2, 1.6, 2.0, 2.5, 3.2):
            process = subprocess.Popen(
                [*COMMAND, "follow", target, str(replica), "--once", "--no-views"],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            end = time.monotonic() + delay
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            sizes.add(whole(replica))
        done = trigpoint("follow", target, replica, "--once", "--no-views")
    assert done.returncode == 0, done.stderr
    assert sizes <= {0, 10_000}
    assert whole(replica) == 10_000
    assert not (replica / "incoming" / "town").exists()


def whole(replica: Path) -> int:
    """The size of a replica's register, once all of it was verified."""
    if not (replica / "log.sqlite").exists():
        return 0
    with closing(Log(replica / "log.sqlite", readonly=True)) as log:
        if not log.registers():
            return 0
    (found,) = audit_data(replica)
    return found.size
