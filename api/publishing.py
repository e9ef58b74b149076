"""Publishing what is served to a remote SPARQL server: `trigpoint publish`, after each
publish of the views, in a process of its own that gives way to those that answer."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import trigpoint
from api.service import Service
from trigpoint.graph.endpoint import Endpoint
from trigpoint.graph.remote_pool import RemotePool

_LOOK_EVERY = 1.0  # seconds
_PATIENCE = 5.0, 60.0  # seconds to wait after a failure: at first, and at most
_POLL_EVERY = 0.2  # seconds
_NICENESS = 10
_TOLD = 500  # bytes of what a process says of its failure
_COMMAND = (sys.executable, "-P", "-m", "trigpoint.cli", "publish")

_log = logging.getLogger("api")


async def watch(pool: RemotePool) -> None:
    """Look every second what the remote store holds."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        await pool.look()


async def keep_published(
    service: Service, pool: RemotePool, endpoint: Endpoint
) -> None:
    """Publish each view that is served, and again when that was undone; what goes
    wrong is logged, and tried again."""
    done, patience = 0, _PATIENCE[0]
    while True:
        version = service.registers.view().version
        if version == done and not pool.is_behind():
            await asyncio.sleep(_LOOK_EVERY)
            continue
        fault = await _publish(service, endpoint)
        await pool.look()
        if not fault:
            done, patience = version, _PATIENCE[0]
            continue
        _log.warning("the remote store is not published to: %s", fault)
        await asyncio.sleep(patience)
        patience = min(2 * patience, _PATIENCE[1])


async def _publish(service: Service, endpoint: Endpoint) -> str:
    """Run the command; what went wrong, or nothing."""
    words = ["--data", str(service.registers.data), "--base", service.base]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [*_COMMAND, *words, *_options(endpoint)],
                env={**os.environ, "PYTHONPATH": _roots()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                process_group=0,  # an interrupt at the terminal is for us
            )
        except OSError as error:
            return f"no process could be started: {error}"
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            while process.poll() is None:
                await asyncio.sleep(_POLL_EVERY)
        finally:
            process.kill()
            process.wait()
        if process.returncode == 0:
            return ""
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TOLD))
        said = errors.read().decode(errors="replace").strip()
    return said or f"the process ended with status {process.returncode}"


def _options(endpoint: Endpoint) -> list[str]:
    named = {
        "--sparql-endpoint": endpoint.query,
        "--sparql-update": endpoint.update,
        "--sparql-graph-store": endpoint.graph_store,
    }
    return [word for name, url in named.items() if url for word in (name, url)]


def _roots() -> str:
    roots = [str(Path(trigpoint.__file__).parents[1]), os.environ.get("PYTHONPATH")]
    return os.pathsep.join(filter(None, roots))
