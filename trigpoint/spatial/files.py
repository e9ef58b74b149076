"""One file per spatial view: written whole, memory-mapped when read.

The views are not trusted: they are rebuilt from the log whenever they are of
another version or not byte for byte what was written. The file is a header of 64
bytes, `trigpoint-view KIND VERSION CRC32` in ASCII padded with spaces and ended by
a newline, then an Arrow IPC file of one record batch. The checksum (hexadecimal)
covers all that follows the header.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pyarrow as pa

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
    header = f"{_MAGIC} {kind} {version} {zlib.crc32(body):08x}".ljust(_HEADER - 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(header.encode("ascii") + b"\n")
        file.write(body)
    os.replace(partial, path)


def read_view(path: Path, *, kind: str, version: int) -> pa.Table:
    """Map the view at `path` into memory.

    Raises ViewOutdated for another version of it, ViewDamaged when the file is
    missing, foreign, cut short or changed.
    """
    advice = "rebuild the views from the log"
    try:
        with pa.memory_map(str(path)) as source:
            content = source.read_buffer()
    except FileNotFoundError as error:
        raise ViewDamaged(f"{path} is missing: {advice}") from error
    words = content[:_HEADER].to_pybytes().decode("ascii", errors="replace").split()
    if len(words) != 4 or words[:2] != [_MAGIC, kind]:
        raise ViewDamaged(f"{path} is not a view of {kind}: {advice}")
    if words[2] != str(version):
        raise ViewOutdated(
            f"{path} has version {words[2]}, and this code reads {version}: {advice}"
        )
    body = content[_HEADER:]
    if words[3] != f"{zlib.crc32(memoryview(body)):08x}":
        raise ViewDamaged(f"{path} is not what was written to it: {advice}")
    with pa.ipc.open_file(body) as reader:
        return reader.read_all()
