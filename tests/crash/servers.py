"""A server that is killed while custodians send rows."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.crash.chains import LETTERS, PAIRS, Appending
from tests.crash.programs import PATIENCE, Victim, program
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.replica.audit import audit_data
from trigpoint.rights import OWNER_FILE, read_token

SENDERS = 4
ROWS = 3  # of one submission, which is all or nothing
_LONGEST = 0.4  # seconds that a server lives after its first answer


class Serving(Appending):
    """Rows are sent to a server, which answers once they are appended and signed."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self.token = read_token(self.keys / OWNER_FILE)
        self.receipts: list[dict[str, Any]] = []

    def run(self, times: int) -> Counter[str]:
        """So many servers, each killed while rows are sent to it."""
        states = Counter[str]()
        while states.total() < times:
            self.turn += 1
            fresh = len(self.receipts)
            self._serve()
            self.collect()
            self._check_receipts(fresh)
            states[self._state()] += 1
        self.signer.sign(self.log)
        self.collect()
        self.seen.check(self.log)
        self.log.close()
        return states

    def _serve(self) -> None:
        # One process, since it is the one that appends that is to be killed.
        options = ("--data", self.data, "--port", "0", "--processes", "1")
        victim = program(self.output, "api", *options)
        stop = threading.Event()
        try:
            address = self._address(victim)
            before = len(self.receipts)
            senders = [
                threading.Thread(target=self._send, args=(address, number, stop))
                for number in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            until = time.monotonic() + PATIENCE
            while len(self.receipts) == before and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(self.chance.random() * _LONGEST)
        finally:
            victim.kill()
            stop.set()
        for sender in senders:
            sender.join(PATIENCE)
            assert not sender.is_alive()

    def _address(self, victim: Victim) -> str:
        """Where it listens, once it says so."""
        until = time.monotonic() + PATIENCE
        while "\n" not in self.output.read_text("utf-8"):
            assert not victim.over(0.005), self.output.read_text("utf-8")
            assert time.monotonic() < until, "the server does not start"
        line, *_ = self.output.read_text("utf-8").splitlines()
        return "/".join(line.split("/")[:3])

    def _send(self, address: str, number: int, stop: threading.Event) -> None:
        """Send rows of keys that no other sender has, until the server is gone."""
        keys = [key for key in PAIRS if LETTERS.index(key[0]) % SENDERS == number]
        headers = {"Authorization": f"Bearer {self.token}"}
        step = 0
        with httpx.Client(headers=headers, timeout=PATIENCE) as client:
            while not stop.is_set():
                chosen = [keys[(step * ROWS + n) % len(keys)] for n in range(ROWS)]
                rows = [
                    {"country": key, "name": f"Land {self.turn} {step} {key}"}
                    for key in chosen
                ]
                step += 1
                try:
                    answer = client.post(
                        f"{address}/registers/country/records", json=rows
                    )
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                self.receipts.append(answer.json())

    def _check_receipts(self, fresh: int) -> None:
        """What was acknowledged, now or by servers before, is there as it was said, and
        no submission is there in part."""
        held = {one.name: one.size for one in audit_data(self.data, key=self.vkey)}
        assert held == self.log.sizes()
        entries = self.log.entries("country", 1, held["country"])
        for receipt in self.receipts:
            self.seen.add(receipt["checkpoint"])
            signed = parse_checkpoint(parse_note(receipt["checkpoint"]).text)
            assert len(receipt["entries"]) == ROWS
            for said in receipt["entries"]:
                number = int(said["entry-number"])
                assert entries[number - 1].as_json() == said
                assert number <= signed.size
        for one in self.log.batches():
            first, last = one.ranges.get("country", (1, 0))
            assert (last + 1 - first) % ROWS == 0
        assert len(self.receipts) > fresh

    def _state(self) -> str:
        """What the kill left."""
        size = self.log.size("country")
        acknowledged = ROWS * len(self.receipts)
        kept = self.signer.keys.last("country") or ""
        if parse_checkpoint(parse_note(kept).text).size < size:
            return "appended"
        if self.log.checkpoint_sizes("country")[-1] < size:
            return "and signed"
        return (
            "all answered" if acknowledged == size else "in the database, not answered"
        )
