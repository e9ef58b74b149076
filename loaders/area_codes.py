"""Areas by GSS code: what they are called, which authority governs them, what holds
them, what replaced them. And the authorities themselves (`councils`).

The base is what the GDS registers hold, dated to 2018; ONS's tables of districts and
counties (2026) and mySociety's list bring them up to date. Decisions:

- A code that ONS's table calls current has no end date. GDS's register of Wales
  ended W06000014 and W06000016 by mistake; that is undone.
- A code ends when its council ends (last day), and then its successors are the areas
  of the councils that took over. A code that changed while the council went on
  (E08000016 to E08000038) is succeeded by the council's next code.
- ONS's table gives only the successor of today: Taunton Deane became part of Somerset
  West and Taunton before that became part of Somerset, and says so here.
- An area whose first code came with its council started with it. When else a code
  started or ended is only said where a file says so: the recodings of Fife, Perth and
  Kinross, Glasgow and North Lanarkshire, Barnsley and Sheffield have no dates here.
- Counties that have ended hold the districts that ended with them: mySociety says
  which, ONS's table names the successor in their place.
- Combined authorities are by mySociety's list, which is newer in that than ONS's
  table. Areas outside the registers (E61, Greater London) are not linked to.
- Rows are made of several files, so `_row` counts them in the order of their codes.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from loaders.areas import AREA_TABLES, areas
from loaders.columns import GOVERNED_BY
from loaders.councils import LIST, REGISTERS, council_rows, councils
from loaders.layout import ROW
from loaders.source import OGL, Given, Rows, Source

# Areas are loaded after those that they are within, and after their successors.
ORDER = (
    "statistical-geography-country",
    "statistical-geography-region-eng",
    "statistical-geography-combined-authority-eng",
    "statistical-geography-unitary-authority-eng",
    "statistical-geography-metropolitan-district-eng",
    "statistical-geography-london-borough-eng",
    "statistical-geography-unitary-authority-wls",
    "statistical-geography-council-area-sct",
    "statistical-geography-local-government-district-nir",
    "statistical-geography-county-eng",
    "statistical-geography-non-metropolitan-district-eng",
)
WELSH = "statistical-geography-unitary-authority-wls"
SCOTTISH = "statistical-geography-council-area-sct"


def read(given: Given) -> list[Rows]:
    """Rows for the four registers of authorities, then for eleven of areas."""
    every = councils(given)
    return [*council_rows(every), *_area_rows(areas(given, every))]


def _area_rows(every: pl.DataFrame) -> Iterable[Rows]:
    for register in ORDER:
        own = every.filter(pl.col("register") == register).sort("code")
        columns = [pl.col("code").alias(register), pl.col("name")]
        if register in GOVERNED_BY:
            columns.append(pl.col("council").alias(GOVERNED_BY[register]))
        if register == WELSH:
            columns.append(pl.col("name-cy"))
        if register == SCOTTISH:
            columns += [pl.col("enacting-legislation", "dissolving-legislation")]
        columns += [pl.col("within", "start-date", "end-date", "successors")]
        yield Rows(register, own.select(columns).with_row_index(ROW, 1).lazy())


SOURCE = Source(
    name="area-codes",
    title="Local authorities and their areas: codes, dates, successors",
    registers=(*REGISTERS.values(), *ORDER),
    licence=OGL,
    attribution="Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0. Contains public sector information licensed under the "
    "Open Government Licence v3.0.",
    landing_page="https://geoportal.statistics.gov.uk/",
    layouts=(LIST, *AREA_TABLES),
    read=read,
    needs=(LIST.name, *(layout.name for layout in AREA_TABLES)),
)
