"""Records that agree with geometry, and one for each reason not to, to test with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from tests.api.sample import BASE, BOROUGH, load
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "A test", licence="http://x/l", release_date="2025-06-01")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
COUNCIL = "local-authority-eng"
# West of the meridian, east of it, and east of that an area without a council.
AREAS = (
    ("E09000033", "WSM", "200m", "-0.2 51.4, 0 51.4, 0 51.6, -0.2 51.6, -0.2 51.4"),
    ("E09000001", "LND", "full", "0 51.4, 0.2 51.4, 0.2 51.6, 0 51.6, 0 51.4"),
    ("E09000002", None, "full", "0.2 51.4, 0.3 51.4, 0.3 51.6, 0.2 51.6, 0.2 51.4"),
)
WEST, EAST = "[-0.1000001,51.5000001]", "[0.1000001,51.5000001]"
# Each with the council declared, its position, and the reason that is to be found.
ADDRESSES = (
    ("101", "WSM", WEST, None),
    ("102", "LND", "[0.0,51.5]", None),
    ("103", "WSM", "[0.0,51.5]", None),
    ("104", "LND", None, "no-position"),
    ("105", "LND", "[0.5,51.5]", "outside"),
    ("106", "LND", "[0.25,51.5]", "no-council"),
    ("107", "CMD", WEST, "not-drawn"),
    ("108", "OLD", WEST, "replaced"),
    ("109", "OLD", EAST, "ended"),
    ("110", "WSM", "[0.0010001,51.5000001]", "tolerance"),
    ("111", "LND", "[-0.001,51.5]", "rounding"),
    ("112", "LND", WEST, "open"),
)


def rows(*found: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(found), infer_schema_length=None)


def build(data: Path) -> Registers:
    """Load all of it into `data`."""
    opened = Registers.open(data, base=BASE, write=True)
    councils = [
        {
            COUNCIL: key,
            "name": key,
            "official-name": key,
            "local-authority-type": "LBO",
        }
        for key in ("WSM", "LND", "CMD")
    ]
    old = {
        "end-date": "2019-03-31",
        "successors": ["WSM"],
        **councils[0],
        COUNCIL: "OLD",
    }
    tables = {
        "local-authority-type": rows({"local-authority-type": "LBO", "name": "London"}),
        COUNCIL: rows(*councils, old),
        BOROUGH: rows(*({BOROUGH: a[0], "name": a[0], COUNCIL: a[1]} for a in AREAS)),
        "boundary": rows(
            *(
                {
                    "boundary": f"{code}-2025-{resolution}",
                    "area": f"{BOROUGH}:{code}",
                    "vintage": "2025",
                    "resolution": resolution,
                    "crs": CRS84,
                    "geometry": f"POLYGON (({outline}))",
                }
                for code, _, resolution, outline in AREAS
            )
        ),
        "postcode": rows(
            {
                "postcode": "SW1A 1AA",
                "point": WEST,
                "positional-quality": "10",
                "district": f"{BOROUGH}:E09000001",
            }
        ),
        "street": rows(
            {
                "street": "7",
                "name": "Border Road",
                "point": EAST,
                "local-authority": f"{COUNCIL}:LND",
            }
        ),
        "address": rows(
            *(
                {
                    "address": key,
                    "name": "x",
                    "local-authority": f"{COUNCIL}:{council}",
                    "point": point,
                }
                for key, council, point, _ in ADDRESSES
            ),
            {"address": "113", "name": "x", "street": "7", "point": WEST},
        ),
        "school-eng": rows(
            {
                "school-eng": "100000",
                "name": "x",
                "postcode": "SW1A 1AA",
                "local-authority": f"{COUNCIL}:LND",
                "point": WEST,
            }
        ),
    }
    load(opened, [Load(name, table) for name, table in tables.items()], BATCH)
    return opened
