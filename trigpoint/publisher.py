"""Views published behind the back of appending: when the log has grown, in a thread."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

from trigpoint.errors import TrigpointError

_PAUSE = 1.0  # seconds between the end of one publish and the next
_AFTER_FAULT = 30.0
# The graph store raises RuntimeError for storage that fails.
_FAULTS = (TrigpointError, OSError, RuntimeError, sqlite3.Error)

_log = logging.getLogger(__name__)


class Publisher:
    """Publishes again after it is woken, however often: once for all that came before.

    What goes wrong is logged, and tried again after a while: what was appended is safe
    in the log, and readers are told that the views are behind.
    """

    def __init__(self, publish: Callable[[], object]) -> None:
        self._publish = publish
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher")
        self._thread.start()

    def wake(self) -> None:
        """The log has grown."""
        self._woken.set()

    def close(self) -> None:
        """End when a publish that has begun is over; what is left to publish is what
        the next start begins with."""
        self._ending.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._woken.wait()
            if self._ending.is_set():
                return
            self._woken.clear()
            pause = _PAUSE
            try:
                self._publish()
            except _FAULTS as error:
                _log.warning("the views are behind the log: %s", error)
                self._woken.set()
                pause = _AFTER_FAULT
            self._ending.wait(pause)
