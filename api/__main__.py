"""`python -m api --data DIR`: serve the registers of a data directory.

`python -m api --sandbox` serves an empty, writable store for experiments instead.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from math import inf
from pathlib import Path

from api.examples import examples
from api.listening import address_of, listen
from api.sandbox.serving import serve_sandbox
from api.server import Setup, serve
from api.service import FAULTS, warm
from api.supervisor import shares, supervise
from trigpoint.errors import DataBusy, InvalidParameter, TrigpointError
from trigpoint.graph import QueryLimits
from trigpoint.graph.endpoint import Endpoint, credentials_of
from trigpoint.register import Registers

# What the sandbox has no use for.
_OF_REGISTERS = (
    *("data", "base", "processes"),
    *("sparql-endpoint", "sparql-update", "sparql-graph-store"),
)


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; 0 when that was all, 2 for a usage or start fault."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    limits = QueryLimits(time=options.query_seconds, memory=options.query_memory << 20)
    if options.sandbox:
        return _sandbox(options, limits)
    folder = options.data or os.environ.get("TRIGPOINT_DATA")
    if folder is None:
        return _fault("name the data directory: --data DIR, or TRIGPOINT_DATA")
    return _registers(Path(folder), options, limits)


def _registers(data: Path, options: argparse.Namespace, limits: QueryLimits) -> int:
    processes = options.processes or _cores()
    try:
        registers = open_registers(data, options.base)
        remote = _remote(options)
        setup = Setup(data, registers.base, options.workers, True, limits, remote)
        shown = examples(registers)
        sockets = listen(options.host, options.port, processes)
    except (TrigpointError, OSError) as error:
        return _fault(str(error))
    except FAULTS as error:  # not worded for people: say at least of what kind it is
        return _fault(f"{data}: {type(error).__name__}: {error}")
    for path, why in shown:
        print(f"{address_of(sockets[0])}{path}  {why}")
    sys.stdout.flush()
    if processes == 1:
        return serve(registers, setup, sockets[0])
    registers.log.close()
    del registers  # or its files would stay open for good
    return supervise(shares(setup, processes), sockets)


def _sandbox(options: argparse.Namespace, limits: QueryLimits) -> int:
    for name in _OF_REGISTERS:
        if getattr(options, name.replace("-", "_")) is not None:
            return _fault(f"--sandbox has nothing to do with registers: no --{name}")
    try:
        return serve_sandbox(options.host, options.port, options.workers, limits)
    except (TrigpointError, OSError) as error:
        return _fault(str(error))


def open_registers(data: Path, base: str | None) -> Registers:
    """The registers of a data directory, their views brought up to the log and open.

    When another process is publishing, or the directory may not be written to, what
    is published is served as it is. Raises NoData for a directory without registers,
    and what else `FAULTS` lists when the views can neither be opened nor built.
    """
    registers = Registers.open(data, base=base)
    try:
        registers.view()  # built anew if it is damaged
        registers.publish()
    except (DataBusy, PermissionError) as error:
        if registers.views.current() is None:
            raise
        print(f"serving the views as they are: {error}", file=sys.stderr)
    warm(registers.view())
    return registers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="the data directory (default: TRIGPOINT_DATA)",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="serve an empty store that anybody on this machine may write to, and "
        "nothing else; it is gone at the end",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=8000, help="default: %(default)s; 0: any free one"
    )
    parser.add_argument(
        "--base",
        metavar="URL",
        help="what record IRIs begin with (default: as published)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=_cores() + 1,
        help="processes that answer SPARQL queries for each of --processes; one client "
        "has all but one of them at most (default: one more than cores)",
    )
    parser.add_argument(
        "--processes",
        type=_count,
        help="processes that answer everything else (default: as many as cores)",
    )
    parser.add_argument(
        "--query-seconds",
        type=_seconds,
        default=QueryLimits.time,
        metavar="S",
        help="how long a SPARQL query may run (default: %(default)g)",
    )
    parser.add_argument(
        "--query-memory",
        type=_count,
        default=QueryLimits.memory >> 20,
        metavar="MB",
        help="how much memory one may take, in units of 2**20 bytes "
        "(default: %(default)s)",
    )
    _add_remote(parser)
    return parser


def _add_remote(parser: argparse.ArgumentParser) -> None:
    """The options for another SPARQL server that keeps the graph."""
    parser.add_argument(
        "--sparql-endpoint",
        metavar="URL",
        help="answer SPARQL queries from what this server holds (its user and password "
        "are TRIGPOINT_SPARQL_USER and TRIGPOINT_SPARQL_PASSWORD)",
    )
    parser.add_argument(
        "--sparql-update",
        metavar="URL",
        help="keep that server up to date by updates sent here",
    )
    parser.add_argument(
        "--sparql-graph-store",
        metavar="URL",
        help="send it what is much by the Graph Store Protocol, here",
    )


def _remote(options: argparse.Namespace) -> Endpoint | None:
    """The SPARQL server that keeps the graph, if another one does; raises
    InvalidParameter."""
    update, graph_store = options.sparql_update, options.sparql_graph_store
    if options.sparql_endpoint is None:
        if update or graph_store:
            raise InvalidParameter(
                "a SPARQL server that is published to answers queries as well: name "
                "its address for them with --sparql-endpoint",
                parameter="sparql-endpoint",
            )
        return None
    credentials_of()  # wrong ones are told now, and not in the first query
    return Endpoint(options.sparql_endpoint, update, graph_store)


def _count(text: str) -> int:
    """A number of things, at least one."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    """A length of time, more than none."""
    number = float(text)
    if not 0 < number < inf:
        raise ValueError
    return number


def _cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fault(message: str) -> int:
    print(f"python -m api: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
