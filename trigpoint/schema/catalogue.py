"""All the registers known: their schemas, and the shapes and ontology behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from rdflib import BNode, Graph, URIRef
from rdflib.namespace import RDFS
from rdflib.term import Node

from trigpoint.errors import InvalidShape, NoSuchRegister
from trigpoint.schema.shape import Field, Schema, read_schema, register_shapes

# The class of a register that has no shape of ours; see derive.py.
DERIVED_CLASS = "https://w3id.org/trigpoint/register/"


class Schemas(Mapping[str, Schema]):
    """Schemas by register name, read from Turtle.

    `folders` hold shapes, `ontologies` hold vocabularies, and `derived` is Turtle
    made by derive.py for registers that came with their own field definitions.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        ontologies: Iterable[Path] = (),
        derived: Iterable[str] = (),
    ) -> None:
        self.graph = _parse_folders(folders)
        self._ontologies = tuple(ontologies)
        own = set(register_shapes(self.graph))
        for text in derived:
            brought = Graph().parse(data=text, format="turtle")
            # A shape of ours, written since, takes the place of a derived one.
            if not set(register_shapes(brought)) & own:
                self.graph += brought
        read = [
            read_schema(self.graph, shape, derived=shape not in own)
            for shape in register_shapes(self.graph)
        ]
        self._by_class = {schema.target_class: schema.register for schema in read}
        names = [schema.register for schema in read]
        if len(set(names)) != len(names) or len(self._by_class) != len(names):
            raise InvalidShape("two shapes define the same register or the same class")
        self._entities = tuple(
            sorted((schema.register, schema.entity_prefixes) for schema in read)
        )
        self._schemas = {schema.register: self._tie(schema) for schema in read}

    def __getitem__(self, register: str) -> Schema:
        if register not in self._schemas:
            raise NoSuchRegister(
                f"there is no register called “{register}”", register=register
            )
        return self._schemas[register]

    def __contains__(self, register: object) -> bool:
        return register in self._schemas

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._schemas))

    def __len__(self) -> int:
        return len(self._schemas)

    # A catalogue is itself only: what is made of one can be kept beside it.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def by_class(self, target_class: str) -> Schema | None:
        """The register whose records are of this class."""
        register = self._by_class.get(target_class)
        return None if register is None else self._schemas[register]

    def ends_matter(self, register: str) -> bool:
        """Whether links to this register have to hold (`tp:holds`), so that the ends of
        its records are to be known."""
        own = URIRef(self[register].target_class)
        above = set(map(str, self.ontology.transitive_objects(own, RDFS.subClassOf)))
        fields = (field for schema in self.values() for field in schema.fields)
        return any(field.holds and field.target_class in above for field in fields)

    @cached_property
    def ontology(self) -> Graph:
        """Our vocabulary; what it says of classes is used where links are checked."""
        return _parse_folders(self._ontologies)

    @cached_property
    def ontology_lines(self) -> list[str]:
        """The vocabulary as N-Triples lines, without those that need a blank node."""
        text = self.ontology.serialize(format="nt")
        return sorted(line for line in text.splitlines() if line and "_:" not in line)

    @cached_property
    def fingerprint(self) -> str:
        """Another one whenever a schema or the vocabulary is: what was made by another
        has to be made again."""
        texts = [repr(schema) for schema in self.values()]
        whole = "\n".join([*texts, *self.ontology_lines])
        return hashlib.sha256(whole.encode()).hexdigest()

    def shape_graph(self, register: str) -> Graph:
        """The node shape of `register` and all that it refers to in the shapes."""
        part = Graph()
        seen: set[Node] = set()
        waiting: list[Node] = [URIRef(self[register].shape)]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            for triple in self.graph.triples((node, None, None)):
                part.add(triple)
                if isinstance(triple[2], (BNode, URIRef)):
                    waiting.append(triple[2])
        return part

    def _tie(self, schema: Schema) -> Schema:
        return replace(schema, fields=tuple(map(self._tie_field, schema.fields)))

    def _tie_field(self, field: Field) -> Field:
        if field.kind == "curie":
            return replace(field, entities=self._entities)
        if field.kind != "link" or field.target_class is None:
            return field
        target = self._by_class.get(field.target_class)
        if target is None:
            if not field.target_class.startswith(DERIVED_CLASS):
                raise InvalidShape(
                    f"<{field.shape}>: no register has the class <{field.target_class}>"
                )
            target = field.target_class.removeprefix(DERIVED_CLASS)
        entities = tuple(
            (one, codes) for one, codes in self._entities if one == target and codes
        )
        return replace(field, target=target, entities=entities)


def _parse_folders(folders: Iterable[Path]) -> Graph:
    graph = Graph()
    for folder in folders:
        for path in sorted(folder.glob("*.ttl")):
            try:
                graph.parse(path, format="turtle")
            # rdflib's BadSyntax is a SyntaxError
            except (SyntaxError, UnicodeDecodeError) as error:
                raise InvalidShape(f"{path} is not Turtle: {error}") from error
    return graph
