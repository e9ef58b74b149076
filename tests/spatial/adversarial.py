"""Positions that are hard to place: on borders, beside them, and between cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from trigpoint.spatial.cells import Cells
from trigpoint.spatial.grids import Floats

Triples = set[tuple[int, int, bool]]


def hard_positions(
    shapes: Sequence[BaseGeometry], count: int, seed: int = 0
) -> tuple[Floats, Floats]:
    """About `count` positions made from corners and edges, as easts and norths.

    Corners, middles and other places of edges; each as it is, one step of floating
    point beside (in either axis, or both), and 1e-9 beside; level with a corner; and
    some anywhere.
    """
    generator = np.random.default_rng(seed)
    pairs, ring_of = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(np.array(shapes))), return_index=True
    )
    edges = np.flatnonzero(ring_of[1:] == ring_of[:-1])
    picked = generator.choice(edges, count // 8)
    starts, ends = pairs[picked], pairs[picked + 1]
    along = generator.random((len(picked), 1))
    on_edges = np.concatenate(
        [starts, (starts + ends) / 2, starts + along * (ends - starts)]
    )
    steps = generator.choice([-np.inf, 0.0, np.inf], on_edges.shape)
    beside = np.where(steps == 0, on_edges, np.nextafter(on_edges, steps))
    near = on_edges + generator.choice([-1e-9, 0.0, 1e-9], on_edges.shape)
    level = np.column_stack([generator.permutation(starts[:, 0]), starts[:, 1]])
    low, high = pairs.min(axis=0) - 1e-3, pairs.max(axis=0) + 1e-3
    anywhere = generator.uniform(low, high, (len(picked), 2))
    places = np.concatenate([on_edges, beside, near[::2], level[::2], anywhere[::2]])
    return np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])


def between_cells(cells: Cells, count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Positions on the lines between cells, at their corners, and a step beside."""
    generator = np.random.default_rng(seed)
    side = 1 / cells.scale
    columns = generator.integers(0, cells.columns + 1, count)
    rows = generator.integers(0, cells.rows + 1, count)
    easts = cells.west + (columns + generator.choice([0, 0.5], count)) * side
    norths = cells.south + (rows + generator.choice([0, 0.5], count)) * side
    return (
        np.concatenate([easts, np.nextafter(easts, -np.inf), np.nextafter(easts, 1e9)]),
        np.concatenate([norths, norths, np.nextafter(norths, -np.inf)]),
    )


def by_geos(shapes: Iterable[BaseGeometry], easts: Floats, norths: Floats) -> Triples:
    """Position, shape and whether on its border, of every pair that covers affirms.

    Every shape is asked about every position in its box, one predicate at a time, by
    nothing but shapely on geometries of its own.
    """
    order = np.argsort(norths, kind="stable")
    sorted_norths = norths[order]
    triples: Triples = set()
    for number, shape in enumerate(shapes):
        own = shapely.from_wkb(shapely.to_wkb(shape))
        west, south, east, north = own.bounds
        first = np.searchsorted(sorted_norths, south, "left")
        last = np.searchsorted(sorted_norths, north, "right")
        boxed = order[first:last]
        boxed = boxed[(easts[boxed] >= west) & (easts[boxed] <= east)]
        shapely.prepare(own)
        points = shapely.points(easts[boxed], norths[boxed])
        covered = shapely.covers(own, points)
        inside = shapely.contains(own, points[covered])
        triples |= {
            (point, number, not within)
            for point, within in zip(
                boxed[covered].tolist(), inside.tolist(), strict=True
            )
        }
    return triples
