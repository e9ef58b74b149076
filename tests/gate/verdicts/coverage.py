"""Which constraints of a shape were broken how often, and which cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rdflib import RDF, SH, XSD, URIRef

from tests.gate.verdicts.generator import LESS_THAN_OR_EQUALS, Generated
from tests.gate.verdicts.plain import Verdict
from tests.gate.verdicts.samples import (
    MAX_EXCLUSIVE,
    MAX_INCLUSIVE,
    MIN_EXCLUSIVE,
    MIN_INCLUSIVE,
)
from trigpoint.gate import terms
from trigpoint.gate.shacl.batch import Brief
from trigpoint.schema.shape import Field

Place = tuple[str, str]  # field and component
COMPONENTS: Mapping[URIRef, str] = {
    SH.minCount: terms.MIN_COUNT,
    SH.maxCount: terms.MAX_COUNT,
    SH.datatype: terms.DATATYPE,
    SH.nodeKind: terms.NODE_KIND,
    SH["class"]: terms.CLASS,
    SH.pattern: terms.PATTERN,
    SH.minLength: terms.MIN_LENGTH,
    SH.maxLength: terms.MAX_LENGTH,
    SH.minInclusive: MIN_INCLUSIVE,
    SH.maxInclusive: MAX_INCLUSIVE,
    SH.minExclusive: MIN_EXCLUSIVE,
    SH.maxExclusive: MAX_EXCLUSIVE,
    SH["in"]: terms.IN,
    SH["or"]: terms.OR,
    SH.node: terms.NODE,
    SH.languageIn: terms.LANGUAGE_IN,
    SH.uniqueLang: f"{terms.SH}UniqueLangConstraintComponent",
    SH.lessThanOrEquals: LESS_THAN_OR_EQUALS,
}
_NOT_CONSTRAINTS = {
    *(SH.path, SH.name, SH.order, SH.description, SH.message, SH.severity, SH.flags),
}
# pySHACL takes any text for these.
_ANY_TEXT = {str(XSD.string), str(RDF.langString), str(XSD.anyURI)}


def places(known: Brief) -> Iterator[Place]:
    """Every constraint of the property shapes of a register."""
    for field in known.schema.fields:
        for parameter in set(known.shapes.predicates(URIRef(field.shape))):
            of_shacl = str(parameter).startswith(str(SH))
            if of_shacl and parameter not in _NOT_CONSTRAINTS:
                yield field.name, COMPONENTS[URIRef(str(parameter))]


def unbreakable(known: Brief, place: Place) -> str | None:
    """Why no row can break a constraint; None when rows can."""
    field, component = known.schema.field(place[0]), place[1]
    if component == terms.NODE_KIND and field.is_link:
        return "a link is always written as an IRI"
    if component == terms.MAX_COUNT and not field.many:
        return "a column of texts has one value a row"
    if component == terms.MIN_COUNT and field.name == known.schema.key:
        return "a row without its key is no node"
    if component == terms.DATATYPE and set(field.datatypes) <= _ANY_TEXT:
        return "any text is of this datatype"
    if field.kind == "language" and component != terms.MIN_LENGTH:
        return "the field writes this language, once"
    return _unbreakable_length(known, field, component)


def _unbreakable_length(known: Brief, field: Field, component: str) -> str | None:
    least = known.shapes.value(URIRef(field.shape), SH.minLength)
    if component == terms.MIN_LENGTH and least is not None and int(str(least)) == 0:
        return "no text is shorter than nothing"
    return None


def broken(known: Brief, made: Generated, verdicts: set[Verdict]) -> Counter[Place]:
    """How often what was planted in a field was found there."""
    found = {(one.row, one.path, one.component) for one in verdicts}
    return Counter(
        (one.field, one.component)
        for one in made.planted
        if (one.row, known.schema.field(one.field).path, one.component) in found
    )


def table(register: str, counts: Counter[Place], known: Brief) -> str:
    """How often each constraint was broken, or why it cannot be, for people."""
    lines = []
    for place in sorted(places(known)):
        why = unbreakable(known, place)
        count = f"{counts[place]:>6}" if why is None else f"     - {why}"
        lines.append(
            f"{register:<40} {place[0]:<30} {terms.short(place[1]):<24}{count}"
        )
    return "\n".join(lines)
