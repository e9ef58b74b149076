"""N-Triples of records, column by column: the lines of trigpoint.schema.rdf, in bulk.

A record that the columns cannot hold as it stands (an archived item with one text
where its field takes several, say) is given to `rdf` itself, so the lines are the same
for every item; a test holds the two together. They are in no order, and a line that a
record makes twice stands twice: for a store, that is the same graph.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from trigpoint.iris import geometry_iri
from trigpoint.schema import columns, rdf
from trigpoint.schema.items import fields_of, parse_item
from trigpoint.schema.rdf import EXACT_MATCH, RDF_TYPE, XSD
from trigpoint.schema.shape import GEO, Field, Schema
from trigpoint.schema.tally import Tally

# No field has such a name.
_VALUE, _SUBJECT = "_value", "_subject"
# What has to be escaped between the quotes of a literal, by `rdf`.
_UNSAFE = r'[\x00-\x1f\x7f"\\]'
_ESCAPES = {
    char: rdf.escape(char) for char in (*map(chr, range(0x20)), "\x7f", '"', "\\")
}
_AS_WKT = f"{GEO}asWKT"
_REWRITTEN = tuple(f"{XSD}{name}" for name in ("integer", "decimal", "boolean"))
_MOMENT = f"{XSD}dateTime"


class RecordLines:
    """Makes the lines of the records of one register, named under `base`."""

    def __init__(self, schema: Schema, base: str) -> None:
        self._schema = schema
        self._base = base

    def of(self, items: pl.Series, tally: Tally) -> Iterator[pl.Series]:
        """The lines of items, given as their canonical texts.

        Columns of texts, each one line or several, all with their line feeds; null
        where there are none. What they say is counted in `tally`, a line that stands
        twice once, when all of them have been taken. Raises InvalidInput for an item
        that has no key.
        """
        rows, odd = fields_of(items, self._schema)
        plain = rows.filter(~odd)
        if _tells_apart(self._schema):
            yield from self._plain(plain, tally)
        else:
            held = list(self._plain(plain, Tally()))
            tally.add_lines(pl.concat(map(split, held)).unique())
            yield from held
        lines = [
            line
            for text in items.filter(odd)
            for line in rdf.ntriples(parse_item(text), self._schema, self._base)
        ]
        column = pl.Series(lines, dtype=pl.String)
        tally.add_lines(column)
        yield column + "\n"

    def _plain(self, rows: pl.DataFrame, tally: Tally) -> Iterator[pl.Series]:
        """The lines of rows; what they say is counted field by field."""
        schema = self._schema
        iri = columns.record_iri_of(pl.col(schema.key), schema.register, self._base)
        named = rows.with_columns(iri.alias(_SUBJECT))
        self._count(named, tally)
        single = [
            line
            for field in schema.fields
            if not field.many
            for line in _lines(field, pl.col(field.name), self._base)
        ]
        lines = pl.concat_str(*self._always(), *single, ignore_nulls=True)
        yield named.select(lines).to_series()
        for field in schema.fields:
            if field.many:
                values = named.select(_SUBJECT, pl.col(field.name).alias(_VALUE))
                values = values.explode(_VALUE).drop_nulls()
                made = _lines(field, pl.col(_VALUE), self._base)
                text = pl.concat_str(*made, ignore_nulls=True)
                lined = values.select(text.alias(field.name)).to_series()
                tally.add(field.path, lined.n_unique())
                yield lined

    def _count(self, rows: pl.DataFrame, tally: Tally) -> None:
        """Count what is said once for each value that is there."""
        schema = self._schema
        tally.add_instances(schema.target_class, len(rows))
        tally.add(EXACT_MATCH, len(schema.exact_match) * len(rows))
        for field in schema.fields:
            if field.many:
                continue
            values = rows[field.name].drop_nulls()
            tally.add(field.path, len(values))
            if field.kind == "geometry":
                tally.add(_AS_WKT, len(values))
                wkt = columns.wkt_of(pl.col(field.name), field)
                kinds = values.to_frame().select(columns.geometry_class(wkt))
                found = kinds.to_series().drop_nulls().value_counts(name="n")
                for kind, count in found.iter_rows():
                    tally.add_instances(kind, count)

    def _always(self) -> Iterator[pl.Expr]:
        """What is said of every record: its class, and what names it elsewhere."""
        schema = self._schema
        yield _line(RDF_TYPE, pl.lit(f"<{schema.target_class}>"))
        key = columns.encoded(pl.col(schema.key))
        for template in schema.exact_match:
            # As `str.replace` does, wherever the template has the key.
            parts = [pl.lit(part) for part in template.split("{key}")]
            between = [one for part in parts for one in (key, part)][1:]
            yield _line(EXACT_MATCH, pl.concat_str(pl.lit("<"), *between, pl.lit(">")))


def _tells_apart(schema: Schema) -> bool:
    """Whether no two values of a record can make the same line, but for two of one
    field that takes several. Then they are counted without being compared."""
    paths = [field.path for field in schema.fields]
    own = (RDF_TYPE, EXACT_MATCH, _AS_WKT)
    several = any(one.many and one.kind == "geometry" for one in schema.fields)
    return len({*paths, *own}) == len(paths) + len(own) and not several


def split(texts: pl.Series) -> pl.Series:
    """The lines of texts, without line feeds."""
    lines = texts.drop_nulls().str.strip_suffix("\n").str.split("\n")
    return lines.explode().drop_nulls()


def _lines(field: Field, value: pl.Expr, base: str) -> Iterator[pl.Expr]:
    """The lines that a column of values of a field makes, beside their subjects."""
    if field.kind != "geometry":
        yield _line(field.path, _term(field, value, base))
        return
    wkt = columns.wkt_of(value, field)
    kind = columns.geometry_class(wkt)
    typed = pl.when(kind.is_not_null())
    datatype = typed.then(pl.lit(f'"^^<{GEO}wktLiteral>')).otherwise(pl.lit('"'))
    text = pl.concat_str(pl.lit('"'), _escaped(wkt), datatype)
    part = geometry_iri("")
    node = pl.concat_str(pl.lit("<"), _SUBJECT, pl.lit(f"{part}>"))
    yield _line(field.path, pl.when(value.is_not_null()).then(node))
    yield _line(_AS_WKT, text, part)
    yield _line(RDF_TYPE, pl.concat_str(pl.lit("<"), kind, pl.lit(">")), part)


def _line(path: str, term: pl.Expr, part: str = "") -> pl.Expr:
    """Whole lines that say something of the subjects or of a part of them; null for a
    null term."""
    middle = pl.lit(f"{part}> <{path}> ")
    return pl.concat_str(pl.lit("<"), _SUBJECT, middle, term, pl.lit(" .\n"))


def _term(field: Field, value: pl.Expr, base: str) -> pl.Expr:
    """Values as terms, as `rdf.term` writes them."""
    if field.is_link:
        iri = columns.iri_of(value, field, base)
        return pl.concat_str(pl.lit("<"), iri, pl.lit(">"))
    if field.kind == "language":
        end = pl.lit(f'"@{field.language}')
        return pl.concat_str(pl.lit('"'), _escaped(value), end)
    datatype = columns.datatype_of(value, field)
    if isinstance(datatype, str):
        text = _escaped(columns.lexical_form(value, datatype))
        return pl.concat_str(pl.lit('"'), text, pl.lit(_end(datatype)))
    text, end = value, pl.lit(_end(f"{XSD}string"))
    for one in field.datatypes:
        is_it = datatype == one
        end = pl.when(is_it).then(pl.lit(_end(one))).otherwise(end)
        if one == _MOMENT or one in _REWRITTEN:
            form = columns.lexical_form(value, one)
            text = pl.when(is_it).then(form).otherwise(text)
    return pl.concat_str(pl.lit('"'), _escaped(text), end)


def _end(datatype: str) -> str:
    return '"' if datatype == f"{XSD}string" else f'"^^<{datatype}>'


def _escaped(text: pl.Expr) -> pl.Expr:
    """Texts as they stand between the quotes of a literal."""
    unsafe = pl.when(text.str.contains(_UNSAFE)).then(text)
    escaped = unsafe.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return pl.coalesce(escaped, text)
