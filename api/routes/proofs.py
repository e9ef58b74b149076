"""Proofs: that an entry is in the log, that the log only grew, and a record with its
proof in one file."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from api.finding import canonical_of
from api.negotiation import HTML, JSON, Choice
from api.parameters import Known
from api.paths import Key, ReadRoute, RegisterName, Suffixed
from api.replies import IMMUTABLE, REVALIDATE, Reply, see_other
from api.representations import DATA, as_json
from api.service import Here, Service
from trigpoint.errors import NoSuchEntry
from trigpoint.iris import encode_key
from trigpoint.log.bundle import canonical_bytes, make_bundle
from trigpoint.log.keys import parse_keys, register_key
from trigpoint.log.prove import (
    ConsistencyProof,
    EntryProof,
    prove_consistency,
    prove_entry,
)
from trigpoint.log.served import keys_file, signed_size

router = APIRouter(route_class=Suffixed, tags=["Proofs"], dependencies=[Known])
plain = APIRouter(route_class=ReadRoute, tags=["Proofs"], dependencies=[Known])

_DIGITS = re.compile(r"[0-9]{1,18}")


def _whole(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise ValueError("expected a whole number in decimal digits, at most 18")
    return text


Whole = BeforeValidator(_whole)


@router.get(
    "/registers/{register}/proofs/entry/{number}",
    responses=DATA.documented("The hashes that lead from the entry to the root."),
)
def entry_proof(
    here: Here,
    register: RegisterName,
    number: Annotated[int, Path(description="Entry number, from 1."), Whole],
    choice: Annotated[Choice, Depends(DATA)],
    size: Annotated[
        int | None,
        Query(description="Of the tree; by default that of the latest checkpoint."),
        Whole,
    ] = None,
) -> Response:
    """Proof that an entry is in the log at a size (RFC 6962, section 2.1.1)."""
    here.registers.schema(register)
    proof = prove_entry(here.registers.log, register, number, size)
    cache = REVALIDATE if size is None else IMMUTABLE
    return _reply(here, proof, {register: proof.size}, choice, cache)


@router.get(
    "/registers/{register}/proofs/consistency/{first}/{second}",
    responses=DATA.documented("The hashes that show one tree to extend the other."),
)
def consistency_proof(
    here: Here,
    register: RegisterName,
    first: Annotated[int, Path(description="The smaller size, from 1."), Whole],
    second: Annotated[int, Path(description="The greater size."), Whole],
    choice: Annotated[Choice, Depends(DATA)],
) -> Response:
    """Proof that the log at one size begins with the log at another (RFC 6962,
    section 2.1.2)."""
    here.registers.schema(register)
    proof = prove_consistency(here.registers.log, register, first, second)
    return _reply(here, proof, {register: second}, choice, IMMUTABLE)


@plain.get(
    "/registers/{register}/records/{key}/bundle",
    responses={
        200: {"description": "The bundle.", "content": {JSON.media_type: {}}},
        301: {"description": "The same key in its canonical spelling."},
    },
)
def bundle(
    here: Here,
    request: Request,
    register: RegisterName,
    key: Key,
    entry: Annotated[
        int | None, Query(description="An older entry of the key, by number."), Whole
    ] = None,
) -> Response:
    """A record with the proof that it is in the signed log: verifies offline."""
    here.registers.schema(register)
    canonical = canonical_of(here, register, key)
    if canonical != key:
        path = here.record_path("registers", register, canonical, "/bundle")
        return see_other(path, 301, request.url.query)
    log = here.registers.log
    if entry is not None and log.entry(register, entry).key != key:
        raise NoSuchEntry(
            f"entry {entry} of {register} is not of the key “{key}”", number=entry
        )
    public = parse_keys(keys_file(here.registers.data)).keys
    keys = [register_key(one, register) for one in public]
    made = make_bundle(log, register, key if entry is None else entry, keys)
    # A key is percent-encoded in the name: it may hold what no file name can.
    name = f"{register}-{encode_key(key)}.bundle.json"
    return Reply(
        canonical_bytes(made),
        JSON,
        sizes={register: signed_size(log, register)},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _reply(
    here: Service,
    proof: EntryProof | ConsistencyProof,
    sizes: dict[str, int],
    choice: Choice,
    cache: str,
) -> Response:
    body = proof.as_json()
    if choice.format == HTML:
        page = here.pages.render("proof", proof=body)
        return Reply(page, choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes, cache=cache)
