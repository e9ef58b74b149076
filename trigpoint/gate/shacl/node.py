"""Rows as RDF nodes: which columns are the values of a property, and what terms.

The mapping is that of trigpoint.schema.rdf. A node is an expression over rows: of one
value a row, or of one element of a list. What is the same in every row (kind, datatype,
language, most classes) is plain data, so that what follows from it costs no time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import polars as pl

from trigpoint.gate import plain
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.targets import Targets
from trigpoint.schema import columns, rdf
from trigpoint.schema.shape import GEO, Field

# Whether something holds: in every row, by row (null: not sure), or None: not known.
Verdict: TypeAlias = bool | pl.Expr | None

STRING = f"{rdf.XSD}string"
_WKT = f"{GEO}wktLiteral"
_AS_WKT = f"{GEO}asWKT"
_REWRITTEN = {
    f"{rdf.XSD}{name}" for name in ("integer", "decimal", "boolean", "dateTime")
}


class NotCompiled(Exception):
    """What is asked cannot be told from columns; the text says why."""


class Beyond(NotCompiled):
    """What is asked is of other records. Of those that a row links to only the class is
    known, and of those that link to it nothing: pySHACL could but guess."""


@dataclass(frozen=True)
class Node:
    """One RDF term by row. `datatype` is None for IRIs, for text with a language and
    for xsd:string, as in pySHACL's graph; where it depends on the row it is an
    expression of IRIs (with xsd:string), and `datatypes` are those that it can be.

    `text` is the IRI or lexical form; None where only `start`, which it begins with,
    is known. `written` is the value as the row wrote it. `properties` are None when the
    rows do not hold them. `well_typed`: known to be so.
    """

    is_iri: bool
    text: pl.Expr | str | None
    written: pl.Expr
    properties: Mapping[str, tuple[Source, ...]] | None
    instance_of: Callable[[str], Verdict] = lambda name: False
    datatype: str | pl.Expr | None = None
    datatypes: tuple[str, ...] = ()
    language: str | None = None
    well_typed: bool = False
    start: str | None = None


@dataclass(frozen=True)
class Form:
    """An ordinary form of texts: all that match the regex in full are this node."""

    regex: str
    node: Node


@dataclass(frozen=True)
class Source:
    """Values of one property from one place: `values` is a column of values, or of
    lists of them if `many`; null for none unless they are `always` there. `node` makes
    the node of a value. `field` is None where the mapping itself says the value."""

    field: Field | None
    values: pl.Expr
    node: Callable[[pl.Expr], Node]
    many: bool = False
    always: bool = False
    forms: tuple[Form, ...] = ()


@dataclass(frozen=True)
class Rows:
    """The rows of a register as nodes. Fields that are not in `names` are absent in
    every row. Without `targets` it is not known which links lead anywhere."""

    known: Brief
    names: Collection[str]
    targets: Targets | None

    @cached_property
    def record(self) -> Node:
        """The record of each row."""
        schema = self.known.schema
        properties: dict[str, tuple[Source, ...]] = {
            rdf.RDF_TYPE: (_constant(schema.target_class),)
        }
        for template in schema.exact_match:
            found = properties.get(rdf.EXACT_MATCH, ())
            properties[rdf.EXACT_MATCH] = (*found, self._match(template))
        for field in schema.fields:
            if field.name in self.names:
                found = properties.get(field.path, ())
                properties[field.path] = (*found, self._source(field))
        above = self.above(schema.target_class)
        return Node(
            is_iri=True,
            text=self._iri,
            written=self._iri,
            properties=properties,
            instance_of=lambda name: name in above,
        )

    @cached_property
    def _iri(self) -> pl.Expr:
        schema = self.known.schema
        key = pl.col(schema.key)
        return columns.record_iri_of(key, schema.register, self.known.base)

    def above(self, name: str) -> set[str]:
        """A class and all classes above it."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [
                    other for below, other in self.known.classes if below == one
                ]
        return found

    def _match(self, template: str) -> Source:
        """skos:exactMatch: an IRI made of the key, of which no class is known."""
        schema = self.known.schema
        key = columns.record_iri_of(pl.col(schema.key), "", "").str.strip_prefix(
            "/id//"
        )
        first, *others = template.split("{key}")
        parts = [pl.lit(first)]
        for other in others:
            parts += [key, pl.lit(other)]

        def instance_of(name: str) -> Verdict:
            raise NotCompiled("the class of an IRI elsewhere is not in the rows")

        iri = pl.concat_str(parts)
        node = Node(True, iri, iri, None, instance_of)
        return Source(None, iri, lambda _: node, always=True)

    def _source(self, field: Field) -> Source:
        column = pl.col(field.name)
        if field.is_link:
            return Source(field, column, lambda x: self._link(field, x), field.many)
        if field.kind == "geometry":
            if field.many:
                return Source(field, column, _many_geometries, many=True)
            points = (self._point(),) if field.encoding == "lon-lat" else ()
            make = self._geometry
            return Source(field, column, lambda x: make(field, x), forms=points)
        forms = () if field.many else tuple(_date_forms(field))
        return Source(
            field, column, lambda x: _literal(field, x), field.many, False, forms
        )

    def _link(self, field: Field, value: pl.Expr) -> Node:
        def instance_of(name: str) -> Verdict:
            if self.targets is None:
                return value.is_not_null()
            unheld = self.targets.unheld(field, name)
            return True if unheld.is_empty() else ~value.is_in(unheld.implode())

        iri = columns.iri_of(value, field, self.known.base)
        return Node(True, iri, value, None, instance_of)

    def _geometry(self, field: Field, value: pl.Expr) -> Node:
        wkt = columns.wkt_of(value, field)
        kind = columns.geometry_class(wkt)
        datatype = pl.when(kind.is_null()).then(pl.lit(STRING)).otherwise(pl.lit(_WKT))

        def instance_of(name: str) -> Verdict:
            fitting = [one for one in _KINDS if name in self.above(one)]
            return kind.is_in(fitting).fill_null(False) if fitting else False

        def text(x: pl.Expr) -> Node:
            return Node(
                *(False, wkt, x, {}),
                datatype=datatype,
                datatypes=(_WKT, STRING),
            )

        properties = {
            rdf.RDF_TYPE: (Source(field, kind, lambda x: Node(True, x, value, {})),),
            _AS_WKT: (Source(field, value, text),),
        }
        iri = pl.concat_str(self._iri, pl.lit("/geometry"))
        return Node(True, iri, value, properties, instance_of)

    def _point(self) -> Form:
        """A position as [longitude,latitude] is a point."""
        point = f"{rdf.SF}Point"
        text = Node(
            False, None, _NOWHERE, {}, datatype=_WKT, well_typed=True, start="POINT("
        )
        properties = {
            rdf.RDF_TYPE: (_constant(point),),
            _AS_WKT: (Source(None, _NOWHERE, lambda _: text, always=True),),
        }
        above = self.above(point)
        node = Node(True, None, _NOWHERE, properties, lambda name: name in above)
        return Form(plain.POINT, node)


_NOWHERE = pl.lit(None, pl.String)
_KINDS = tuple(f"{rdf.SF}{name}" for name in rdf.WKT_NAMES.values())


def _many_geometries(value: pl.Expr) -> Node:
    raise NotCompiled("a geometry of many values is one node with many texts")


def _constant(iri: str) -> Source:
    """An IRI that the mapping says of every row; nothing is known of it."""
    node = Node(True, iri, pl.lit(iri), {})
    return Source(None, pl.lit(iri), lambda _: node, always=True)


def _literal(field: Field, value: pl.Expr) -> Node:
    if field.kind == "language":
        return Node(False, value, value, {}, language=field.language)
    datatype = columns.datatype_of(value, field)
    if isinstance(datatype, str):
        text = (
            columns.lexical_form(value, datatype) if datatype in _REWRITTEN else value
        )
        known = None if datatype == STRING else datatype
        return Node(False, text, value, {}, datatype=known)
    text = value
    for one in sorted(_REWRITTEN & set(field.datatypes)):
        form = columns.lexical_form(value, one)
        text = pl.when(datatype == one).then(form).otherwise(text)
    possible = tuple(dict.fromkeys((*field.datatypes, STRING)))
    return Node(False, text, value, {}, datatype=datatype, datatypes=possible)


def _date_forms(field: Field) -> list[Form]:
    """Ordinary dates of the field's datatypes, which are well formed; up to a datatype
    that any text would have."""
    found: list[Form] = []
    for datatype in field.datatypes:
        if datatype not in plain.DATES:
            break
        node = Node(False, None, _NOWHERE, {}, datatype=datatype, well_typed=True)
        found.append(Form(plain.DATES[datatype], node))
    return found
