"""Rules on identifiers that have a name: how a key or a value is spelt, and that a GSS
code belongs to the register it is in.

A shape switches them on: `tp:keySpelling` for the key, `tp:valueSpelling` for any other
field, `tp:entityPrefix` for a register of GSS codes. ONS, "Code and name policy": the
first three characters of a code are the entity, the kind of area, that it is of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from trigpoint.errors import InvalidIdentifier
from trigpoint.gate import terms
from trigpoint.gate.messages import shortened
from trigpoint.gate.rules.finding import VALUE, found
from trigpoint.gate.rules.texts import harmless
from trigpoint.gate.violation import Violation
from trigpoint.identifiers import SPELLINGS, canonical_key
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field, Schema

_GSS_REST = "[0-9]{6}"


def spelling_of(schema: Schema, field: Field) -> str | None:
    """The IRI of the tp:KeySpelling that a field's values have."""
    return schema.key_spelling if field.name == schema.key else field.spelling


def canonical(schema: Schema, field: Field) -> str | None:
    """A regular expression that matches only values without fault, where a field's are
    spelt by a rule; they are harmless as text, too."""
    spelling = spelling_of(schema, field)
    if spelling is None:
        return None
    if field.name == schema.key and schema.entity_prefixes:
        return f"^(?:{'|'.join(schema.entity_prefixes)}){_GSS_REST}$"
    return f"^{SPELLINGS[spelling].canonical}$"


def find_spelling(
    values: pl.DataFrame, schema: Schema, field: Field
) -> Iterator[Violation]:
    """Identifiers in another spelling than the canonical one, or in none; keys that
    are GSS codes of another kind of area."""
    spelling = spelling_of(schema, field)
    if spelling is None:
        return
    is_key = field.name == schema.key
    prefixes = schema.entity_prefixes if is_key else ()
    for row, key, value in values.drop_nulls("_value").iter_rows():
        try:
            canonical = canonical_key(spelling, value)
        except InvalidIdentifier as error:
            component, message = terms.INVALID_IDENTIFIER[spelling], str(error)
            yield found(schema, field, component, row, key, value, message)
            continue
        if canonical != value:
            component = terms.NOT_CANONICAL_KEY if is_key else terms.NOT_CANONICAL_VALUE
            what = "the key" if is_key else f"“{field.name}”"
            message = f"{what} is written “{shortened(value)}”: write it “{canonical}”"
            yield found(schema, field, component, row, key, value, message)
        if prefixes and not canonical.startswith(prefixes):
            component = terms.ENTITY_MISMATCH
            message = _mismatch(canonical, schema.register, prefixes)
            yield found(schema, field, component, row, key, value, message)


def agreeing(schema: Schema, field: Field) -> str:
    """A regular expression that matches only harmless text, and no GSS code of another
    kind of area than that of the register it is said to be in."""
    first, rest = harmless(schema, field)
    if not field.entities:
        return f"^[{first}][{rest}]*$"
    starts = [_one_of(codes) for _, codes in field.entities]
    if field.kind == "curie":
        names = [f"{register}:" for register, _ in field.entities]
        starts = list(map(str.__add__, names, starts))
    return f"^{_one_of(starts)}[{rest}]*$"


def find_entities(
    values: pl.DataFrame, schema: Schema, field: Field
) -> Iterator[Violation]:
    """Links to GSS codes of another kind of area than their register holds."""
    entities = {register: codes for register, codes in field.entities if codes}
    register = pl.lit(field.target)
    if field.kind == "curie":
        register = VALUE.str.split_exact(":", 1).struct.field("field_0")
    suspects = values.drop_nulls("_value").filter(register.is_in(list(entities)))
    for row, key, value in suspects.iter_rows():
        target, code = link_target(value, field)
        if not code.startswith(entities[target]):
            component = terms.ENTITY_MISMATCH
            message = _mismatch(code, target, entities[target])
            yield found(schema, field, component, row, key, value, message)


def _mismatch(code: str, register: str, prefixes: Collection[str]) -> str:
    expected = " or ".join(prefixes)
    return (
        f"“{shortened(code)}” is no GSS code of {register}: expected one that starts "
        f"with {expected}"
    )


def _one_of(expressions: Collection[str]) -> str:
    return f"(?:{'|'.join(expressions)})"
