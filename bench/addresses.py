"""Address rows made for benchmarks: as varied as a national release, and all in order.

Nothing in them is anybody's address. Keys are longer than any number in use; streets,
councils and parents are records that the log of the benchmark, or the rows themselves,
hold, so that every link can be looked up.
"""

from __future__ import annotations

import numpy as np
import polars as pl

STREETS = 50_000
FIELDS = (
    "address",
    "parent-address",
    "street",
    "name",
    "address-text",
    "town",
    "postcode",
    "local-authority",
    "point",
    "start-date",
    "end-date",
)
_SEED = 20_250_501
_FIRST_KEY = 900_000_000_000
_FIRST_STREET = 90_000_000
_PARENTS = 0.1  # the share of addresses that are part of another
_ENDED = 0.03
_NAMES = ("House", "Cottage", "Court", "Villa", "Lodge", "Farm", "Mews", "Works")
_ROADS = ("High Street", "Station Road", "Mill Lane", "Church Walk", "The Avenue")
_TOWNS = ("Tring", "Hitchin", "Bodmin", "Otley", "Ely", "Frome", "Alnwick", "Diss")
_AREAS = ("AL", "B", "CB", "DT", "EX", "G", "HP", "LS", "NE", "SY")
_LAST = "ABDEFGHJLNPQRSTUWXYZ"


def street_rows(count: int) -> pl.DataFrame:
    """Streets for the addresses to stand on, as a source would bring them."""
    numbers = pl.int_range(_FIRST_STREET, _FIRST_STREET + count, eager=True)
    return pl.DataFrame(
        {
            "_row": pl.int_range(2, count + 2, dtype=pl.UInt32, eager=True),
            "street": numbers.cast(pl.String),
            "name": pl.select(pl.format("Street {}", numbers)).to_series(),
        }
    )


def address_rows(
    count: int, councils: list[str], streets: int, *, first: int = 0
) -> pl.DataFrame:
    """`count` staged rows of the register `address`, which its shape accepts.

    `councils` are keys of local-authority-eng. Rows from `first` on, so that a long
    release can be made in parts.
    """
    chance = np.random.default_rng([_SEED, first])
    number = np.arange(first, first + count)
    street = chance.integers(0, streets, count)
    parent = np.where(
        chance.random(count) < _PARENTS, first + (number - first) // 2, -1
    )
    ended = chance.random(count) < _ENDED
    house = chance.integers(1, 400, count).astype(str)
    road = _pick(chance, _ROADS, count)
    year = chance.integers(1950, 2024, count)
    columns = {
        "_row": pl.Series(number + 2, dtype=pl.UInt32),
        "address": _text(number + _FIRST_KEY),
        "parent-address": _text(parent + _FIRST_KEY).set(pl.Series(parent < 0), None),
        "street": _text(street + _FIRST_STREET),
        "name": pl.Series(house) + " " + _pick(chance, _NAMES, count),
        "address-text": pl.Series(house) + " " + road + ", near the old bridge",
        "town": _pick(chance, _TOWNS, count),
        "postcode": _postcodes(chance, count),
        "local-authority": "local-authority-eng:" + _pick(chance, councils, count),
        "point": _points(chance, count),
        "start-date": _dates(chance, year),
        "end-date": _dates(chance, year + 1).set(pl.Series(~ended), None),
    }
    return pl.DataFrame(columns)


def _text(numbers: np.ndarray) -> pl.Series:
    return pl.Series(numbers).cast(pl.String)


def _pick(
    chance: np.random.Generator, texts: tuple[str, ...] | list[str], count: int
) -> pl.Series:
    return pl.Series(list(texts), dtype=pl.String)[
        chance.integers(0, len(texts), count)
    ]


def _postcodes(chance: np.random.Generator, count: int) -> pl.Series:
    last = pl.Series(list(_LAST))
    letters = [last[chance.integers(0, len(_LAST), count)] for _ in range(2)]
    digits = [
        pl.Series(chance.integers(1, 10, count)).cast(pl.String) for _ in range(2)
    ]
    area = _pick(chance, _AREAS, count)
    return area + digits[0] + " " + digits[1] + letters[0] + letters[1]


def _points(chance: np.random.Generator, count: int) -> pl.Series:
    """Points of Great Britain as GDS writes them, six decimals."""
    degrees = pl.DataFrame(
        {
            "lon": chance.integers(-6_000_000, 1_700_000, count),
            "lat": chance.integers(50_000_000, 58_000_000, count),
        }
    )
    six = pl.Decimal(20, 6)
    lon, lat = (
        (pl.col(name).cast(six) / 1_000_000).cast(six) for name in degrees.columns
    )
    return degrees.select(pl.format("[{},{}]", lon, lat)).to_series()


def _dates(chance: np.random.Generator, years: np.ndarray) -> pl.Series:
    days = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    dates = pl.Series(days + chance.integers(0, 365, len(years)))
    return dates.cast(pl.Date).dt.to_string("%Y-%m-%d")
