"""Read the claim files of a batch: in pieces, into partitions of whole patients, every row accounted for."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa

from validator.claims.accounts import ALL_REJECTED, FileAccount, Tally
from validator.claims.ahead import in_order
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
from validator.claims.recognise import Binding
from validator.claims.schema import REJECTED_ROWS, ClaimTables
from validator.claims.scratch import Scratch
from validator.claims.sources import InputFile, find_files
from validator.claims.store import Store
from validator.errors import ClaimFileError, Place

Progress = Callable[[str, int, int], None]
_WITHOUT_STRICT = "Mend the file, or run without --strict to see each row with its reason."
_DATES_FROM_LINES = ("from_date", "through_date")


@dataclass(frozen=True)
class _Begun:
    """A file could be opened as claims."""

    size: int
    format: str
    binding: Binding


@dataclass(frozen=True)
class _Twin:
    """A file has the bytes of the file of this number."""

    of: int
    sha256: str
    size: int
    format: str
    binding: Binding


@dataclass(frozen=True)
class _Ended:
    """A file was read to its end."""

    sha256: str
    notes: list[str]
    carried: frozenset[str]


_Event = _Begun | _Twin | tuple[Mapped, int] | _Ended


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
    jobs: int = 1,
) -> "Batch":
    """The batch of these files, folders and globs; use it as a context manager.

    `history` names files whose claims are looked at and not judged, and run folders that kept their claims.
    `layout` is the name of a layout or a layout file; without it each file's layout is recognised.
    `memory_bytes` is what the mapped rows and one partition may take together (1.5 GiB when not given).
    `on_progress(file, bytes done, bytes in all)` is called now and then while files are read.
    `shards` forces so many shards on disk, for tests. With `strict` the first file that cannot be read, or of
    which no row can be used, ends the batch. Up to `jobs` files are read at once; the results do not depend
    on it. Raises ClaimFileError when no file is found.
    """
    return Batch(
        find_files(files, history),
        layout=layout,
        memory_bytes=memory_bytes,
        on_progress=on_progress,
        shards=shards,
        strict=strict,
        jobs=jobs,
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
        jobs: int,
    ) -> None:
        self._files = files
        self._paths = [Path(file.path) for file in files if not file.refused]
        self._layout = find_layout(layout) if layout else None
        self._memory_bytes = memory_bytes
        self._on_progress = on_progress
        self._shards = shards
        self._strict = strict
        self._jobs = jobs
        self._scratch = Scratch()
        self._tallies: list[Tally] = []
        self._read: dict[int, _Read] = {}
        self._kept: dict[int, tuple[KeptClaims, Tally]] = {}
        self._counted: set[int] = set()
        self._runs = 1
        self._hashes: dict[int, str] = {}
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
        makers = [partial(self._events, number, file) for number, file in enumerate(self._files)]
        with closing(in_order(makers, self._jobs)) as files:
            for (number, file), events in zip(enumerate(self._files), files, strict=True):
                tally = Tally(file.name, "history" if file.earlier else "claims")
                self._tallies.append(tally)
                try:
                    if file.kept:
                        self._read_kept(number, file, tally)
                    else:
                        self._take(number, file, tally, events, before, total)
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

    def _events(self, number: int, file: InputFile) -> Iterator[_Event]:
        """What reading a file gives, from its opening to its end; its runs are numbered from 0."""
        if file.kept:
            return
        if file.refused:
            raise ClaimFileError(file.refused, fix="Give the file itself.", place=Place(file.name))
        with open_claims(file.path, file.name, self._layout, self.scratch, self._paths) as opened:
            size, binding = opened.stream.size, opened.binding
            twin = self._twin_of(number, opened)
            if twin is not None:
                yield _Twin(twin, self._hash_of(number), size, opened.format, binding)
                return
            yield _Begun(size, opened.format, binding)
            mapper, runs = RowMapper(binding, opened.reader.types), 0
            for place, piece in enumerate(opened.reader.pieces(mapper.headings)):
                if place == 0:
                    refuse_other_code_systems(piece.frame, binding)
                mapped = mapper(piece, runs)
                runs += mapped.header.height
                yield mapped, opened.reader.done()
            yield _Ended(opened.stream.sha256(), opened.reader.notes(), mapper.carried)

    def _take(
        self, number: int, file: InputFile, tally: Tally, events: Iterator[_Event], before: int, total: int
    ) -> None:
        """Put what a file gives into the store and its account."""
        seen, first_run, binding = Seen(), self._runs, None
        for event in events:
            match event:
                case _Twin():
                    self._take_twin(number, file, tally, event)
                case _Begun():
                    binding = event.binding
                    tally.begin(event.size, event.format, binding.layout, binding.unused)
                case _Ended():
                    assert binding is not None
                    tally.sha256 = event.sha256
                    tally.texts += event.notes
                    if self._strict and tally.nothing_usable():
                        raise ClaimFileError(ALL_REJECTED, fix=_WITHOUT_STRICT, place=Place(file.name))
                    source = _source(number, file.name, tally, binding, event.carried)
                    self._read[number] = _Read(tally, source, seen)
                case (mapped, read):
                    assert binding is not None
                    tally.rows_read += mapped.rows_read
                    whole_row = pl.lit(None, pl.String).alias("column")
                    tally.reject(mapped.rejected.select(pl.col(ROW).alias("row"), whole_row, "reason"))
                    tally.reject(mapped.unusable.rename({ROW: "row"}))
                    tally.add_damage(mapped.damage)
                    days_from_lines = "from_date" not in binding.columns
                    header, lines = _numbered(mapped.header, first_run), _numbered(mapped.lines, first_run)
                    self._runs += header.height
                    seen.add(header, lines, days_from_lines=days_from_lines)
                    done = before + read
                    self._store_of().add(number, header, lines, done / max(total, 1))
                    if self._on_progress:
                        self._on_progress(file.name, done, total)
        if self._on_progress:
            self._on_progress(file.name, before + _size(file), total)

    def _take_twin(self, number: int, file: InputFile, tally: Tally, twin: _Twin) -> None:
        """A file with the bytes of one before it says nothing new; what was wrong there is wrong here."""
        first = self._tallies[twin.of]
        if first.error:
            raise ClaimFileError(first.error, fix="Deliver it again.", place=Place(file.name))
        tally.texts.append(f"the same bytes as {first.name}; read once")
        tally.bytes, tally.sha256 = twin.size, twin.sha256
        self._read[number] = _Read(
            tally, _source(number, file.name, tally, twin.binding, frozenset()), Seen()
        )

    def _twin_of(self, number: int, opened: Opened) -> int | None:
        """The first file before this one with the same bytes; hashed in advance where sizes are equal."""
        size = opened.stream.size
        alike = [n for n, other in enumerate(self._files[:number]) if not other.kept and _size(other) == size]
        if not alike:
            return None
        return next((n for n in alike if self._hash_of(n) == self._hash_of(number)), None)

    def _hash_of(self, number: int) -> str:
        """Hash of a file of the batch, made once."""
        if number not in self._hashes:
            with self._files[number].path.open("rb") as file:
                self._hashes[number] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[number]

    def _store_of(self) -> Store:
        assert self._store is not None
        return self._store

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


def _source(number: int, name: str, tally: Tally, binding: Binding, carried: frozenset[str]) -> SourceFile:
    layout = binding.layout
    return SourceFile(
        number=number,
        source_file=name,
        key=tally.sha256[:16],
        feed=layout.feed,
        carried=carried,
        received_date_codes=layout.received_date_codes,
        dates_from_lines=tuple(day for day in _DATES_FROM_LINES if day not in binding.columns),
    )


def _numbered(frame: pl.DataFrame, first_run: int) -> pl.DataFrame:
    """The rows of a file with the numbers of their runs in the batch."""
    return frame.with_columns((pl.col(RUN) + first_run).cast(pl.UInt32)) if frame.width else frame


def _size(file: InputFile) -> int:
    try:
        return 0 if file.refused else Path(file.path).stat().st_size
    except OSError:
        return 0
