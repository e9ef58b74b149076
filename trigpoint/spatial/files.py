"""One file per spatial view: written whole, memory-mapped when read.

The views are not trusted: they are rebuilt from the log whenever they are of
another version or not byte for byte what was written. The file is a header of 64
bytes, `trigpoint-view KIND VERSION XXH3` in ASCII padded with spaces and ended by
a newline, then an Arrow IPC file of one record batch. The checksum (64 bits of XXH3,
hexadecimal) covers all that follows the header. All of it is read on opening, since
native loops trust what they find; that goes at the speed of memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from trigpoint.errors import ViewDamaged, ViewOutdated

# Arrow wants its buffers at multiples of 64 bytes, hence the length.
_HEADER = 64
_MAGIC = "trigpoint-view"


def write_view(path: Path, table: pa.Table, *, kind: str, version: int) -> None:
    """Write `table` as the view `kind`; the file appears complete or not at all."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        # One batch, so that every column is one stretch of memory when mapped.
        whole = table.combine_chunks()
        writer.write_table(whole, max_chunksize=max(whole.num_rows, 1))
    body = memoryview(sink.getvalue())
    header = f"{_MAGIC} {kind} {version} {_checksum(body)}".ljust(_HEADER - 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(header.encode("ascii") + b"\n")
        file.write(body)
    os.replace(partial, path)


def read_view(path: Path, *, kind: str, version: int) -> pa.Table:
    """Map the view at `path` into memory.

    Raises ViewOutdated for another version of it, ViewDamaged when the file is
    missing, not to be read, foreign, cut short or changed.
    """
    advice = "rebuild the views from the log"
    try:
        with pa.memory_map(str(path)) as source:
            content = source.read_buffer()
    except FileNotFoundError as error:
        raise ViewDamaged(f"{path} is missing: {advice}") from error
    except OSError as error:
        raise ViewDamaged(f"{path} cannot be read ({error}): {advice}") from error
    words = content[:_HEADER].to_pybytes().decode("ascii", errors="replace").split()
    if len(words) != 4 or words[:2] != [_MAGIC, kind]:
        raise ViewDamaged(f"{path} is not a view of {kind}: {advice}")
    if words[2] != str(version):
        raise ViewOutdated(
            f"{path} has version {words[2]}, and this code reads {version}: {advice}"
        )
    body = content[_HEADER:]
    if words[3] != _checksum(memoryview(body)):
        raise ViewDamaged(f"{path} is not what was written to it: {advice}")
    with pa.ipc.open_file(body) as reader:
        return reader.read_all()


def write_lists(
    path: Path, columns: dict[str, pa.Array], *, kind: str, version: int
) -> None:
    """Write columns of different lengths: as one row, each column as one list."""
    lists = {
        name: pa.LargeListArray.from_arrays(pa.array([0, len(column)]), column)
        for name, column in columns.items()
    }
    write_view(path, pa.table(lists), kind=kind, version=version)


def read_lists(path: Path, *, kind: str, version: int) -> dict[str, pa.Array]:
    """Map what `write_lists` wrote. Raises as `read_view`."""
    table = read_view(path, kind=kind, version=version)
    return {name: table.column(name).chunk(0).values for name in table.column_names}


def numbers_of(column: pa.Array) -> npt.NDArray[Any]:
    """A column of numbers as an array, without copying; it cannot be written to."""
    # Not by to_numpy(), which imports pandas where that is installed.
    kind = np.dtype(column.type.to_pandas_dtype())
    buffer, skipped = column.buffers()[1], column.offset * kind.itemsize
    numbers = np.frombuffer(buffer, kind, len(column), skipped)
    numbers.flags.writeable = False
    return numbers


def _checksum(body: memoryview) -> str:
    return xxhash.xxh3_64_hexdigest(body)
