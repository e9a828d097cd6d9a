"""The account of each file: every row read is accepted or rejected, and what else is worth knowing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from validator.claims.damage import note
from validator.claims.file_notes import file_notes
from validator.claims.layout import Layout
from validator.claims.schema import REJECTED_ROWS

ALL_REJECTED = "every row was rejected; the reasons are in rejected_rows.parquet"


@dataclass(frozen=True)
class UnusableCells:
    """Cells of one column that could not be used and count as blank; their rows stay accepted."""

    column: str
    reason: str
    count: int


@dataclass(frozen=True)
class FileAccount:
    """One file: `rows_read` = `rows_accepted` + `rows_rejected`, always. `error` says why it was not read;
    a file of which no row could be used was not read either.

    `path` is the path below the argument given. Nothing here is a value from a claim. `role` is `claims`, or
    `history` for files whose claims are looked at and not judged.
    """

    path: str
    role: str = "claims"
    sha256: str = ""
    bytes: int = 0
    format: str = ""
    layout: str = ""
    feed: str = ""
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    unusable_cells: tuple[UnusableCells, ...] = ()
    claims: int = 0
    lines: int = 0
    diagnoses: int = 0
    columns_not_used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


class Tally:
    """Counts one file while it is read; `account()` gives the result."""

    def __init__(self, name: str, role: str = "claims") -> None:
        self.name = name
        self.role = role
        self.sha256 = ""
        self.bytes = 0
        self.format = ""
        self.layout: Layout | None = None
        self.rows_read = 0
        self.rejected: list[pl.DataFrame] = []
        self.columns_not_used: tuple[str, ...] = ()
        self.tables: Counter[str] = Counter()
        self.texts: list[str] = []
        self.counted_notes: Counter[str] = Counter()
        self.damage: dict[str, Counter[str]] = {}
        self.facts: Counter[str] = Counter()
        self.error = ""

    def begin(self, size: int, format_: str, layout: Layout, columns_not_used: tuple[str, ...]) -> None:
        """The file could be opened as claims."""
        self.bytes, self.format, self.layout, self.columns_not_used = size, format_, layout, columns_not_used

    def fail(self, error: str) -> None:
        """The file could not be read to its end: nothing of it counts."""
        self.error = error
        self.rows_read, self.rejected, self.texts, self.damage = 0, [], [], {}

    def reject(self, rows: pl.DataFrame) -> None:
        """Keep rejections: columns row, column (blank: the whole row), reason."""
        if rows.height:
            self.rejected.append(rows)

    def add_damage(self, cells: pl.DataFrame) -> None:
        """Count cells that a spreadsheet has damaged: columns column, damage."""
        counts = cells.group_by("damage", "column").len()
        for damage, column, count in zip(*counts.select("damage", "column", "len"), strict=True):
            self.damage.setdefault(damage, Counter())[column] += count

    def rejections(self) -> pl.DataFrame:
        """All of them as REJECTED_ROWS, in the order of the rows."""
        if not self.rejected:
            return pl.DataFrame(schema=dict(REJECTED_ROWS))
        source = pl.lit(self.name).alias("source_file")
        return (
            pl.concat(self.rejected)
            .with_columns(source)
            .select(*REJECTED_ROWS)
            .sort("row", "column", nulls_last=False)
        )

    def nothing_usable(self) -> bool:
        """Whether rows were read and every one of them was rejected."""
        whole = sum(rows["column"].is_null().sum() for rows in self.rejected)
        return 0 < self.rows_read <= whole

    def account(self) -> FileAccount:
        rejected = self.rejections()
        whole = rejected.filter(pl.col("column").is_null())
        cells = rejected.filter(pl.col("column").is_not_null())
        cells = cells.group_by("column", "reason").len("count").sort("column", "reason")
        reasons = whole.group_by("reason").len("count").sort("reason")
        damage = [note(kind, columns) for kind, columns in sorted(self.damage.items())]
        whole_file = file_notes(self.facts, self.tables["claims"], self.tables["diagnoses"])
        counted = [f"{count:,} {text}" for text, count in sorted(self.counted_notes.items())]
        return FileAccount(
            path=self.name,
            role=self.role,
            sha256=self.sha256,
            bytes=self.bytes,
            format=self.format,
            layout=self.layout.name if self.layout else "",
            feed=self.layout.feed if self.layout else "",
            rows_read=self.rows_read,
            rows_accepted=self.rows_read - whole.height,
            rows_rejected=whole.height,
            rejected_by_reason=dict(zip(reasons["reason"], reasons["count"], strict=True)),
            unusable_cells=tuple(
                UnusableCells(*cell)
                for cell in zip(cells["column"], cells["reason"], cells["count"], strict=True)
            ),
            claims=self.tables["claims"],
            lines=self.tables["lines"],
            diagnoses=self.tables["diagnoses"],
            columns_not_used=self.columns_not_used,
            notes=(*self.texts, *whole_file, *damage, *counted),
            error=self.error or (ALL_REJECTED if self.nothing_usable() else ""),
        )
