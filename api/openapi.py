"""The OpenAPI document: every door, every problem, and a model per register."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

import trigpoint
from api.negotiation import JSON
from api.paths import ReadRoute
from api.problems import MEDIA_TYPE
from api.replies import Reply
from api.representations import as_json
from api.service import Here, Service
from trigpoint.schema.model import model_name, record_model, shared_models

router = APIRouter(route_class=ReadRoute)

_PROBLEM = {
    "description": "A problem (RFC 9457); its type is described at its own address.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "required": ["type", "title", "status"],
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in (
        (400, "A parameter cannot be used."),
        (404, "There is no such thing."),
        (406, "None of the formats asked for is available."),
        (410, "The content is withheld."),
        (422, "The request is not valid."),
        (500, "Something went wrong on our side."),
        (503, "Busy, or it took too long."),
    )
}

CUSTODIAN = "custodian"  # the security scheme of doors that append


@router.get("/openapi.json", include_in_schema=False)
def openapi(here: Here, request: Request) -> Response:
    """The OpenAPI document of this server."""
    return Reply(as_json(document(request.app, here)), JSON)


def document(app: FastAPI, here: Service) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with a model for each register that is held."""
    body = get_openapi(
        title="trigpoint",
        version=trigpoint.__version__,
        summary="Registers of UK addresses, schools, local authorities and geography.",
        description="Append a suffix (.json .jsonld .ttl .nt .csv .geojson .html) to "
        "a path to choose a format, or use Accept. HEAD works wherever GET does.",
        routes=app.routes,
        servers=[{"url": here.base}],
    )
    schemas = here.registers.schemas
    models = {
        model_name(name): record_model(schemas[name], schemas.graph)
        for name in here.sizes
    }
    components = body.setdefault("components", {})
    components["schemas"] = {
        **shared_models(),
        **models,
        "Problem": _PROBLEM,
        "Record": {
            "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in models]
        },
    }
    components["securitySchemes"] = {
        CUSTODIAN: {
            "type": "http",
            "scheme": "bearer",
            "description": "A custodian's key, `tp_…`, made by `trigpoint key add`.",
        }
    }
    components["responses"] = {"Problem": PROBLEMS[400] | {"description": "A problem."}}
    return body
