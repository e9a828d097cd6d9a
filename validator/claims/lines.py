"""Cut a stream of text into whole lines of valid UTF-8, however it is encoded, however long its lines are."""

import codecs
from collections.abc import Iterator

import polars as pl

from validator.claims.streams import ClaimStream, encoding_of, utf8

CHUNK = 16 << 20
ROW_LIMIT = 1 << 20  # bytes of one row, and of one record over several lines
TOO_LONG = f"the row is longer than {ROW_LIMIT:,} bytes"


class Lines:
    """The lines of a stream, about 16 MB at a time; counts the bytes that were not UTF-8."""

    def __init__(self, stream: ClaimStream, *, records: bool) -> None:
        """With `records`, a line that leaves a quotation mark open waits for the lines that close it."""
        self.stream = stream
        self.records = records
        self.strange_bytes = 0

    def notes(self) -> list[str]:
        """What is worth saying about the text, once it is read."""
        if not self.strange_bytes:
            return []
        return [f"{self.strange_bytes:,} bytes are not UTF-8; they were read as Windows-1252"]

    def chunks(self) -> Iterator[bytes | None]:
        """Whole lines; None stands for one line that is too long to keep."""
        kept, skipping = b"", False
        for raw in self._decoded():
            block, kept = kept + raw, b""
            if skipping:
                end = block.find(b"\n")
                if end < 0:
                    continue
                block, skipping = block[end + 1 :], False
            cut = self._end_of_last_record(block)
            chunk, kept = block[:cut], block[cut:]
            if chunk:
                yield self._valid(chunk)
            if len(kept) > ROW_LIMIT and b"\n" not in kept:
                yield None
                kept, skipping = b"", True
        if kept:
            yield self._valid(kept)

    def _end_of_last_record(self, block: bytes) -> int:
        end = block.rfind(b"\n") + 1
        if not self.records or block.count(b'"', 0, end) % 2 == 0:
            return end
        start = block.rfind(b"\n", 0, block.rfind(b'"', 0, end)) + 1
        return start if end - start <= ROW_LIMIT else end

    def _decoded(self) -> Iterator[bytes]:
        """The stream as UTF-8 (unchecked where it says that it is), old line ends turned into new ones."""
        encoding, head = encoding_of(self.stream.head), self.stream.head
        decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(errors="replace")
        old_ends = b"\n" not in head and b"\r" in head
        first = True
        while raw := self.stream.read(CHUNK):
            block = raw if decoder is None else decoder.decode(raw).encode()
            if first:
                block, first = block.removeprefix(codecs.BOM_UTF8), False
            yield block.replace(b"\r", b"\n") if old_ends else block

    def _valid(self, chunk: bytes) -> bytes:
        valid, strange = utf8(chunk)
        self.strange_bytes += strange
        return valid


def split_lines(chunk: bytes) -> pl.Series:
    """The lines of a chunk, without their ends."""
    return pl.scan_lines(chunk).collect().to_series()


def join_lines(lines: pl.Series) -> bytes:
    return str(lines.str.join("\n").item()).encode()
