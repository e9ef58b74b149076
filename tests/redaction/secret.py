"""A data directory with things in it that will have to be withheld, and a search for
what is left of them in the bytes of files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import polars as pl

from trigpoint.dump import EVERYTHING, Dumps
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "A test", release_date="2025-06-01")
BOROUGH = "statistical-geography-london-borough-eng"
SCHOOL, OUTLINE = "100001", "E09000001-2025-full"
# Nothing else holds these, nor parts of them.
NAME = "Quuxley Ärgernis ☃ School"
WEB = "http://www.example.org/vrmbl-pqx"
PLACE = (-0.123456701, 51.507222333)
DRAWN = "Snorkwangle outline"
CORNERS = [
    (round(0.2 - n * 1e-4, 7), round(51.41 + n * 1.37e-5, 9)) for n in range(900)
]


def _boundary() -> dict[str, str]:
    ring = [(0.0, 51.4), *reversed(CORNERS), (0.2, 51.4), (0.0, 51.4)]
    drawn = ", ".join(f"{lon} {lat}" for lon, lat in ring)
    return {
        "boundary": OUTLINE,
        "area": f"{BOROUGH}:E09000001",
        "name": DRAWN,
        "vintage": "2025",
        "resolution": "full",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "start-date": "2025-04-01",
        "geometry": f"POLYGON (({drawn}))",
    }


def school(key: str, name: str, **fields: str) -> dict[str, str]:
    return {"school-eng": key, "name": name, "postcode": "SW1A 1AA", **fields}


def load(registers: Registers, register: str, *rows: dict[str, str]) -> None:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    done = registers.load([Load(register, frame, whole=False)], BATCH)
    assert done.appended, done.report.table()


def build(data: Path) -> Registers:
    """Schools and boundaries, of each one that is to be withheld, published.

    The school is moved twice; its second item is the one to be withheld."""
    registers = Registers.open(data, write=True)
    load(registers, "postcode", {"postcode": "SW1A 1AA", "positional-quality": "10"})
    load(registers, BOROUGH, {BOROUGH: "E09000001", "name": "City of London"})
    load(registers, "boundary", _boundary())
    here = f"[{PLACE[0]},{PLACE[1]}]"
    others = [
        school(str(n), f"Number {n}", point=here[:9] + "1,51.5]")
        for n in range(100100, 100400)
    ]
    load(registers, "school-eng", school(SCHOOL, "Old name", website=WEB), *others)
    load(registers, "school-eng", school(SCHOOL, NAME, website=WEB, point=here))
    return registers


def make_copies(registers: Registers) -> None:
    """Dumps of now and of an earlier size, and a folder of rows that were refused."""
    dumps = Dumps(registers)
    for suffix in dumps.formats("school-eng"):
        dumps.file("school-eng", suffix)
    dumps.file("boundary", "nt")
    dumps.file(EVERYTHING, "trig")
    dumps.as_of({"boundary": 1, BOROUGH: 0}).file("boundary", "csv")
    dumps.as_of({BOROUGH: 0}).file(EVERYTHING, "trig")
    rejects = registers.data / "rejects"
    rejects.mkdir(exist_ok=True)
    (rejects / "rows.csv").write_text(f"register,name\nschool-eng,{NAME}\n", "utf-8")


def needles() -> list[bytes]:
    """What is withheld, in every spelling that a file could have it in."""
    found: list[bytes] = []
    texts = [NAME, WEB, DRAWN, "Quuxley", "rgernis", "vrmbl", "Snorkwangle"]
    texts += [str(lat) for _, lat in CORNERS[::90]] + [str(PLACE[0]), str(PLACE[1])]
    for text in texts:
        escaped = json.dumps(text)[1:-1]
        found += [text.encode(), escaped.encode(), escaped.upper().encode()]
        found += [text.encode("utf-16-le"), text.encode("utf-16-be")]
    numbers = [*PLACE, *(lat for _, lat in CORNERS[1:900:90])]
    return [*found, *(struct.pack("<d", n) for n in numbers)]


def left_in(*folders: Path) -> dict[str, bytes]:
    """Files that still hold something, with what."""
    wanted, found = needles(), dict[str, bytes]()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                held = path.read_bytes()
                found |= {
                    path.relative_to(folder).as_posix(): needle
                    for needle in wanted
                    if needle in held
                }
    return found


def holding(data: Path, text: str) -> list[Path]:
    """Files with a text in them."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]
