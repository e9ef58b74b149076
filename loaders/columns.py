"""Column expressions that several sources need: dates, points, area links, addresses.

Each is a pure polars expression over String columns; null stays null.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trigpoint.errors import InvalidIdentifier
from trigpoint.identifiers import uprn_from_base32
from trigpoint.spatial.grids import lon_lat_from_bng

# Which register holds an area follows from the first three characters of its code
# (ONS, Register of Geographic Codes).
AREA_REGISTERS = {
    "E92": "statistical-geography-country",
    "N92": "statistical-geography-country",
    "S92": "statistical-geography-country",
    "W92": "statistical-geography-country",
    "E12": "statistical-geography-region-eng",
    "E10": "statistical-geography-county-eng",
    "E47": "statistical-geography-combined-authority-eng",
    "E06": "statistical-geography-unitary-authority-eng",
    "E07": "statistical-geography-non-metropolitan-district-eng",
    "E08": "statistical-geography-metropolitan-district-eng",
    "E09": "statistical-geography-london-borough-eng",
    "W06": "statistical-geography-unitary-authority-wls",
    "S12": "statistical-geography-council-area-sct",
    "N09": "statistical-geography-local-government-district-nir",
    "E05": "statistical-geography-ward",
    "W05": "statistical-geography-ward",
    "S13": "statistical-geography-ward",
    "N08": "statistical-geography-ward",
}
# The field by which an area names the authority that governs it.
GOVERNED_BY = {
    "statistical-geography-county-eng": "local-authority-eng",
    "statistical-geography-combined-authority-eng": "local-authority-eng",
    "statistical-geography-unitary-authority-eng": "local-authority-eng",
    "statistical-geography-non-metropolitan-district-eng": "local-authority-eng",
    "statistical-geography-metropolitan-district-eng": "local-authority-eng",
    "statistical-geography-london-borough-eng": "local-authority-eng",
    "statistical-geography-unitary-authority-wls": "principal-local-authority",
    "statistical-geography-council-area-sct": "local-authority-sct",
    "statistical-geography-local-government-district-nir": "local-authority-nir",
}
# Bytes 80 to 9F of Windows-1252 that were taken for Latin-1 on their way here: where
# Latin-1 has control characters, that no text holds, Windows-1252 has punctuation.
_WINDOWS = {
    chr(code): bytes([code]).decode("cp1252", "ignore") or chr(code)
    for code in range(0x80, 0xA0)
}
RESTORED = "characters of Windows-1252 restored, which stood as control characters"


def area_register(code: pl.Expr) -> pl.Expr:
    """The register that holds the area with this GSS code; null when none does."""
    return code.str.slice(0, 3).replace_strict(AREA_REGISTERS, default=None)


def area_curie(code: pl.Expr) -> pl.Expr:
    """`register:code` of a GSS code; null when no register holds such areas."""
    return pl.concat_str([area_register(code), code], separator=":")


def present(text: pl.Expr, *absent: str) -> pl.Expr:
    """Text without the spaces around it; null for nothing and for the words given."""
    trimmed = text.str.strip_chars()
    return pl.when(~trimmed.is_in(["", *absent])).then(trimmed)


def restored(text: pl.Expr) -> pl.Expr:
    """Text with the punctuation that Windows-1252 has in place of Latin-1 controls."""
    return text.str.replace_many(list(_WINDOWS), list(_WINDOWS.values()))


def iso_date(text: pl.Expr) -> pl.Expr:
    """`31-08-2021`, as GIAS writes it, as `2021-08-31`; other text as it is."""
    return text.str.replace(r"^(\d{2})-(\d{2})-(\d{4})$", "${3}-${2}-${1}")


def address_lines(lines: list[pl.Expr]) -> pl.Expr:
    """The lines that there are, joined by a comma and a space."""
    joined = pl.concat_str(
        [present(x) for x in lines], separator=", ", ignore_nulls=True
    )
    return present(joined)


def plain_name(name: pl.Expr) -> pl.Expr:
    """A name without what only spelling makes different: case, `&`, punctuation."""
    return (
        name.str.to_lowercase()
        .str.replace_all("&", " and ", literal=True)
        .str.replace_all(r"['’.]", "")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )


def uprn_of_base32(text: pl.Expr) -> pl.Expr:
    """The UPRN written in Crockford base32; null when the text is not one."""
    return text.map_elements(_uprn, return_dtype=pl.String)


def _uprn(text: str) -> str | None:
    try:
        return uprn_from_base32(text)
    except InvalidIdentifier:
        return None


def northern_irish(postcode: pl.Expr) -> pl.Expr:
    """Whether a postcode is one of Northern Ireland, however it is spelt.

    Eastings and northings that go with one are not of the British grid.
    """
    return postcode.str.contains(r"(?i)^\s*B\s*T\s*\d").fill_null(value=False)


def lon_lat_point(easting: pl.Expr, northing: pl.Expr) -> pl.Expr:
    """`[lon,lat]` (CRS84, six decimals) of EPSG:27700 metres, through OSTN15.

    Null where either is null or not a number, or where OSTN15 has no cover.
    """
    pair = pl.struct(
        easting.cast(pl.Float64, strict=False).alias("easting"),
        northing.cast(pl.Float64, strict=False).alias("northing"),
    )
    # Row by row, so that a file of any size can stream through it.
    return pair.map_batches(_points, return_dtype=pl.String, is_elementwise=True)


def _points(pairs: pl.Series) -> pl.Series:
    frame = pairs.struct.unnest()
    lons, lats = lon_lat_from_bng(
        frame["easting"].fill_null(np.nan).to_numpy(),
        frame["northing"].fill_null(np.nan).to_numpy(),
    )
    degrees = pl.DataFrame({"lon": lons, "lat": lats}).fill_nan(None)
    point = pl.concat_str(
        pl.lit("["), _decimals("lon"), pl.lit(","), _decimals("lat"), pl.lit("]")
    )
    return degrees.select(point.alias(pairs.name)).to_series()


def _decimals(name: str) -> pl.Expr:
    """Degrees with exactly six decimals (0.1 m), never in exponents."""
    millionths = (pl.col(name) * 1_000_000).round().cast(pl.Int64)
    whole, rest = millionths.abs() // 1_000_000, millionths.abs() % 1_000_000
    sign = pl.when(millionths < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(
        sign, whole.cast(pl.String), pl.lit("."), rest.cast(pl.String).str.zfill(6)
    )
