"""SHACL engines that can be installed, to be run on the rows that the gate judges.

They read RDF, so rows are written as N-Triples first, with the class of every record
that a row links to and the subclasses of the ontology: all that the gate looks up by
itself. Making that RDF is never part of an engine's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyoxigraph
import pyrudof
import pyshacl
import pyshacl_turbo
from rdflib import RDFS, Graph

from trigpoint.schema import rdf
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.shape import Schema


@dataclass(frozen=True)
class Engines:
    """Rows of one register as each engine wants them, and the shape as written."""

    rows: pl.DataFrame
    schema: Schema
    schemas: Schemas
    base: str

    @cached_property
    def data(self) -> str:
        """N-Triples of the rows and of what they link to."""
        lines = {line for item in self._items() for line in self._lines(item)}
        text = "".join(f"{line}\n" for line in sorted(lines))
        return text + self._classes()

    @cached_property
    def shapes(self) -> str:
        """The register's shape as N-Triples."""
        return self.schemas.shape_graph(self.schema.register).serialize(format="nt")

    @cached_property
    def graph(self) -> Graph:
        """The data in rdflib."""
        return Graph().parse(data=self.data, format="nt")

    @cached_property
    def store(self) -> pyoxigraph.Store:
        """The data in Oxigraph."""
        store = pyoxigraph.Store()
        form = pyoxigraph.RdfFormat.N_TRIPLES
        store.bulk_load(self.data.encode(), format=form)
        return store

    @cached_property
    def _rudof(self) -> pyrudof.Rudof:
        session = pyrudof.Rudof(pyrudof.RudofConfig())
        session.read_data(self.data, format=pyrudof.RDFFormat.NTriples)
        session.read_shacl(self.shapes, format=pyrudof.ShaclFormat.NTriples)
        return session

    @cached_property
    def _shape_graph(self) -> Graph:
        return Graph().parse(data=self.shapes, format="nt")

    def pyshacl(self) -> bool:
        """Whether pySHACL finds nothing, over the data in rdflib."""
        found = pyshacl.validate(
            self.graph, shacl_graph=self._shape_graph, inplace=True
        )
        return bool(found[0])

    def turbo(self) -> bool:
        """Whether pyshacl-turbo finds nothing, over the data in Oxigraph."""
        found = pyshacl_turbo.validate(
            self.store, shacl_graph=self.shapes, shacl_graph_format="nt"
        )
        return bool(found[0])

    def rudof(self) -> bool:
        """Whether rudof finds nothing, over the data that it holds itself."""
        return bool(self._rudof.validate_shacl().conforms)

    def _items(self) -> Iterator[Item]:
        for row in self.rows.drop("_row").iter_rows(named=True):
            yield {name: value for name, value in row.items() if value is not None}

    def _lines(self, item: Item) -> Iterator[str]:
        yield from rdf.ntriples(item, self.schema, self.base)
        for field in self.schema.fields:
            value = item.get(field.name, [])
            if field.is_link:
                for one in [value] if isinstance(value, str) else value:
                    target = self.schemas[rdf.link_target(one, field)[0]].target_class
                    iri = rdf.link_iri(one, field, self.base)
                    yield f"<{iri}> <{rdf.RDF_TYPE}> <{target}> ."

    def _classes(self) -> str:
        subclasses = Graph()
        for triple in self.schemas.ontology.triples((None, RDFS.subClassOf, None)):
            subclasses.add(triple)
        return subclasses.serialize(format="nt")
