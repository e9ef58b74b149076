"""Archived registers, in register serialisation format (GDS).

The log reads these itself: entries keep their numbers, times and bytes, and every
root hash that a file asserts is checked. Nothing is staged as rows.
"""

from __future__ import annotations

import argparse

from loaders.source import OGL, Source

TITLE = "Archived GOV.UK Registers, root hashes checked"
ATTRIBUTION = (
    "Contains public sector information licensed under the Open Government Licence "
    "v3.0 (GOV.UK Registers, 2016 to 2021)."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is recorded of files that are not GOV.UK's own."""
    parser.add_argument(
        "--source-title", default=TITLE, help="where the files come from (%(default)s)"
    )
    parser.add_argument(
        "--attribution", default=ATTRIBUTION, help="whom to name (%(default)s)"
    )


SOURCE = Source(
    name="rsf",
    title=TITLE,
    registers=(),
    licence=OGL,
    attribution=ATTRIBUTION,
    landing_page="https://www.registers.service.gov.uk/",
    add_options=add_options,
)
