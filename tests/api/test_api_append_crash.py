"""A server that is killed while custodians append loses nothing that it acknowledged.

And one that is asked to end finishes what it took: nobody is left without an answer.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from trigpoint.identity import signer_of
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.register import Registers
from trigpoint.rights import OWNER_FILE, read_token

ROOT = Path(__file__).parents[2]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def start(data: Path, processes: int = 1) -> tuple[subprocess.Popen[str], str]:
    """A server of so many processes, and its address once it listens."""
    options = ["--data", str(data), "--port", "0", "--processes", str(processes)]
    process = subprocess.Popen(
        [sys.executable, "-m", "api", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TRIGPOINT_DATA": ""},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, "/".join(line.split("/")[:3])


class Senders:
    """Threads that append rows of their own until the server is gone."""

    def __init__(self, address: str, token: str, turn: int, steps: int = 500) -> None:
        self._steps = steps
        self.acknowledged: list[dict[str, Any]] = []
        self.other: set[int] = set()
        self._url = f"{address}/registers/country/records"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._threads = [
            threading.Thread(target=self._send, args=(number, turn))
            for number in range(8)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _send(self, number: int, turn: int) -> None:
        with httpx.Client(headers=self._headers, timeout=30) as client:
            for step in range(self._steps):
                key = f"{LETTERS[number]}{LETTERS[step % 26]}"
                row = {"country": key, "name": f"Land {turn} {number} {step}"}
                try:
                    answer = client.post(self._url, json=[row])
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json())
                else:
                    self.other.add(answer.status_code)


def check(data: Path, senders: Senders) -> int:
    """Everything acknowledged is in the log, at its place, and the log is whole."""
    log = Registers.open(data).log
    numbers = []
    for answer in senders.acknowledged:
        (entry,) = answer["entries"]
        number = int(entry["entry-number"])
        assert log.entry("country", number).as_json() == entry
        signed = parse_checkpoint(parse_note(answer["checkpoint"]).text)
        assert signed.size >= number
        assert log.root("country", signed.size) == signed.root
        numbers.append(number)
    assert len(set(numbers)) == len(numbers)
    assert log.verify("country") == log.root("country")
    names = [entry.item_hash for entry in log.entries("country", 6, 100_000)]
    assert len(set(names)) == len(names)  # each row was another, and is there once
    size = log.size("country")
    log.close()
    return size


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    """The sample with its keys, to be written to."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    shutil.copytree(f"{data}.keys", f"{copy}.keys")
    return copy


def run(
    copy: Path, turn: int, seconds: float, end: Callable[[subprocess.Popen[str]], None]
) -> Senders:
    """Serve, let threads append for a while, end the server."""
    token = read_token(signer_of(copy).keys.path / OWNER_FILE)
    process, address = start(copy)
    try:
        senders = Senders(address, token, turn)
        deadline = time.monotonic() + 60
        while not senders.acknowledged and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(seconds)
        end(process)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    senders.join()
    return senders


def test_a_killed_server_loses_no_acknowledged_entry(copy: Path) -> None:
    """After each kill the log is whole, and the next server goes on from it."""
    size = 5
    for turn, seconds in enumerate((0.05, 0.31, 0.83)):
        senders = run(copy, turn, seconds, lambda process: process.kill())
        assert senders.acknowledged
        assert senders.other == set()
        grown = check(copy, senders)
        assert grown >= size + len(senders.acknowledged)
        size = grown


def test_a_server_that_ends_answers_what_it_took(copy: Path) -> None:
    """Every row that is in the log was acknowledged, and the process ends by itself."""

    def ask(process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGTERM)

    senders = run(copy, 0, 0.5, ask)
    assert senders.other <= {503}
    assert check(copy, senders) == 5 + len(senders.acknowledged)


def test_appends_to_several_processes_wait_for_each_other(copy: Path) -> None:
    """Whichever process a row is sent to, it is appended: nobody is told to come back
    while another process appends a group."""
    token = read_token(signer_of(copy).keys.path / OWNER_FILE)
    process, address = start(copy, processes=2)
    try:
        senders = Senders(address, token, 0, steps=8)
        senders.join()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
    assert senders.other == set()
    assert len(senders.acknowledged) == 8 * 8
    assert check(copy, senders) == 5 + 8 * 8
