"""Two small registers with every kind of field, and a check of rows of one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gate.rows import BASE, HERE, SOURCE_DATE, Check, Row, held, staged_frame
from trigpoint.gate import Report, check
from trigpoint.gate.staged import Staged
from trigpoint.schema.catalogue import Schemas


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas([HERE / "shapes"], [HERE / "ontology"])


@pytest.fixture
def check_sites(schemas: Schemas) -> Check:
    """Check rows of the register `site`, perhaps in batches of so many."""

    def run(rows: list[Row], batch: int = 100, **options: Any) -> Report:
        staged = Staged(staged_frame(schemas["site"], rows), batch)
        arguments: dict[str, Any] = {
            "held": held,
            "source_date": SOURCE_DATE,
            "base": BASE,
        }
        return check(staged, schemas["site"], schemas, **{**arguments, **options})

    return run
