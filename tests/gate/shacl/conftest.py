"""What there is to know of the small register of the tests."""

from __future__ import annotations

import pytest

from tests.gate.rows import BASE
from trigpoint.gate.shacl.batch import Brief, brief
from trigpoint.schema.catalogue import Schemas


@pytest.fixture(scope="module")
def known(schemas: Schemas) -> Brief:
    """What there is to know of the register `site`."""
    return brief(schemas["site"], schemas, BASE)
