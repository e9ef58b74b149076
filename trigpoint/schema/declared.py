"""Which fields declare the area of a record, or the council that it belongs to.

Read from the shapes: a link whose class is that of areas or of councils declares one,
whatever the field is called. Areas are the records of registers with a `tp:areaLayer`;
councils are what `tp:governedBy` of an area leads to. A record that links to another,
such as an address to its street, declares what that one does, one step away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rdflib import URIRef
from rdflib.namespace import RDFS

from trigpoint.iris import ONTOLOGY
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field, Schema

GOVERNED_BY = f"{ONTOLOGY}governedBy"

Names = Literal["council", "area"]


@dataclass(frozen=True)
class Declaration:
    """A field that declares a council or an area, of the register itself or of the
    one that the link field `through` leads to."""

    names: Names
    field: Field
    through: Field | None = None

    @property
    def path(self) -> str:
        """The field as reports name it: `local-authority`, `street/local-authority`."""
        return f"{self.through.name}/{self.field.name}" if self.through else self.own

    @property
    def own(self) -> str:
        """The field of the register itself."""
        return (self.through or self.field).name

    def target(self, value: str) -> tuple[str, str]:
        """Register and key that a value of the field names."""
        return link_target(value, self.field)


class Declarations:
    """The declarations of all registers of a catalogue."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, schema: Schema) -> tuple[Declaration, ...]:
        """What records of a register declare, in the order of fields; one step away
        only through a link that takes one value and leads to records with a geometry.
        """
        found = list(self._direct(schema))
        for link in schema.fields:
            to = link.target if link.kind == "link" and not link.many else None
            if to is None or to == schema.register or to not in self._schemas:
                continue
            if self._schemas[to].geometry is not None:
                further = self._direct(self._schemas[to])
                found += [Declaration(one.names, one.field, link) for one in further]
        return tuple(found)

    def _direct(self, schema: Schema) -> Iterable[Declaration]:
        """A field that takes several values declares no one area."""
        for field in schema.fields:
            if field.is_link and not field.many and field.target_class is not None:
                if field.target_class in self._councils:
                    yield Declaration("council", field)
                elif field.target_class in self._areas:
                    yield Declaration("area", field)

    @cached_property
    def _areas(self) -> frozenset[str]:
        found = (s.target_class for s in self._schemas.values() if s.area_layer)
        return self._and_above(found)

    @cached_property
    def _councils(self) -> frozenset[str]:
        return self._and_above(
            field.target_class
            for schema in self._schemas.values()
            if schema.area_layer
            for field in schema.fields
            if field.path == GOVERNED_BY and field.target_class is not None
        )

    def _and_above(self, classes: Iterable[str]) -> frozenset[str]:
        """The classes, and those of our vocabulary that they are subclasses of."""
        ontology = self._schemas.ontology
        above = {
            str(one)
            for each in classes
            for one in ontology.transitive_objects(URIRef(each), RDFS.subClassOf)
        }
        return frozenset(one for one in above if one.startswith(ONTOLOGY))
