"""Tables of positions read and written as their tests do."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc

from trigpoint.located import Answers, Located
from trigpoint.tables.batch import Batch
from trigpoint.tables.formats import ARROW_STREAM, TableFormat

Read = Callable[[TableFormat, bytes], list[Batch]]


def problems(batches: list[Batch]) -> dict[int, str]:
    """What is wrong with rows, by their numbers."""
    return {
        one.number + row: wrong
        for one in batches
        for row, wrong in sorted(one.problems.items())
    }


def positions(batches: list[Batch]) -> list[tuple[float, float] | None]:
    """The pair of each row; None where there is none."""
    return [
        None if math.isnan(first) or math.isnan(second) else (first, second)
        for one in batches
        for first, second in zip(one.firsts.tolist(), one.seconds.tolist(), strict=True)
    ]


def written(form: TableFormat, batches: list[Batch]) -> bytes:
    """The table again in some format, with answers that say nothing."""
    writer, answers = form.writer(), Answers({})
    parts = []
    for one in batches:
        lon_lat = (one.firsts, one.seconds)
        rows = np.zeros(len(one), np.int64)
        parts.append(writer.write(one, Located(answers, *lon_lat, rows, {})))
    return b"".join([*parts, writer.end()])


def arrow_of(table: pa.Table, form: TableFormat = ARROW_STREAM, **how: object) -> bytes:
    """A table as Arrow IPC."""
    sink = pa.BufferOutputStream()
    start = ipc.new_stream if form is ARROW_STREAM else ipc.new_file
    with start(sink, table.schema, **how) as writer:
        writer.write_table(table, max_chunksize=2)
    return bytes(sink.getvalue())
