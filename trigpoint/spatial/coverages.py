"""The coverages of all sets of boundaries: a file beside the boundary index.

A view: a set that is as it was in the last one is not measured again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from trigpoint.errors import ViewDamaged
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.coverage import Coverage, Flaw, Tally, fingerprint, measure
from trigpoint.spatial.layers import layer_rank

FILE = "coverages.json"


def measure_all(
    boundaries: Iterable[Boundary], known: Iterable[Coverage] = ()
) -> list[Coverage]:
    """The coverage of each set among these boundaries, largest areas first, then by
    vintage; of one that is among `known`, what is known."""
    measured = {coverage.fingerprint: coverage for coverage in known}
    sets: dict[tuple[str, str, str, str], list[Boundary]] = {}
    for one in boundaries:
        name = (one.layer, one.vintage, one.resolution, one.crs)
        sets.setdefault(name, []).append(one)
    return [
        measured.get(fingerprint(sets[name])) or measure(sets[name])
        for name in sorted(sets, key=lambda name: (layer_rank(name[0]), name))
    ]


def save_coverages(coverages: Iterable[Coverage], folder: Path) -> None:
    """Write the view into `folder` as one file."""
    text = json.dumps([asdict(coverage) for coverage in coverages], ensure_ascii=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def read_coverages(folder: Path) -> list[Coverage]:
    """Read the view in `folder`. Raises ViewDamaged when it cannot be read."""
    path = folder / FILE
    try:
        return [_coverage(one) for one in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ViewDamaged(
            f"{path} cannot be read ({error}): run `trigpoint rebuild`"
        ) from error


def _coverage(body: dict[str, object]) -> Coverage:
    tallies, flaws = body.pop("tallies"), body.pop("flaws")
    if not isinstance(tallies, dict) or not isinstance(flaws, list):
        raise TypeError("tallies and flaws are expected")
    listed = [
        Flaw(**{**flaw, "boundaries": tuple(flaw["boundaries"])}) for flaw in flaws
    ]
    return Coverage(
        **body,  # type: ignore[arg-type]  # by field name, as they were written
        tallies={kind: Tally(**tally) for kind, tally in tallies.items()},
        flaws=tuple(listed),
    )
