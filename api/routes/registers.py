"""Registers: what there are, and what each one is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.negotiation import HTML, JSONLD, TTL, Choice
from api.parameters import Known
from api.past import AllThen, Then
from api.paths import ReadRoute, RegisterName, Suffixed
from api.reading import Reading
from api.replies import Reply
from api.representations import DATA, as_json
from api.service import Here
from trigpoint.schema.items import format_hash
from trigpoint.schema.jsonld import context
from trigpoint.schema.rdf import PREFIXES
from trigpoint.schema.shape import Field, Schema

router = APIRouter(route_class=Suffixed, tags=["Registers"], dependencies=[Known])
plain = APIRouter(route_class=ReadRoute, tags=["Registers"], dependencies=[Known])


@router.get("/registers", responses=DATA.documented("Every register held."))
def registers(here: AllThen, choice: Annotated[Choice, Depends(DATA)]) -> Response:
    """Every register held, with its size and root hash."""
    sizes = here.sizes
    found = [summary(here, here.registers.schema(name)) for name in sizes]
    if choice.format == HTML:
        body = here.pages.render("registers", registers=found, asked=here.query)
    else:
        body = as_json({"registers": found})
    return Reply(body, choice, sizes=sizes, cache=here.lifetime)


@router.get("/registers/{register}", responses=DATA.documented("The register."))
def register(
    here: Then, register: RegisterName, choice: Annotated[Choice, Depends(DATA)]
) -> Response:
    """What a register is: fields, custodian, licence, counts, size and root hash."""
    schema = here.registers.schema(register)
    about = summary(here, schema) | {"fields": [_field(f) for f in schema.fields]}
    if choice.format == HTML:
        body = here.pages.render(
            "register", about=about, held=here.sizes, asked=here.query
        )
    else:
        body = as_json(about)
    return Reply(body, choice, sizes=here.size_of(register), cache=here.lifetime)


@plain.get(
    "/registers/{register}/context.jsonld",
    responses={200: {"content": {JSONLD.media_type: {}}, "description": "Context."}},
)
def register_context(here: Here, register: RegisterName) -> Response:
    """The JSON-LD context of the register's records."""
    schema = here.registers.schema(register)
    body = context(schema, here.registers.schemas, here.base)
    return Reply(as_json(body), JSONLD)


@plain.get(
    "/registers/{register}/shape",
    responses={200: {"content": {TTL.media_type: {}}, "description": "Shape."}},
)
def shape(here: Here, register: RegisterName) -> Response:
    """The SHACL shape that defines the register, as Turtle."""
    here.registers.schema(register)
    graph = here.registers.schemas.shape_graph(register)
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return Reply(graph.serialize(format="turtle"), TTL)


def summary(here: Reading, schema: Schema) -> dict[str, Any]:
    """A register in a few members; `size` counts entries, `records` keys."""
    log, name = here.registers.log, schema.register
    query = f"?size={log.size(name)}" if here.query else ""
    url = f"{here.base}/registers/{name}"
    return {
        "@id": url,
        "register": name,
        "title": schema.title,
        "description": schema.description,
        "custodian": schema.custodian,
        "licence": schema.licence,
        "copyright": schema.copyright,
        "phase": schema.phase,
        "criticality": schema.criticality,
        "key": schema.key,
        "records": log.count(name),
        "size": log.size(name),
        "root": format_hash(log.root(name)),
        "links": {
            "records": f"{url}/records{query}",
            "entries": f"{url}/entries",
            "context": f"{url}/context.jsonld",
            "shape": f"{url}/shape",
            "rsf": f"{url}/download.rsf{query}",
            "checkpoint": f"{url}/checkpoint",
            "about": f"{url}/about",
        },
    }


def _field(field: Field) -> dict[str, Any]:
    body: dict[str, Any] = {
        "field": field.name,
        "label": field.label,
        "description": field.description,
        "kind": field.kind,
        "cardinality": "n" if field.many else "1",
        "required": field.required,
        "property": field.path,
    }
    if field.datatypes:
        body["datatypes"] = list(field.datatypes)
    if field.target:
        body["register"] = field.target
    return body
