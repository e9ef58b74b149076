"""GDS streets: authorities by ids that were used twice, resolved, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import shapely

from loaders.boundaries import SOURCE as BOUNDARIES
from loaders.gds_street import AUTHORITIES, SOURCE, STREET
from tests.loaders.reading import Held, held_in, holding, read_rows, reasons, staged
from trigpoint.errors import NoData

MAPS = "codes/gds/local-authority-data/maps"
TABLES = ("discovery.tsv", "id_migrataion_2016-10-10.tsv", "name.tsv")
ENGLAND = "local-authority-eng"
COUNCILS = holding(
    {
        ENGLAND: [
            {ENGLAND: "BNE", "name": "Barnet"},
            {ENGLAND: "BAS", "name": "Bath and North East Somerset"},
            {ENGLAND: "CHE", "name": "Cheshire East"},
        ]
    }
)


def real_files(real_data: Path) -> list[Path]:
    maps = [real_data / MAPS / name for name in TABLES]
    return [real_data / "addresses" / "gds_street.tsv.gz", *maps]


@pytest.fixture(scope="module")
def streets(real_data: Path, archived: Path) -> pl.DataFrame:
    return read_rows(SOURCE, real_files(real_data), held=held_in(archived))[STREET]


def authorities(
    folder: Path,
    ids: Sequence[str],
    discovery: Sequence[tuple[str, str]],
    migration: Sequence[tuple[str, str]] = (),
    names: Sequence[tuple[str, str]] = (),
    held: Held = COUNCILS,
) -> pl.DataFrame:
    """What becomes of streets with these ids, by these tables."""
    tables: dict[str, tuple[str, Sequence[tuple[str, ...]]]] = {
        "streets.tsv": (
            "street\tname\tname-cy\tplace\tlocal-authority\tpoint\tend-date",
            [(str(n), "A", "", "", text, "", "") for n, text in enumerate(ids, 1)],
        ),
        "discovery.tsv": (
            "local-authority-discovery\tlocal-authority\tuk",
            [(old, f"{ENGLAND}:{to}", "ENG") for old, to in discovery],
        ),
        "migration.tsv": ("old_id\tnew_id", migration),
        "name.tsv": (
            "name\tlocal-authority",
            [(name, f"{ENGLAND}:{to}") for name, to in names],
        ),
    }
    files = []
    for file, (header, rows) in tables.items():
        files.append(folder / file)
        lines = [header, *("\t".join(row) for row in rows)]
        files[-1].write_text("\n".join(lines), encoding="utf-8")
    return read_rows(SOURCE, files, held=held)[STREET]


def test_every_real_street_has_an_authority_that_there_is(
    streets: pl.DataFrame, archived: Path
) -> None:
    """22,871 streets of 351 ids, each resolved to a record of the registers."""
    assert len(staged(streets)) == 22_871
    held = held_in(archived)
    known = {f"{name}:{key}" for name in AUTHORITIES for key in held(name)[name]}
    assert set(streets["local-authority"]) <= known
    assert streets["local-authority"].n_unique() == 351


def test_the_authorities_are_where_the_streets_are(
    streets: pl.DataFrame, real_data: Path
) -> None:
    """Positions are within a kilometre or so, and geometry knows nothing of ids:
    nearly every street of an unitary authority or district lies in it, also those
    whose id was given to another council later."""
    outlines = read_rows(
        BOUNDARIES,
        [real_data / "boundaries" / "lad_2020.geojsonl.gz"],
        "--vintage 2020 --repair",
    )["boundary"]
    shapes = dict(zip(outlines["name"], outlines["geometry"], strict=True))
    reused = {
        "BAS": "Bath and North East Somerset",
        "BNE": "Barnet",
        "BAI": "Basildon",
        "BRA": "Braintree",
        "CHL": "Chelmsford",
        "CHI": "Chichester",
        "CHT": "Cheltenham",
        "EST": "East Staffordshire",
        "HAT": "Hart",
        "NEC": "Newcastle-under-Lyme",
        "WYR": "Wyre",
        "SWL": "Swale",
    }
    for key, name in reused.items():
        own = streets.filter(pl.col("local-authority") == f"{ENGLAND}:{key}")
        pairs = own["point"].str.extract_all(r"-?\d+\.\d+").list.to_array(2)
        points = shapely.points(pairs.cast(pl.Array(pl.Float64, 2)).to_numpy())
        near = shapely.from_wkt(shapes[name]).buffer(0.02)
        assert len(points) > 5
        assert shapely.covers(near, points).mean() > 0.97, name


def test_rounded_positions_are_remarked(streets: pl.DataFrame) -> None:
    """Some positions are in hundredths of a degree; the summary counts them."""
    assert sum(reasons(streets, "_remark").values()) == 223


def test_an_id_given_to_another_council_is_told_by_its_name(tmp_path: Path) -> None:
    """The interim BNE was Bath; Barnet's interim id migrated to BNE."""
    read = authorities(
        tmp_path,
        ["BAS", "BNE"],
        discovery=[("BAS", "BNE"), ("BNE", "BNT")],
        migration=[("BNT", "BNE")],
        names=[("bath and north east somerset", "BNE"), ("barnet", "BNT")],
    )
    assert read["local-authority"].to_list() == [f"{ENGLAND}:BAS", f"{ENGLAND}:BNE"]


def test_an_id_used_twice_without_a_name_is_not_guessed(tmp_path: Path) -> None:
    """Two interim ids end in BNE: the one without a name stays untold."""
    read = authorities(
        tmp_path,
        ["BAS", "BNE"],
        discovery=[("BAS", "BNE"), ("BNE", "BNT")],
        migration=[("BNT", "BNE")],
        names=[("barnet", "BNT")],
    )
    assert read["local-authority"].to_list() == [None, f"{ENGLAND}:BNE"]
    assert reasons(read, "_problem") == {
        "it cannot be told which authority the id “BAS” means": 1
    }


def test_a_name_against_the_migration_is_not_guessed(tmp_path: Path) -> None:
    """When name and migration contradict each other, neither is taken."""
    read = authorities(
        tmp_path,
        ["X"],
        discovery=[("X", "CEA")],
        migration=[("CEA", "CHE")],
        names=[("barnet", "CEA")],
    )
    assert read["local-authority"].to_list() == [None]


def test_an_unknown_id_is_a_problem(tmp_path: Path) -> None:
    """An id outside the discovery phase's is said to be that."""
    read = authorities(tmp_path, ["ZZZ"], discovery=[("CHE", "CHE")])
    assert reasons(read, "_problem") == {
        "“ZZZ” is no authority id of the discovery phase": 1
    }


def test_authorities_need_their_registers(real_data: Path) -> None:
    """Without the registers the error says what to load first."""
    with pytest.raises(NoData, match="local authorities hold no records"):
        read_rows(SOURCE, real_files(real_data))
