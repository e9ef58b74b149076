"""Routes of the old API: proofs, as `merkle:sha-256` (RFC 6962) and nothing else.

They are to the log as it is, signed or not; the doors `/proofs/` give those that
checkpoints cover.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from api.gds.errors import BadRequest, NoSuchPage
from api.gds.formats import PROOF, OldSuffixed
from api.gds.paging import whole_number
from api.gds.replies import V1
from api.gds.views import compact
from api.negotiation import Choice
from api.paths import Decoded, RegisterName
from api.replies import IMMUTABLE, REVALIDATE, Reply
from api.service import Here, Service
from trigpoint.log.merkle import ReadTile
from trigpoint.log.proof import consistency_proof, entry_proof
from trigpoint.schema.items import format_hash

IDENTIFIER = "merkle:sha-256"

router = APIRouter(route_class=OldSuffixed, tags=["GDS Registers v1"])


async def check_identifier(
    identifier: Annotated[
        str, Path(description=f"The kind of proof: `{IDENTIFIER}`."), Decoded
    ],
) -> None:
    """Raises NoSuchPage for any other kind of proof."""
    if identifier != IDENTIFIER:
        raise NoSuchPage(f"the only kind of proof is {IDENTIFIER}")


Known = Depends(check_identifier)
Chosen = Annotated[Choice, Depends(PROOF)]
Number = Annotated[str, Path(description="A whole number.")]


def _documented(description: str, *members: str) -> dict[int | str, dict[str, Any]]:
    properties: dict[str, Any] = {name: {} for name in ("proof-identifier", *members)}
    schema = {"type": "object", "properties": properties}
    return PROOF.documented(description, schema)


@router.get(
    f"{V1}/proof/register/{{identifier}}",
    dependencies=[Known],
    responses=_documented("Size and root of the log.", "root-hash", "total-entries"),
)
def register_proof(here: Here, register: RegisterName, choice: Chosen) -> Response:
    """The size of the log and its root hash."""
    here.registers.schema(register)
    log = here.registers.log
    with log.snapshot():
        size, root = log.size(register), log.root(register)
    body = {"root-hash": format_hash(root), "total-entries": size}
    return _reply(body, {register: size}, choice, REVALIDATE)


@router.get(
    f"{V1}/proof/entries/{{number}}/{{size}}/{{identifier}}",
    dependencies=[Known],
    responses=_documented("The way to the root.", "entry-number", "merkle-audit-path"),
)
@router.get(
    f"{V1}/proof/entry/{{number}}/{{size}}/{{identifier}}",
    dependencies=[Known],
    include_in_schema=False,
)
def proof_of_entry(
    here: Here, register: RegisterName, number: Number, size: Number, choice: Chosen
) -> Response:
    """That an entry is among the first `size`: the hashes from its leaf to the root."""
    wanted, total = _sizes(here, register, number, size)
    path = entry_proof(_tiles(here, register), wanted - 1, total)
    body = {"entry-number": str(wanted), "merkle-audit-path": _hashes(path)}
    return _reply(body, {register: total}, choice, IMMUTABLE)


@router.get(
    f"{V1}/proof/consistency/{{first}}/{{second}}/{{identifier}}",
    dependencies=[Known],
    responses=_documented("What both trees are made of.", "merkle-consistency-nodes"),
)
def proof_of_consistency(
    here: Here, register: RegisterName, first: Number, second: Number, choice: Chosen
) -> Response:
    """That the log of the second size begins with the log of the first size."""
    old, new = _sizes(here, register, first, second)
    nodes = consistency_proof(_tiles(here, register), old, new)
    body = {"merkle-consistency-nodes": _hashes(nodes)}
    return _reply(body, {register: new}, choice, IMMUTABLE)


def _sizes(here: Service, register: str, first: str, second: str) -> tuple[int, int]:
    """Two numbers with 1 <= first <= second <= size of the log.

    Raises NoSuchPage for what is no number, BadRequest for others.
    """
    here.registers.schema(register)
    one, other = whole_number(first), whole_number(second)
    if one is None or other is None:
        raise NoSuchPage("a proof is asked for with two whole numbers")
    size = here.registers.log.size(register)
    if not 1 <= one <= other <= size:
        raise BadRequest(
            f"Invalid parameters: expected two numbers from 1 to {size}, "
            "the second not smaller than the first"
        )
    return one, other


def _tiles(here: Service, register: str) -> ReadTile:
    log = here.registers.log
    return partial(log.tile, log.register_id(register))


def _hashes(hashes: Iterable[bytes]) -> list[str]:
    return [format_hash(one) for one in hashes]


def _reply(
    body: dict[str, Any], sizes: dict[str, int], choice: Choice, cache: str
) -> Response:
    text = compact({"proof-identifier": IDENTIFIER, **body})
    return Reply(text, choice, sizes=sizes, cache=cache)
