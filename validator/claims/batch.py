"""Read the claim files of a batch: in pieces, into partitions of whole patients, every row accounted for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa

from validator.claims.accounts import ALL_REJECTED, FileAccount, Tally
from validator.claims.ahead import one_ahead
from validator.claims.canonical import FILE, SourceFile, canonicalise
from validator.claims.checks import check_types
from validator.claims.copies import without_copies
from validator.claims.coverage import Coverage, Seen, coverage
from validator.claims.derive import derive
from validator.claims.file_notes import facts_of
from validator.claims.kept import KeptClaims
from validator.claims.layout import find_layout
from validator.claims.mapping import RUN, Mapped, RowMapper
from validator.claims.numbering import together
from validator.claims.opening import Opened, open_claims, refuse_other_code_systems
from validator.claims.pieces import ROW
from validator.claims.schema import REJECTED_ROWS, ClaimTables
from validator.claims.scratch import Scratch
from validator.claims.sources import InputFile, find_files
from validator.claims.store import Store
from validator.errors import ClaimFileError, Place

Progress = Callable[[str, int, int], None]
_WITHOUT_STRICT = "Mend the file, or run without --strict to see each row with its reason."
_DATES_FROM_LINES = ("from_date", "through_date")


@dataclass(frozen=True)
class _Read:
    """A file that was read whole: its account so far and what the tables need to know about it."""

    tally: Tally
    source: SourceFile
    seen: Seen


def open_batch(
    files: Sequence[str],
    *,
    history: Sequence[str] = (),
    layout: str | None = None,
    memory_bytes: int | None = None,
    on_progress: Progress | None = None,
    shards: int | None = None,
    strict: bool = False,
) -> "Batch":
    """The batch of these files, folders and globs; use it as a context manager.

    `history` names files whose claims are looked at and not judged, and run folders that kept their claims.
    `layout` is the name of a layout or a layout file; without it each file's layout is recognised.
    `memory_bytes` is what the mapped rows and one partition may take together (1.5 GiB when not given).
    `on_progress(file, bytes done, bytes in all)` is called now and then while files are read.
    `shards` forces so many shards on disk, for tests. With `strict` the first file that cannot be read, or of
    which no row can be used, ends the batch. Raises ClaimFileError when no file is found.
    """
    return Batch(
        find_files(files, history),
        layout=layout,
        memory_bytes=memory_bytes,
        on_progress=on_progress,
        shards=shards,
        strict=strict,
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
        strict: bool,
    ) -> None:
        self._files = files
        self._paths = [Path(file.path) for file in files if not file.refused]
        self._layout = find_layout(layout) if layout else None
        self._memory_bytes = memory_bytes
        self._on_progress = on_progress
        self._shards = shards
        self._strict = strict
        self._scratch = Scratch()
        self._tallies: list[Tally] = []
        self._read: dict[int, _Read] = {}
        self._kept: dict[int, tuple[KeptClaims, Tally]] = {}
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

    @property
    def scratch(self) -> Path:
        """A folder that is gone with the batch, closed to others."""
        assert self._scratch.path is not None, "a batch is used as a context manager"
        return self._scratch.path

    def coverage(self, batch_date: date) -> Coverage:
        """How far the claims reach, history included; reads the files if that has not been done."""
        self._read_once()
        seen = [read.seen for read in self._read.values()]
        return coverage([*seen, *(kept.seen() for kept, _ in self._kept.values())], batch_date)

    def partitions(self) -> Iterator[ClaimTables]:
        """Canonical, derived tables of whole patients. Raises ClaimFileError when no file can be read."""
        self._read_once()
        store = self._store_of()
        shared_ids = store.shared_ids()
        self._note_shared(shared_ids)
        sources = [read.source for read in self._read.values()]
        earlier = frozenset(self._files[n].name for n in self._read if self._files[n].earlier)
        for number, (header, lines) in enumerate(self._whole_files()):
            parts, notes = [], pl.DataFrame()
            if header.height:
                tables, notes = canonicalise(header, lines, sources, shared_ids)
                parts = [replace(tables, earlier=earlier)]
            parts += [kept.tables(number, store.shards) for kept, _ in self._kept.values()]
            if not any(part.claims.height for part in parts):
                continue
            tables, copies = without_copies(together(parts))
            tables = derive(tables)
            check_types(tables)
            if number not in self._counted:
                self._counted.add(number)
                self._count(tables, notes, copies)
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
            if unread.is_empty() or stored.is_empty():
                yield stored, lines_stored
                continue
            header = stored.filter(~pl.col(FILE).is_in(unread.implode()))
            has_lines = header.height and lines_stored.height
            of_header = pl.col(RUN).is_in(header[RUN].implode())
            yield header, lines_stored.filter(of_header) if has_lines else lines_stored.clear()

    def _read_once(self) -> None:
        if self._store is None:
            self._store = Store(self.scratch, self._memory_bytes, self._shards)
            self._read_files(self._store)

    def _read_files(self, store: Store) -> None:
        total = sum(_size(file) for file in self._files)
        before, errors = 0, []
        for number, file in enumerate(self._files):
            tally = Tally(file.name, "history" if file.earlier else "claims")
            self._tallies.append(tally)
            try:
                if file.kept:
                    self._read_kept(number, file, tally)
                else:
                    self._read_file(number, file, tally, before, total)
            except ClaimFileError as error:
                if self._strict:
                    raise
                tally.fail(error.what)
                if not file.earlier:
                    errors.append(error)
            before += _size(file)
        if all(self._files[number].earlier for number in self._read):
            raise errors[0]
        store.make_room(sum(kept.size for kept, _ in self._kept.values()))

    def _read_kept(self, number: int, file: InputFile, tally: Tally) -> None:
        """The tables that an earlier run kept; they stay where they are until a partition wants its share."""
        kept = KeptClaims(file.path, file.name)
        try:
            kept.check()
            tally.bytes, tally.sha256, tally.format = kept.bytes, kept.sha256, "kept claims"
            tally.rows_read = kept.rows("claims")
        except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
            raise ClaimFileError(
                "the claims that this run kept are damaged or not whole",
                fix="Run that night again with --keep-claims.",
                place=Place(file.name),
            ) from error
        self._kept[number] = (kept, tally)

    def _read_file(self, number: int, file: InputFile, tally: Tally, before: int, total: int) -> None:
        if file.refused:
            raise ClaimFileError(file.refused, fix="Give the file itself.", place=Place(file.name))
        with open_claims(file.path, file.name, self._layout, self.scratch, self._paths) as opened:
            twin = self._same_as(opened)
            if twin:
                tally.texts.append(f"the same bytes as {twin}; read once")
                tally.bytes, tally.sha256 = opened.stream.size, opened.stream.sha256()
                source = _source(number, file.name, tally, opened, frozenset())
                self._read[number] = _Read(tally, source, Seen())
                return
            tally.begin(opened.stream.size, opened.format, opened.binding.layout, opened.binding.unused)
            mapper = RowMapper(opened.binding, opened.reader.types)
            seen, days_from_lines = Seen(), "from_date" not in opened.binding.columns
            for mapped, read in one_ahead(self._mapped(opened, mapper)):
                tally.rows_read += mapped.rows_read
                whole_row = pl.lit(None, pl.String).alias("column")
                tally.reject(mapped.rejected.select(pl.col(ROW).alias("row"), whole_row, "reason"))
                tally.reject(mapped.unusable.rename({ROW: "row"}))
                tally.add_damage(mapped.damage)
                done = before + read
                seen.add(mapped.header, mapped.lines, days_from_lines=days_from_lines)
                self._store_of().add(number, mapped.header, mapped.lines, done / max(total, 1))
                if self._on_progress:
                    self._on_progress(file.name, done, total)
            tally.sha256 = opened.stream.sha256()
            tally.texts += opened.reader.notes()
            if self._strict and tally.nothing_usable():
                raise ClaimFileError(ALL_REJECTED, fix=_WITHOUT_STRICT, place=Place(file.name))
            source = _source(number, file.name, tally, opened, mapper.carried)
            self._read[number] = _Read(tally, source, seen)
        if self._on_progress:
            self._on_progress(file.name, before + opened.stream.size, total)

    def _mapped(self, opened: Opened, mapper: RowMapper) -> Iterator[tuple[Mapped, int]]:
        """The pieces of a file as fields, each with the bytes that were read up to its end."""
        for number, piece in enumerate(opened.reader.pieces(mapper.headings)):
            if number == 0:
                refuse_other_code_systems(piece.frame, opened.binding)
            mapped = mapper(piece, self._runs)
            self._runs += mapped.header.height
            yield mapped, opened.reader.done()

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
                text = "claim numbers stand for several patients or claims; each is a claim of its own"
                self._read[number].tally.counted_notes[text] = count

    def _count(self, tables: ClaimTables, notes: pl.DataFrame, copies: pl.DataFrame) -> None:
        """Add a partition to the accounts of its files."""
        by_name = {read.source.source_file: read.tally for read in self._read.values()}
        by_name |= {name: tally for kept, tally in self._kept.values() for name in kept.carried()}
        files = tables.claims["source_file"]
        for table in ("claims", "diagnoses", "lines"):
            of_file = files if table == "claims" else files.gather(getattr(tables, table)["claim_no"])
            counts = of_file.value_counts()
            for name, count in zip(counts["source_file"], counts["count"], strict=True):
                by_name[name].tables[table] += count
        for name, fact, count in zip(*facts_of(tables), strict=True):
            by_name[name].facts[fact] += count
        if notes.height:
            for number, text, count in zip(notes[FILE], notes["note"], notes["count"], strict=True):
                self._read[number].tally.counted_notes[text] += count
        for name, text, count in zip(copies["source_file"], copies["note"], copies["count"], strict=True):
            by_name[name].counted_notes[text] += count


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
