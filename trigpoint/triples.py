"""The records of a register in the graph: all of them, or what changed since a size.

Whether one record changed or two million came, their lines are made in columns. Many
go to the store in bulk as they are made, few one by one, which makes no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from trigpoint.log.reader import LogReader
from trigpoint.schema.lines import RecordLines, split
from trigpoint.schema.shape import Schema
from trigpoint.schema.tally import Tally
from trigpoint.view import Progress

# A bulk load makes four files, and takes as long for few entries as for some thousand.
MANY = 5_000
_LINE = "line"


@dataclass(frozen=True)
class RegisterTriples:
    """What the graph says of the records of one register, by the log as it is."""

    log: LogReader
    schema: Schema
    base: str
    progress: Progress

    def texts(
        self, since: int, removed: list[pl.Series], tally: Tally
    ) -> Iterator[pl.Series]:
        """Columns of what came after the size `since`, as `GraphView.load` takes them,
        a frame of records at a time; texts that are to go are put into `removed`. What
        is in the one is not in the other, so their order does not matter. `tally` has
        what the graph said at that size, and has what it says now in the end."""
        register, done = self.schema.register, 0
        total = self.log.size(register) - since
        lines = RecordLines(self.schema, self.base)
        for frame in self.log.changed(register, since):
            new = pl.col("old").is_null()
            yield from lines.of(frame.filter(new)["new"].drop_nulls(), tally)
            amended = frame.filter(~new)
            if len(amended):
                was = _lines(lines.of(amended["old"], Tally()))
                now = _lines(lines.of(amended["new"].drop_nulls(), Tally()))
                gone = was.join(now, on=_LINE, how="anti")[_LINE]
                come = now.join(was, on=_LINE, how="anti")[_LINE]
                tally.add_lines(gone, -1)
                tally.add_lines(come)
                removed.append(gone)
                yield come + "\n"
            done += len(frame)
            self.progress(f"graph: {register}", done, total)


def _lines(columns: Iterator[pl.Series]) -> pl.DataFrame:
    """The lines in columns of texts, each once and by itself."""
    lines = [split(texts).alias(_LINE) for texts in columns]
    return pl.concat(lines).unique().to_frame()
