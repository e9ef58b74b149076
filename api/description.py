"""What a SPARQL endpoint says of itself: SPARQL 1.1 Service Description.

W3C Recommendation 2013. It is answered at the endpoint itself, to a GET without a query
(section 2). How many triples there are comes from the counts that were made with the
view, so nothing is counted to answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.negotiation import Choice, NotAcceptable, accept_of, choose
from api.replies import Link, Reply
from api.service import Service
from api.statements import FORMATS, SD, SYNTAXES, VOID, a, iri, number, say
from trigpoint.catalogue import RDFS
from trigpoint.errors import InvalidParameter
from trigpoint.graph.functions import EXTENSION_FUNCTIONS
from trigpoint.graph.remote_pool import RemotePool
from trigpoint.iris import ONTOLOGY, encode_key

VOID_DOOR: Final = "/.well-known/void"
SIMPLE: Final = "http://www.w3.org/ns/entailment/Simple"
# Names of formats as W3C keeps them (Unique URIs for File Formats).
_RESULTS: Final = tuple(
    f"{FORMATS}{name}"
    for name in (
        *("SPARQL_Results_JSON", "SPARQL_Results_XML"),
        *("SPARQL_Results_CSV", "SPARQL_Results_TSV"),
        *("Turtle", "N-Triples", "RDF_XML", "JSON-LD"),
    )
)
_FEATURES: Final = ("ColumnsAsWritten", "LogSizesNamed")
_INPUTS: Final = tuple(
    f"{FORMATS}{name}" for name in ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
)


@dataclass(frozen=True)
class Offer:
    """What one endpoint offers.

    `endpoint` is its address, `regime` the entailment regime that its answers are made
    under, `functions` what may be called beyond SPARQL. With `updates` it can be
    written to, and may hold graphs that are empty. `about` is the address of a document
    that describes what it holds.
    """

    endpoint: str
    title: str
    regime: str = SIMPLE
    functions: tuple[str, ...] = EXTENSION_FUNCTIONS
    updates: bool = False
    about: str | None = None


def service_lines(
    offer: Offer, default: int, graphs: Mapping[str, int]
) -> Iterator[str]:
    """The description as N-Triples lines: `default` is the number of triples of the
    default graph, `graphs` has that of each named graph by its IRI."""
    me = f"{offer.endpoint}#service"
    yield from a(me, f"{SD}Service")
    yield from say(me, f"{SD}endpoint", iri(offer.endpoint))
    yield from say(me, f"{RDFS}label", f'"{offer.title}"@en')
    yield from say(me, f"{SD}feature", *(iri(ONTOLOGY + one) for one in _FEATURES))
    languages = ["SPARQL11Query"]
    if offer.updates:
        languages.append("SPARQL11Update")
        yield from say(me, f"{SD}feature", iri(f"{SD}EmptyGraphs"))
        yield from say(me, f"{SD}inputFormat", *map(iri, _INPUTS))
    yield from say(me, f"{SD}supportedLanguage", *(iri(SD + one) for one in languages))
    yield from say(me, f"{SD}resultFormat", *map(iri, _RESULTS))
    yield from say(me, f"{SD}defaultEntailmentRegime", iri(offer.regime))
    yield from say(me, f"{SD}extensionFunction", *map(iri, offer.functions))
    for function in offer.functions:
        yield from a(function, f"{SD}Function")
    if offer.about:
        yield from say(me, f"{RDFS}seeAlso", iri(offer.about))
    yield from _dataset_lines(offer, me, default, graphs)


def _dataset_lines(
    offer: Offer, service: str, default: int, graphs: Mapping[str, int]
) -> Iterator[str]:
    """What is queried, and what `FROM` may name, which are the same graphs."""
    dataset, available = f"{offer.endpoint}#dataset", f"{offer.endpoint}#graphs"
    yield from say(service, f"{SD}defaultDataset", iri(dataset))
    yield from say(service, f"{SD}availableGraphs", iri(available))
    yield from a(dataset, f"{SD}Dataset")
    yield from a(available, f"{SD}GraphCollection")
    graph = f"{offer.endpoint}#default-graph"
    yield from say(dataset, f"{SD}defaultGraph", iri(graph))
    yield from a(graph, f"{SD}Graph")
    yield from say(graph, f"{VOID}triples", number(default))
    for name, triples in graphs.items():
        named = f"{offer.endpoint}#named-graph/{encode_key(name)}"
        for whole in (dataset, available):
            yield from say(whole, f"{SD}namedGraph", iri(named))
        yield from a(named, f"{SD}NamedGraph")
        yield from say(named, f"{SD}name", iri(name))
        yield from say(named, f"{SD}entailmentRegime", iri(offer.regime))
        yield from say(named, f"{SD}graph", iri(name))
        yield from a(name, f"{SD}Graph")
        yield from say(name, f"{VOID}triples", number(triples))


def service_description(here: Service, request: Request) -> Response:
    """The description of `/sparql` in the syntax that `format` or `Accept` names, and
    Turtle without either. Raises InvalidParameter when it comes in none of those that
    are accepted: then it was a query that was forgotten."""
    choice, view = _chosen(request), here.view()

    def lines() -> Iterator[str]:
        graphs = {name: one.triples for name, one in view.counts.graphs.items()}
        return service_lines(offer_of(here), view.counts.default, graphs)

    body = here.bodies.of("service", view.version, choice.format, lines)
    return Reply(body, choice, sizes=view.sizes, links=[void_link(here)])


def offer_of(here: Service) -> Offer:
    """What `/sparql` offers. Which functions another server has, when that keeps the
    graph, is not known."""
    return Offer(
        f"{here.base}/sparql",
        "Current records",
        functions=() if isinstance(here.pool, RemotePool) else EXTENSION_FUNCTIONS,
        about=here.base + VOID_DOOR,
    )


def void_link(here: Service) -> Link:
    """Where what is here is described for programs."""
    return Link(here.path(VOID_DOOR), "describedby")


def _chosen(request: Request) -> Choice:
    named = request.query_params.get("format")
    for form in SYNTAXES:
        if named in (form.suffix, form.media_type):
            return Choice(form, by_suffix=True)
    try:
        if named is None:
            return choose(SYNTAXES, None, accept_of(request))
    except NotAcceptable:
        pass
    raise InvalidParameter(
        "expected query=, a SPARQL query; without one the endpoint describes itself in "
        f"{', '.join(form.media_type for form in SYNTAXES)}",
        parameter="query",
    )
