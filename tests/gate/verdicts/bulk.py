"""One register's rows by the hundred, made and compared so that processes can share."""

from __future__ import annotations

from collections import Counter
from functools import cache

from tests.gate.rows import BASE, HERE
from tests.gate.verdicts.columnar import compared
from tests.gate.verdicts.coverage import Place, broken
from tests.gate.verdicts.generator import generate, made_up_held
from trigpoint.gate.shacl.batch import Brief, brief
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas


@cache
def catalogues() -> tuple[Schemas, Schemas]:
    """The registers made for the gate's tests, and the project's own."""
    return (
        Schemas([HERE / "shapes"], [HERE / "ontology"]),
        Schemas([resource_folder("shapes")], [resource_folder("ontology")]),
    )


@cache
def known_of(register: str) -> Brief:
    """What there is to know of the shape of a register of either."""
    (found,) = (schemas for schemas in catalogues() if register in schemas)
    return brief(found[register], found, BASE)


def registers() -> list[str]:
    """The registers that a shape defines, here and in the project."""
    return [name for schemas in catalogues() for name in schemas]


def compare(register: str, count: int, seed: int) -> tuple[str, Counter[Place]]:
    """Where gate and pySHACL differ on `count` rows of a register, in words, and how
    often each constraint was broken as it was meant to be."""
    known = known_of(register)
    held = made_up_held(known.registers)
    made = generate(known, held, count, seed)
    both = compared(known, made.rows, held)
    return both.told(), broken(known, made, both.plain)
