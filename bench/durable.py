"""Durable single appends: each acknowledged once it is on disk and signed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from bench.inputs import BATCH, Inputs
from bench.measure import Comparison, Side
from trigpoint.identity import initialise
from trigpoint.intake import Intake
from trigpoint.log.entry import Draft
from trigpoint.log.signer import Signer
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, item_hash

_SINGLE = 60
_TOGETHER = 8_000
_PRODUCERS = 64
_BASE = "http://localhost:8000"
_REGISTER = "postcode"
_TIME = "2025-05-01T00:00:00Z"


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """One producer that waits for each entry, and many that wait together."""
    folders = (inputs.folder / f"durable-{n}" for n in count())
    alone = _drafts(inputs.size(_SINGLE))
    together = _drafts(inputs.size(_TOGETHER))
    yield Comparison(
        "Durable single appends",
        f"one entry a submission, {_PRODUCERS} producers in the second line",
        "entries",
        (
            _side("one at a time", alone, folders, _one_by_one),
            _side(f"{_PRODUCERS} at once, in groups", together, folders, _at_once),
        ),
        about="Each producer waits for its entry to be committed (`synchronous=FULL`) "
        "and signed before it submits the next. What waits is committed together, "
        "under one signature (`trigpoint.intake`). Both depend on how long the disk "
        "takes to sync: four times for each group.",
    )


def _drafts(size: int) -> list[Draft]:
    """Entries of as many small items, each with a key of its own."""
    texts = {
        key: canonical_json({"point": "[-0.127670,51.503541]", _REGISTER: key})
        for key in (f"K{number}" for number in range(size))
    }
    return [Draft(_TIME, key, text, item_hash(text)) for key, text in texts.items()]


class _Service:
    """A log that is new for each run, its signer, and the queue in front of them."""

    def __init__(self, folder: Path) -> None:
        self._log = Log(folder / "log.sqlite")
        self._signer: Signer = initialise(folder, _BASE, self._log).signer()
        self.intake = Intake(self._append, at_end=self._log.close)

    def _append(self, drafts: Sequence[Draft]) -> list[int]:
        with (
            self._log.transaction() as transaction,
            transaction.batch(BATCH, joins=True) as appender,
        ):
            appender.append(_REGISTER, drafts)
        self._signer.sign(self._log, [_REGISTER])
        return [self._log.size(_REGISTER)] * len(drafts)


def _side(
    name: str,
    drafts: Sequence[Draft],
    folders: Iterator[Path],
    run: Callable[[_Service, Sequence[Draft]], None],
) -> Side:
    services: list[_Service] = []

    def renew() -> None:
        for service in services:
            service.intake.close()
        services[:] = [_Service(next(folders))]

    return Side(name, len(drafts), lambda: run(services[0], drafts), renew)


def _one_by_one(service: _Service, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        service.intake.submit(draft).result()


def _at_once(service: _Service, drafts: Sequence[Draft]) -> None:
    producers = [
        threading.Thread(target=_one_by_one, args=(service, drafts[n::_PRODUCERS]))
        for n in range(_PRODUCERS)
    ]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
