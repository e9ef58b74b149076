"""Archived registers, in register serialisation format (GDS).

The log reads these itself: entries keep their numbers, times and bytes, and every
root hash that a file asserts is checked. Nothing is staged as rows.
"""

from __future__ import annotations

from loaders.source import OGL, Source

SOURCE = Source(
    name="rsf",
    title="Archived GOV.UK Registers, root hashes checked",
    registers=(),
    licence=OGL,
    attribution="Contains public sector information licensed under the Open "
    "Government Licence v3.0 (GOV.UK Registers, 2016 to 2021).",
    landing_page="https://www.registers.service.gov.uk/",
)
