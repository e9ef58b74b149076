"""The verb that publishes the graph to another SPARQL server."""

from __future__ import annotations

from typing import Annotated

import typer

from trigpoint.cli.app import Data, app, progress_bar
from trigpoint.graph.endpoint import Endpoint, credentials_of
from trigpoint.graph.remote import RemoteStore
from trigpoint.register import Registers
from trigpoint.remote import Publishing, publishing_alone


@app.command()
def publish(
    data: Data,
    query: Annotated[
        str,
        typer.Option("--sparql-endpoint", metavar="URL", help="For SPARQL queries."),
    ],
    update: Annotated[
        str, typer.Option("--sparql-update", metavar="URL", help="For SPARQL updates.")
    ],
    graph_store: Annotated[
        str | None,
        typer.Option(
            "--sparql-graph-store",
            metavar="URL",
            help="For the Graph Store Protocol: faster where there is much.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="IRI that records are under.")
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Send everything, whatever is there.")
    ] = False,
) -> None:
    """Bring a SPARQL server up to the published view, and verify what it holds.

    Who we are to it is in TRIGPOINT_SPARQL_USER, TRIGPOINT_SPARQL_PASSWORD and
    TRIGPOINT_SPARQL_AUTH (basic or digest).
    """
    endpoint = Endpoint(query, update, graph_store)
    registers = Registers.open(data, base=base)
    view = registers.view()
    with (
        publishing_alone(data),
        RemoteStore(endpoint, registers.base, credentials_of()) as remote,
        progress_bar() as show,
    ):
        done = Publishing(remote, view, registers.log, show).publish(anew=anew)
    how = "all anew" if done.anew else "what changed"
    print(f"view {view.version}: {done.sent} triples sent ({how}), verified")
