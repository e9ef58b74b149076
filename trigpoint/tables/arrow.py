"""Arrow IPC: the streaming format, and the file format read as the stream in it.

What comes in is not trusted. Every batch is validated in full before anything looks at
it, and compressed buffers are refused, since a few bytes of them can claim any length.
Messages are framed as the Arrow columnar format has it ("Encapsulated message format");
the few fields looked at here are read from their flatbuffers (`Message.fbs`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from trigpoint.errors import InvalidTable
from trigpoint.tables.batch import Answered, Batch, check_rows, pair_of
from trigpoint.tables.columns import check_names, columns_of

_MAGIC = b"ARROW1"
_PADDED = 8  # bytes of the magic with its padding, before the stream in a file
_ROWS = 1 << 18  # in a batch
# Fields of the flatbuffers, by their place in the schema.
_HEADER_TYPE, _HEADER = 1, 2  # of Message
_COMPRESSION = 3  # of RecordBatch
_DATA = 1  # of DictionaryBatch, a RecordBatch
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3  # types of header

NewWriter = Callable[[pa.PythonFile, pa.Schema], ipc.RecordBatchStreamWriter]


class ArrowReader:
    """Arrow IPC whose schema has been read; raises InvalidTable for a wrong one."""

    def __init__(self, path: Path) -> None:
        if not path.stat().st_size:
            raise InvalidTable("the table is empty: expected Arrow IPC")
        self._bytes = pa.memory_map(str(path))
        self._start = _start(self._bytes)
        self._schema = self._stream().schema
        try:
            names = self._schema.names
        except UnicodeDecodeError as error:
            raise InvalidTable("the name of a column is not UTF-8") from error
        check_names(names)
        self.pair = pair_of(names)

    def batches(self) -> Iterator[Batch]:
        number = 1
        for part in self._parts():
            for start in range(0, len(part), _ROWS):
                table = pa.Table.from_batches([part.slice(start, _ROWS)])
                yield columns_of(table, self.pair, number)
                number += len(table)
                check_rows(number - 1)
        if number == 1:
            yield columns_of(self._schema.empty_table(), self.pair, number)

    def _parts(self) -> Iterator[pa.RecordBatch]:
        compressed = self._compressed()
        stream = self._stream()
        while True:
            try:
                if next(compressed, False):
                    raise InvalidTable(
                        "the Arrow data has compressed buffers: write it without "
                        "compression"
                    )
                part = stream.read_next_batch()
                part.validate(full=True)
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                raise _refusal(error) from error
            yield part

    def _compressed(self) -> Iterator[bool]:
        """For each record batch, whether it or a dictionary before it is compressed."""
        self._bytes.seek(self._start)
        source = pa.BufferReader(self._bytes.read_buffer())
        found = False
        for message in ipc.MessageReader.open_stream(source):
            found |= _is_compressed(message.metadata.to_pybytes())
            if message.type == "record batch":
                yield found

    def _stream(self) -> ipc.RecordBatchStreamReader:
        self._bytes.seek(self._start)
        try:
            return ipc.open_stream(pa.BufferReader(self._bytes.read_buffer()))
        except (pa.ArrowException, OSError) as error:
            raise _refusal(error) from error


def _start(file: pa.MemoryMappedFile) -> int:
    """Where the stream begins; raises InvalidTable for a file that is cut short."""
    if file.read_at(min(len(_MAGIC), file.size()), 0) != _MAGIC:
        return 0
    if file.read_at(len(_MAGIC), file.size() - len(_MAGIC)) != _MAGIC:
        raise InvalidTable("the Arrow file breaks off before its end")
    return _PADDED


def _refusal(error: Exception) -> InvalidTable:
    why = str(error).splitlines()[0][:200] if str(error) else "it breaks off"
    return InvalidTable(f"the table is not Arrow IPC, or breaks off: {why}")


def _is_compressed(message: bytes) -> bool:
    """Whether a message, whose flatbuffer has been verified, has compressed buffers."""
    (root,) = struct.unpack_from("<I", message)
    kind = _field(message, root, _HEADER_TYPE)
    header = _field(message, root, _HEADER)
    if (
        not kind
        or not header
        or message[kind] not in (_DICTIONARY_BATCH, _RECORD_BATCH)
    ):
        return False
    table = _followed(message, header)
    if message[kind] == _DICTIONARY_BATCH:
        data = _field(message, table, _DATA)
        if not data:
            return False
        table = _followed(message, data)
    return bool(_field(message, table, _COMPRESSION))


def _field(message: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table stands; 0 when it is left out."""
    (back,) = struct.unpack_from("<i", message, table)
    (length,) = struct.unpack_from("<H", message, table - back)
    place = 4 + 2 * number
    if place >= length:
        return 0
    (offset,) = struct.unpack_from("<H", message, table - back + place)
    return table + offset if offset else 0


def _followed(message: bytes, place: int) -> int:
    (offset,) = struct.unpack_from("<I", message, place)
    return int(place + offset)


class ArrowWriter:
    """Arrow IPC, of the kind that `start` begins: `ipc.new_stream` or `ipc.new_file`.

    Codes and relations are dictionaries of the same values in every batch.
    """

    def __init__(self, start: NewWriter) -> None:
        self._start = start
        self._sink = _Sink()
        self._writer: ipc.RecordBatchStreamWriter | None = None
        self._schema = pa.schema([])

    def write(self, batch: Batch, found: Answered) -> bytes:
        carried, answers = batch.columns(), found.table()
        for name, column in zip(answers.column_names, answers.columns, strict=True):
            carried = carried.append_column(name, column)
        self._put(carried)
        return self._sink.taken()

    def _put(self, table: pa.Table) -> None:
        if self._writer is None:
            self._schema = table.schema
            self._writer = self._start(pa.PythonFile(self._sink, "w"), table.schema)
        try:
            self._writer.write_table(table)
        except pa.ArrowInvalid as error:
            raise InvalidTable(
                "the answer cannot be written as Arrow: "
                f"{str(error).splitlines()[0][:200]}"
            ) from error

    def end(self) -> bytes:
        if self._writer is not None:
            self._writer.close()
        return self._sink.taken()

    def broken(self, message: str) -> bytes:
        columns = [
            pa.array([message], kind) if name == "error" else pa.nulls(1, kind)
            for name, kind in zip(self._schema.names, self._schema.types, strict=True)
        ]
        self._put(pa.Table.from_arrays(columns, names=self._schema.names))
        return self._sink.taken()


class _Sink:
    """What Arrow writes to; what was written is taken away."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
