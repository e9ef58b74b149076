"""What the tests of tables share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.reading import Read
from trigpoint.tables.batch import Batch
from trigpoint.tables.formats import TableFormat


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """All batches of a table of some format."""

    def read(form: TableFormat, body: bytes) -> list[Batch]:
        path = tmp_path / "table"
        path.write_bytes(body)
        return list(form.open(path).batches())

    return read
