"""Hold the mapped rows of a batch until every patient is whole: in memory while they fit, else on disk.

A shard is chosen by a hash of the patient (of the claim number where there is none), so that a patient who
is spread over several files still lands in one partition.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from validator.claims.canonical import FILE, claim_hash, patient_hash
from validator.claims.mapping import RUN
from validator.claims.pieces import ROW

# Canonical tables take about four times what the mapped rows do, are made from copies, and three partitions
# may be alive at once: two are judged while the next one is read.
SHARE_OF_MEMORY = 16
DEFAULT_MEMORY = 3 << 29
WRITE_AT = 3  # partitions in memory; few large files are read back faster than many small ones
MOST_SHARDS = 1024
SHARED = {FILE: pl.UInt32, "claim_hash": pl.UInt64, "patient_hash": pl.UInt64, "ordinal": pl.UInt32}
_Kept = dict[str, list[list[pl.DataFrame]]]  # kind -> shard -> frames


class Store:
    """Takes mapped pieces, gives whole shards. `folder` is where they go when they do not fit in memory."""

    def __init__(self, folder: Path, memory_bytes: int | None = None, shards: int | None = None) -> None:
        """`shards` forces so many shards on disk; tests show that the results do not depend on it."""
        self.folder = folder
        self.limit = max((memory_bytes or DEFAULT_MEMORY) // SHARE_OF_MEMORY, 1 << 20)
        self.shards = 1
        self.size = 0
        self.files_written = 0
        self.kept: _Kept = _empty(1)
        if shards:
            self._spill(shards)

    def add(self, file: int, header: pl.DataFrame, lines: pl.DataFrame, done: float) -> None:
        """Take the runs and lines of a piece; `done` is the share of the batch that is read with it."""
        if header.is_empty():
            return
        number = pl.lit(file, pl.UInt32).alias(FILE)
        header = header.select(number, pl.all())
        self._keep({"header": header, "lines": lines, "keys": _keys(header)})
        if self.shards == 1 and self.size > self.limit:
            whole = self.size / max(done, 0.001)
            self._spill(min(max(2, math.ceil(whole / self.limit)), MOST_SHARDS))
        elif self.size > WRITE_AT * self.limit:
            self._write()

    def make_room(self, size: int) -> None:
        """Cut into so many shards that `size` bytes more, kept elsewhere, can join the partitions."""
        if self.shards == 1 and size > self.limit:
            self._spill(min(max(2, math.ceil(size / self.limit)), MOST_SHARDS))

    def partitions(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Headers and lines of whole patients, shard by shard, each in the order in which it was read.

        A shard may be empty.
        """
        if self.shards > 1:
            self._write()
        for shard in range(self.shards):
            yield self._read("header", shard), self._read("lines", shard)

    def shared_ids(self) -> pl.DataFrame:
        """Claim numbers that stand for several claims of a file, claims numbered by their first row."""
        found = [pl.DataFrame(schema=SHARED)]
        if self.shards > 1:
            self._write()
        for shard in range(self.shards):
            keys = self._read("keys", shard)
            if keys.is_empty():
                continue
            patients = keys.lazy().group_by(FILE, "claim_hash", "patient_hash").agg(pl.col(ROW).min())
            several = patients.filter(pl.len().over(FILE, "claim_hash") > 1)
            order = pl.col(ROW).rank("ordinal").over(FILE, "claim_hash").cast(pl.UInt32).alias("ordinal")
            found.append(several.with_columns(order).select(*SHARED).collect())
        return pl.concat(found)

    def _keep(self, frames: dict[str, pl.DataFrame]) -> None:
        self.size += sum(int(frame.estimated_size()) for frame in frames.values())
        if self.shards == 1:
            for kind, frame in frames.items():
                if frame.height:
                    self.kept[kind][0].append(frame)
            return
        header, lines = frames["header"], frames["lines"]
        owner = "patient_id" if "patient_id" in header.columns else "claim_id"
        shard = header.select(shard_of(owner, self.shards)).to_series()
        of_line = shard.gather(header[RUN].search_sorted(lines[RUN])) if lines.height else shard.clear()
        keys = frames["keys"]
        by_claim = (keys["claim_hash"] % self.shards).cast(pl.UInt32) if keys.height else shard.clear()
        numbered = (
            ("header", header, shard),
            ("lines", lines, of_line),
            ("keys", keys, by_claim.alias("#shard")),
        )
        for kind, frame, numbers in numbered:
            if frame.height:
                parts = frame.with_columns(numbers).partition_by("#shard", include_key=False, as_dict=True)
                for (number,), part in parts.items():
                    self.kept[kind][int(number)].append(part)

    def _spill(self, shards: int) -> None:
        """From now on every piece is cut into so many shards; what is kept already is cut too."""
        before, self.kept, self.size = self.kept, _empty(shards), 0
        self.shards = shards
        if before["header"][0]:
            self._keep({kind: _whole(frames[0]) for kind, frames in before.items()})

    def _write(self) -> None:
        """Write what is kept in memory, one file for each shard and kind."""
        for kind, shards in self.kept.items():
            for number, frames in enumerate(shards):
                if frames:
                    path = self.folder / f"{kind}-{number:04d}-{self.files_written:06d}.arrow"
                    self.files_written += 1
                    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with os.fdopen(handle, "wb") as file:
                        _whole(frames).write_ipc(file, compression="lz4")
                    shards[number] = []
        self.size = 0

    def _read(self, kind: str, shard: int) -> pl.DataFrame:
        frames = self.kept[kind][shard]
        if self.shards > 1:
            frames = [pl.read_ipc(path) for path in sorted(self.folder.glob(f"{kind}-{shard:04d}-*.arrow"))]
        return _whole(frames)


def _whole(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The frames under one another; a column that one of them lacks is blank there."""
    return pl.concat(frames, how="diagonal", rechunk=True) if frames else pl.DataFrame()


def _empty(shards: int) -> _Kept:
    return {kind: [[] for _ in range(shards)] for kind in ("header", "lines", "keys")}


def _keys(header: pl.DataFrame) -> pl.DataFrame:
    """What finds claim numbers of several claims; nothing where the feed has no patients."""
    if "patient_id" not in header.columns:
        return pl.DataFrame(
            schema={FILE: pl.UInt32, "claim_hash": pl.UInt64, "patient_hash": pl.UInt64, ROW: pl.UInt32}
        )
    return header.select(
        FILE, claim_hash=claim_hash(), patient_hash=patient_hash(header.columns), **{ROW: pl.col(ROW)}
    )


def shard_of(owner: str, shards: int) -> pl.Expr:
    """Shard of a run: by patient, by claim number where there is no patient."""
    return (pl.coalesce(owner, "claim_id").hash(seed=3) % shards).cast(pl.UInt32).alias("#shard")
