"""Read the claim files of a batch: in pieces, into partitions of whole patients, every row accounted for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import polars as pl

from validator.claims.accounts import FileAccount, Tally
from validator.claims.canonical import FILE, SourceFile, canonicalise
from validator.claims.checks import check_types
from validator.claims.derive import derive
from validator.claims.layout import find_layout
from validator.claims.mapping import RUN, RowMapper
from validator.claims.opening import Opened, open_claims, refuse_other_code_systems
from validator.claims.pieces import ROW
from validator.claims.schema import REJECTED_ROWS, ClaimTables
from validator.claims.scratch import Scratch
from validator.claims.sources import InputFile, find_files
from validator.claims.store import Store
from validator.errors import ClaimFileError, Place

Progress = Callable[[str, int, int], None]
_DATES_FROM_LINES = ("from_date", "through_date")


@dataclass(frozen=True)
class _Read:
    """A file that was read whole: its account so far and what the tables need to know about it."""

    tally: Tally
    source: SourceFile


def open_batch(
    files: Sequence[str],
    *,
    layout: str | None = None,
    memory_bytes: int | None = None,
    on_progress: Progress | None = None,
    shards: int | None = None,
) -> "Batch":
    """The batch of these files, folders and globs; use it as a context manager.

    `layout` is the name of a layout or a layout file; without it each file's layout is recognised.
    `memory_bytes` is what the mapped rows and one partition may take together (1 GiB when not given).
    `on_progress(file, bytes done, bytes in all)` is called now and then while files are read.
    `shards` forces so many shards on disk, for tests. Raises ClaimFileError when no file is found.
    """
    return Batch(
        find_files(files), layout=layout, memory_bytes=memory_bytes, on_progress=on_progress, shards=shards
    )


class Batch:
    """Claim files on their way to tables. `partitions()` reads them; after it the accounts are complete."""

    def __init__(
        self,
        files: Sequence[InputFile],
        *,
        layout: str | None,
        memory_bytes: int | None,
        on_progress: Progress | None,
        shards: int | None,
    ) -> None:
        self._files = files
        self._layout = find_layout(layout) if layout else None
        self._memory_bytes = memory_bytes
        self._on_progress = on_progress
        self._shards = shards
        self._scratch = Scratch()
        self._tallies: list[Tally] = []
        self._read: dict[int, _Read] = {}
        self._counted: set[int] = set()
        self._runs = 1
        self._store: Store | None = None

    def __enter__(self) -> "Batch":
        self._scratch.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store = None
        self._scratch.__exit__(kind, error, trace)

    def partitions(self) -> Iterator[ClaimTables]:
        """Canonical, derived tables of whole patients. Raises ClaimFileError when no file can be read."""
        if self._store is None:
            self._read_files()
        shared_ids = self._store_of().shared_ids()
        self._note_shared(shared_ids)
        sources = [read.source for read in self._read.values()]
        for number, (header, lines) in enumerate(self._whole_files()):
            tables, notes = canonicalise(header, lines, sources, shared_ids)
            tables = derive(tables)
            check_types(tables)
            if number not in self._counted:
                self._counted.add(number)
                self._count(tables, notes)
            yield tables

    def accounts(self) -> list[FileAccount]:
        """One account per file, in the order in which the files were read."""
        return [tally.account() for tally in self._tallies]

    def rejected(self) -> pl.DataFrame:
        """Every row and every cell that could not be used, with the reason: the columns of REJECTED_ROWS."""
        none = pl.DataFrame(schema=dict(REJECTED_ROWS))
        return pl.concat([none, *(tally.rejections() for tally in self._tallies)])

    def _whole_files(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """What the store holds of files that were read to their end; the rows of the others do not count."""
        unread = pl.Series(sorted(set(range(len(self._files))) - set(self._read)), dtype=pl.UInt32)
        for stored, lines_stored in self._store_of().partitions():
            if unread.is_empty():
                yield stored, lines_stored
                continue
            header = stored.filter(~pl.col(FILE).is_in(unread.implode()))
            if header.height:
                yield (
                    header,
                    lines_stored.filter(pl.col(RUN).is_in(header[RUN].implode()))
                    if lines_stored.height
                    else lines_stored,
                )

    def _read_files(self) -> None:
        assert self._scratch.path is not None, "a batch is used as a context manager"
        self._store = Store(self._scratch.path, self._memory_bytes, self._shards)
        total = sum(_size(file) for file in self._files)
        before, errors = 0, []
        for number, file in enumerate(self._files):
            tally = Tally(file.name)
            self._tallies.append(tally)
            try:
                self._read_file(number, file, tally, before, total)
            except ClaimFileError as error:
                errors.append(error)
                tally.fail(error.what)
            before += _size(file)
        if not self._read:
            raise errors[0]

    def _read_file(self, number: int, file: InputFile, tally: Tally, before: int, total: int) -> None:
        if file.refused:
            raise ClaimFileError(file.refused, fix="Give the file itself.", place=Place(file.name))
        assert self._scratch.path is not None
        with open_claims(file.path, file.name, self._layout, self._scratch.path) as opened:
            twin = self._same_as(opened)
            if twin:
                tally.texts.append(f"the same bytes as {twin}; read once")
                tally.bytes, tally.sha256 = opened.stream.size, opened.stream.sha256()
                self._read[number] = _Read(tally, _source(number, file.name, tally, opened, frozenset()))
                return
            tally.begin(opened.stream.size, opened.format, opened.binding.layout, opened.binding.unused)
            mapper = RowMapper(opened.binding, opened.reader.types)
            for piece in opened.reader.pieces(mapper.headings):
                if not tally.rows_read:
                    refuse_other_code_systems(piece.frame, opened.binding)
                mapped = mapper(piece, self._runs)
                self._runs += mapped.header.height
                tally.rows_read += mapped.rows_read
                whole_row = pl.lit(None, pl.String).alias("column")
                tally.reject(mapped.rejected.select(pl.col(ROW).alias("row"), whole_row, "reason"))
                tally.reject(mapped.unusable.rename({ROW: "row"}))
                done = before + opened.reader.done()
                self._store_of().add(number, mapped.header, mapped.lines, done / max(total, 1))
                if self._on_progress:
                    self._on_progress(file.name, done, total)
            tally.sha256 = opened.stream.sha256()
            tally.texts += opened.reader.notes()
            self._read[number] = _Read(tally, _source(number, file.name, tally, opened, mapper.carried))
        if self._on_progress:
            self._on_progress(file.name, before + opened.stream.size, total)

    def _store_of(self) -> Store:
        assert self._store is not None
        return self._store

    def _same_as(self, opened: Opened) -> str:
        """The file of the same bytes that was read before; hashed in advance only where sizes are equal."""
        same_size = [read.tally for read in self._read.values() if read.tally.bytes == opened.stream.size]
        if not same_size:
            return ""
        sha256 = opened.sha256_in_advance()
        return next((tally.name for tally in same_size if tally.sha256 == sha256), "")

    def _note_shared(self, shared_ids: pl.DataFrame) -> None:
        counts = shared_ids.filter(pl.col("ordinal") == 2)[FILE].value_counts()
        for number, count in zip(counts[FILE], counts["count"], strict=True):
            if number in self._read:
                text = "claim numbers stand for several patients; each patient's is a claim of its own"
                self._read[number].tally.counted_notes[text] = count

    def _count(self, tables: ClaimTables, notes: pl.DataFrame) -> None:
        """Add a partition to the accounts of its files."""
        by_name = {read.source.source_file: read.tally for read in self._read.values()}
        files = tables.claims["source_file"]
        for table in ("claims", "diagnoses", "lines"):
            of_file = files if table == "claims" else files.gather(getattr(tables, table)["claim_no"])
            counts = of_file.value_counts()
            for name, count in zip(counts["source_file"], counts["count"], strict=True):
                by_name[name].tables[table] += count
        for number, text, count in zip(notes[FILE], notes["note"], notes["count"], strict=True):
            self._read[number].tally.counted_notes[text] += count


def _source(number: int, name: str, tally: Tally, opened: Opened, carried: frozenset[str]) -> SourceFile:
    layout = opened.binding.layout
    return SourceFile(
        number=number,
        source_file=name,
        key=tally.sha256[:16],
        feed=layout.feed,
        carried=carried,
        received_date_codes=layout.received_date_codes,
        dates_from_lines=tuple(day for day in _DATES_FROM_LINES if day not in opened.binding.columns),
    )


def _size(file: InputFile) -> int:
    try:
        return 0 if file.refused else Path(file.path).stat().st_size
    except OSError:
        return 0
