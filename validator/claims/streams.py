"""The bytes of one claim file: hashed as delivered, unpacked within limits, recognised by content."""

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa

from validator.claims.x12.sets import is_x12, what_else
from validator.errors import ClaimFileError, Place

Content = Literal["text", "ndjson", "parquet", "workbook", "x12", "fhir"]
_Refuse = Callable[[str, str], ClaimFileError]

HEAD = 1 << 16
# A file that grows more than 400-fold is a bomb, not an export: 41 padded columns of claims reach about 40.
LARGEST_GROWTH, GROWTH_ALLOWED_TO = 400, 256 << 20

_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# A zip archive, an old Office file: what is in them is told in containers.py.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAVE_AS = "Save it as CSV, tab or pipe separated text, an .xlsx workbook, NDJSON or Parquet."
_NOT_READ: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x05\x06", "is a zip archive with nothing in it", "Deliver it again."),
    (b"%PDF", "is a PDF document", _SAVE_AS),
    (b"BZh", "is compressed with bzip2", "Compress it with gzip or zstd, or not at all."),
    (b"\xfd7zXZ", "is compressed with xz", "Compress it with gzip or zstd, or not at all."),
    (b"7z\xbc\xaf", "is a 7-Zip archive", "Compress it with gzip or zstd, or not at all."),
    (b"ARROW1", "is an Arrow file", "Write it as Parquet."),
    (b"Obj\x01", "is an Avro file", "Write it as Parquet."),
    (b"SQLite format 3", "is a database", "Export the claims as CSV or Parquet."),
)
_CONTROL = bytes(set(range(32)) - {0, 9, 10, 12, 13, 26} | {127})


class Delivered(io.RawIOBase):
    """A file as it was delivered: every byte that is read goes into the hash."""

    def __init__(self, path: Path) -> None:
        self.file: IO[bytes] = path.open("rb", buffering=0)
        self.sha256 = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        count = self.file.readinto(view) or 0  # type: ignore[attr-defined]
        self.sha256.update(view[:count])
        self.bytes_read += count
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


class ClaimStream:
    """The decompressed bytes of a claim file. Raises ClaimFileError for all that can be wrong with them."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self.size = path.stat().st_size
            self.delivered = Delivered(path)
        except OSError as error:
            raise ClaimFileError(
                f"cannot be opened: {error.strerror}",
                fix="Check the path and its permissions.",
                place=Place(name),
            ) from None
        raw = io.BufferedReader(self.delivered, 1 << 20)
        self.compression = next(
            (name for magic, name in _COMPRESSED.items() if raw.peek(4).startswith(magic)), ""
        )
        self.raw = raw
        self.stream: IO[bytes] = raw
        if self.compression == "gzip":
            self.stream = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
        elif self.compression == "zstd":
            self.stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        self.bytes_out = 0
        self.head = self._read_whole(HEAD)
        self._pending = self.head

    def read(self, size: int) -> bytes:
        """The next bytes; fewer than asked for only at the end of the file."""
        if self._pending:
            taken, self._pending = self._pending[:size], self._pending[size:]
            return taken + (self._read_whole(size - len(taken)) if len(taken) < size else b"")
        return self._read_whole(size)

    def sha256(self) -> str:
        """Hash of the file as delivered; reads what is left of it."""
        while self.raw.read(1 << 20):
            pass
        return self.delivered.sha256.hexdigest()

    def close(self) -> None:
        self.raw.close()

    def _read_whole(self, size: int) -> bytes:
        parts, missing = [], size
        while missing > 0:
            part = self._read_some(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        try:
            part = bytes(self.stream.read(size))
        except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
            what = (
                "is cut off or damaged"
                if self.compression
                else f"cannot be read to its end ({type(error).__name__})"
            )
            raise ClaimFileError(
                f"{what}; nothing of it is used", fix="Deliver it again.", place=Place(self.name)
            ) from None
        self.bytes_out += len(part)
        if self.bytes_out > max(GROWTH_ALLOWED_TO, LARGEST_GROWTH * self.delivered.bytes_read):
            raise ClaimFileError(
                f"grows more than {LARGEST_GROWTH}-fold when it is unpacked, as no export of claims does",
                fix="Unpack it yourself if you trust it, and give the unpacked file.",
                place=Place(self.name),
            )
        return part


def recognise_content(stream: ClaimStream) -> Content:
    """Whether the file is text, NDJSON or Parquet. Raises ClaimFileError, saying what it is, for all else."""
    head = stream.head

    def refuse(what: str, fix: str) -> ClaimFileError:
        return ClaimFileError(what, fix=fix, place=Place(stream.name))

    if not head:
        raise refuse("is empty", "Deliver it again; an empty night still has the row with the column names.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_WORKBOOKS):
        return "workbook"
    for magic, what, fix in _NOT_READ:
        if head.startswith(magic):
            raise refuse(f"{what}; this is not read", fix)
    encoding = encoding_of(head)
    text = head if encoding == "utf-8" else head.decode(encoding, errors="replace").encode()
    text = text.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise refuse("holds nothing but blanks", "Deliver it again.")
    _refuse_binary(text, refuse)
    if is_x12(text):
        other = what_else(text)
        if other:
            raise refuse(f"is {other}", "Give the 837 files with the claims themselves.")
        return "x12"
    if text.startswith(b"<"):
        raise refuse("is XML or HTML; this is not read", _SAVE_AS)
    if text.startswith((b"{", b"[")):
        return _json(text, refuse)
    return "text"


def encoding_of(head: bytes) -> str:
    """utf-8 unless the byte order mark says otherwise."""
    return next((encoding for bom, encoding in _BOMS.items() if head.startswith(bom)), "utf-8")


def windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: a byte that is not UTF-8 is read as Windows-1252, as most such exports are."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("windows-1252", windows_1252)


def utf8(chunk: bytes) -> tuple[bytes, int]:
    """The chunk as valid UTF-8 without NUL, and how many bytes of it were not UTF-8."""
    if b"\0" in chunk:
        # Some hosts pad empty fields with NUL characters: they are blanks.
        chunk = chunk.replace(b"\0", b" ")
    if chunk.isascii():
        return chunk, 0
    try:
        chunk.decode()
        return chunk, 0
    except UnicodeDecodeError:
        strange = len(chunk) - len(chunk.decode(errors="ignore").encode())
        return chunk.decode(errors="windows-1252").encode(), strange


def _refuse_binary(text: bytes, refuse: _Refuse) -> None:
    nulls = text.count(0)
    if nulls > len(text) // 4 and not text.startswith(b"\0\0"):
        raise refuse(
            "looks like UTF-16 text without its byte order mark, or like binary data",
            "Save it as UTF-8 text.",
        )
    strange = len(text) - len(text.translate(None, _CONTROL))
    if strange + nulls // 8 > max(2, len(text) // 200):
        raise refuse("is binary data, not a table of claims", _SAVE_AS)


def _json(text: bytes, refuse: _Refuse) -> Content:
    if re.search(rb'"resourceType"\s*:', text):
        return "fhir"
    if text.startswith(b"["):
        raise refuse(
            "is one JSON list", "Write one JSON object a line (NDJSON), without brackets around all of them."
        )
    first = text.split(b"\n", 1)[0].rstrip()
    if not first.endswith(b"}") and b"\n" in text:
        raise refuse("is one JSON document over several lines", "Write one JSON object a line (NDJSON).")
    return "ndjson"
