"""The RDF mapping of trigpoint.schema.rdf, column by column.

Each function says of a column of values what the one in `rdf` says of a value, and a
test holds the two together. A null value stays null. Values in ordinary forms are told
by one quick test; the slower steps see only the others, since the engine passes over
nulls. What needs percent-encoding is given to `rdf` itself, value by value.
"""

from __future__ import annotations

import polars as pl

from trigpoint.iris import encode_key, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.rdf import SF, XSD
from trigpoint.schema.shape import Field

_STRING = f"{XSD}string"
# Decimals with nothing but zeros to cut at their end, and those with nothing to cut.
_ZEROS = r"-?(?:(?:0|[1-9][0-9]*)\.[0-9]*[1-9]0+|[1-9][0-9]*\.0*)"
_CANONICAL = r"(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])"
_SEGMENT = r"[A-Za-z0-9_.~\-!$&'()*+,;=:@]"
_TO_ENCODE_OR_SPACE = r"[^A-Za-z0-9_.~\-!$&'()*+,;=:@ ]"
_CURIE = rf"^[A-Za-z0-9_.~\-!$&'()*+,;=@]*:{_SEGMENT}*$"
_POINT = r"^\[-?[0-9]+(?:\.[0-9]+)?,-?[0-9]+(?:\.[0-9]+)?\]$"
_SPACED_NUMBER = r"[\t-\r ]*(-?[0-9]+(?:\.[0-9]+)?)[\t-\r ]*"
_SPACED_POINT = rf"^\[{_SPACED_NUMBER},{_SPACED_NUMBER}\]$"
# White space as Python's `re` has it.
_WKT_TYPE = r"^(?:<[^>]*>)?[\s\x1c-\x1f]*([A-Za-z]+)"
_SF_CLASSES = {keyword: f"{SF}{name}" for keyword, name in rdf.WKT_NAMES.items()}
_SECOND = "[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ZONE = "(?:Z|[+-][0-9]{2}:[0-9]{2})"
_DATE_FORM = rf"^(?:[0-9]{{4}}(?:-[0-9]{{2}}){{0,2}}|{_SECOND}(?:\.[0-9]+)?{_ZONE}?)$"
# How long the forms of dates are, in bytes: no two are of one length.
_DATE_LENGTHS = {
    f"{XSD}gYear": (4, 4),
    f"{XSD}gYearMonth": (7, 7),
    f"{XSD}date": (10, 10),
    f"{XSD}dateTime": (19, None),
}


def datatype_of(text: pl.Expr, field: Field) -> str | pl.Expr:
    """The datatype in which values of `field` are written: one for all of them, or an
    IRI a value where it depends on the form."""
    dates = []
    last = _STRING
    for datatype in field.datatypes:
        if datatype not in _DATE_LENGTHS:
            last = datatype
            break
        dates.append(datatype)
    if not dates:
        return last
    length = pl.when(text.str.contains(_DATE_FORM)).then(text.str.len_bytes())
    found: pl.Expr = pl.lit(last)
    for datatype in reversed(dates):
        least, most = _DATE_LENGTHS[datatype]
        fits = length >= least if most is None else length == least
        found = pl.when(fits).then(pl.lit(datatype)).otherwise(found)
    return pl.when(text.is_not_null()).then(found)


def lexical_form(text: pl.Expr, datatype: str) -> pl.Expr:
    """The canonical lexical form of the values, as they are where not well formed."""
    match datatype.removeprefix(XSD):
        case "integer":
            return pl.coalesce(_integer(text), text)
        case "decimal":
            return pl.coalesce(_decimal(text), text)
        case "boolean":
            words = pl.when(text == "1").then(pl.lit("true"))
            return words.when(text == "0").then(pl.lit("false")).otherwise(text)
        case "dateTime":
            fine = text.str.contains(".", literal=True)
            utc = text.str.ends_with("+00:00") | text.str.ends_with("-00:00")
            return pl.coalesce(_moment(_where(fine | utc, text)), text)
        case _:
            return text


def iri_of(text: pl.Expr, field: Field, base: str) -> pl.Expr:
    """The IRIs that values of a link or curie field stand for."""
    if field.kind != "curie":
        return record_iri_of(text, field.target or "", base)
    plain = text.str.contains(_CURIE)
    path = _where(plain, text).str.replace(":", "/", literal=True)
    other = _unless(plain, text).map_elements(
        lambda one: rdf.link_iri(one, field, base), return_dtype=pl.String
    )
    return pl.coalesce(pl.lit(f"{base}/id/") + path, other)


def record_iri_of(key: pl.Expr, register: str, base: str) -> pl.Expr:
    """The IRIs of records of a register, by their keys."""
    return pl.lit(record_iri(base, register, "")) + encoded(key)


def encoded(key: pl.Expr) -> pl.Expr:
    """Keys as path segments. A space, as in each postcode, is what many have; what else
    has to be encoded is rare, and given to `iris` value by value."""
    spaced = _where(key.str.contains(" ", literal=True), key)
    plain = pl.coalesce(spaced.str.replace_all(" ", "%20", literal=True), key)
    odd = _where(key.str.contains(_TO_ENCODE_OR_SPACE), key)
    other = odd.map_elements(encode_key, return_dtype=pl.String)
    return pl.coalesce(other, plain)


def wkt_of(text: pl.Expr, field: Field) -> pl.Expr:
    """The texts of a geometry field as WKT (CRS84 unless they say)."""
    if field.encoding == "wkt":
        return text
    plain = text.str.contains(_POINT)
    inside = _where(plain, text).str.slice(1, text.str.len_bytes() - 2)
    pair = inside.str.replace(",", " ", literal=True)
    point = pl.concat_str(pl.lit("POINT("), pair, pl.lit(")"))
    other = _unless(plain, text).str.replace(_SPACED_POINT, "POINT(${1} ${2})")
    return pl.coalesce(point, other)


def geometry_class(wkt: pl.Expr) -> pl.Expr:
    """The `sf:` class of WKT texts, by their keyword; null for an unknown one."""
    point = wkt.str.starts_with("POINT(")
    name = _unless(point, wkt).str.extract(_WKT_TYPE, 1).str.to_uppercase()
    other = name.replace_strict(_SF_CLASSES, default=None, return_dtype=pl.String)
    return pl.when(point).then(pl.lit(_SF_CLASSES["POINT"])).otherwise(other)


def _integer(text: pl.Expr) -> pl.Expr:
    """Integers made canonical; null where they are or may be so as they stand."""
    low = _where(text < "1", text)  # all that start with a sign or a zero
    zeros = _where(low.str.contains("^0+[1-9][0-9]*$"), text).str.strip_chars_start("0")
    odd = _unless(low.str.contains("^(?:0|-[1-9][0-9]*|0+[1-9][0-9]*)$"), low)
    rest = (
        odd.str.replace("^[+-]?0+$", "0")
        .str.replace(r"^\+0*([1-9][0-9]*)$", "${1}")
        .str.replace("^-0+([1-9][0-9]*)$", "-${1}")
    )
    return pl.coalesce(zeros, rest)


def _decimal(text: pl.Expr) -> pl.Expr:
    """Decimals made canonical; null where they are or may be so as they stand."""
    ends = text.str.ends_with("0") | text.str.ends_with(".")
    zeros = _where(_where(ends, text).str.contains(f"^{_ZEROS}$"), text)
    low = _where(text < "1", text)  # all that start with a sign, a zero or a point
    odd = _unless(low.str.contains(f"^(?:{_ZEROS}|{_CANONICAL})$"), low)
    rest = (
        odd.str.replace(r"^[+-]?(?:0+(?:\.0*)?|\.0+)$", "0")
        .str.replace(r"^([+-]?[0-9]+)\.0*$", "${1}")
        .str.replace(r"^([+-]?[0-9]*\.[0-9]*[1-9])0+$", "${1}")
        .str.replace(r"^([+-]?)(\.[0-9]+)$", "${1}0${2}")
        .str.replace(r"^\+([0-9]+(?:\.[0-9]+)?)$", "${1}")
        .str.replace(r"^(-?)0+([0-9]+(?:\.[0-9]+)?)$", "${1}${2}")
    )
    return pl.coalesce(zeros.str.strip_chars_end("0").str.strip_chars_end("."), rest)


def _moment(text: pl.Expr) -> pl.Expr:
    """Without zeros at the end of the fraction; UTC as Z."""
    fraction = rf"(?:(\.[0-9]*[1-9])0*|\.0+)?({_ZONE}?)"
    return text.str.replace(f"^({_SECOND}){fraction}$", "${1}${2}${3}").str.replace(
        rf"^({_SECOND}(?:\.[0-9]+)?)[+-]00:00$", "${1}Z"
    )


def _where(condition: pl.Expr, text: pl.Expr) -> pl.Expr:
    """The values where the condition holds, null elsewhere."""
    return pl.when(condition).then(text)


def _unless(condition: pl.Expr, text: pl.Expr) -> pl.Expr:
    """The values where the condition does not hold, null elsewhere. With `~condition`
    the engine would work out the condition and its opposite, each for itself."""
    return pl.when(condition).then(None).otherwise(text)
