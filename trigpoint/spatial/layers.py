"""Layers of areas: which kind of area a GSS code names.

The first three characters of a nine-character GSS code are its entity code (ONS,
"Register of Geographic Codes"). Areas of one layer do not overlap, so a point has
at most one of each, or several where it lies on a border.
"""

from __future__ import annotations

from trigpoint.errors import InvalidInput

LAYERS = (
    "country",
    "region",
    "combined-authority",
    "county",
    "district",
    "ward",
    "parish",
)
"""Known layers, from the largest areas to the smallest: the order of answers."""

_ENTITIES = {
    "country": ("E92", "W92", "S92", "N92"),
    "region": ("E12",),
    "combined-authority": ("E47",),
    "county": ("E10",),
    "district": ("E06", "E07", "E08", "E09", "W06", "S12", "N09"),
    "ward": ("E05", "W05", "S13", "N08"),
    "parish": ("E04", "W04"),
}
_LAYER_OF = {code: layer for layer, codes in _ENTITIES.items() for code in codes}


def layer_of(gss: str) -> str:
    """The layer of a GSS code: `layer_of("E07000041") == "district"`.

    Raises InvalidInput when the entity code is not in the table above.
    """
    layer = _LAYER_OF.get(gss[:3])
    if layer is None:
        raise InvalidInput(
            f"no layer is known for the entity code of {gss}: name the layer; known "
            f"are {', '.join(sorted(_LAYER_OF))}"
        )
    return layer


def layer_rank(layer: str) -> tuple[int, str]:
    """Sort key of a layer: known ones by size, others after them by name."""
    known = LAYERS.index(layer) if layer in LAYERS else len(LAYERS)
    return known, layer
