"""Keep the claims of a night as they were read, so that a later night can look at them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from validator.claims.coverage import Seen
from validator.claims.numbering import only
from validator.claims.schema import TABLES, ClaimTables, polars_schema
from validator.claims.store import shard_of
from validator.errors import ClaimFileError

FEEDS = "feeds"
_FEEDS_SCHEMA = pa.schema([("source_file", pa.string()), ("carried", pa.list_(pa.string()))])

# What a claim and its rows take while they wait to be judged, for planning.
_BYTES = {"claims": 200, "diagnoses": 40, "procedures": 40, "lines": 80}


class Keeper:
    """Writes the canonical tables of the claims of tonight's files, partition by partition, into `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.files = {name: folder / f"{name}.parquet" for name in (*TABLES, FEEDS)}
        self._writers = {
            name: pq.ParquetWriter(
                self.files[name],
                _plain(name, pl.DataFrame(schema=polars_schema(name))).schema,
                compression="zstd",
            )
            for name in TABLES
        }
        self._carried: dict[str, frozenset[str]] = {}
        self._claims = 0

    def add(self, tables: ClaimTables) -> None:
        """Take the claims of one partition that are not earlier ones."""
        if tables.earlier:
            tonight = tables.claims.filter(~pl.col("source_file").is_in(sorted(tables.earlier)))
            tables = only(tables, tonight["claim_no"])
        for name, frame in tables:
            number = (pl.col("claim_no") + self._claims).cast(pl.UInt32)
            self._writers[name].write_table(_plain(name, frame.with_columns(number)))
        self._claims += tables.claims.height
        self._carried |= {
            file: columns for file, columns in tables.carried.items() if file not in tables.earlier
        }

    def finish(self) -> Mapping[str, Path]:
        """Close the files; what they are called and where they are."""
        for writer in self._writers.values():
            writer.close()
        feeds = {file: sorted(self._carried[file]) for file in sorted(self._carried)}
        table = pa.table({"source_file": list(feeds), "carried": list(feeds.values())}, schema=_FEEDS_SCHEMA)
        pq.write_table(table, self.files[FEEDS], compression="zstd")
        return {f"{name}.parquet": path for name, path in self.files.items()}


@dataclass(frozen=True)
class KeptClaims:
    """The claims that a run kept; its source files are named below `name`, which no other file has."""

    folder: Path
    name: str

    @property
    def sha256(self) -> str:
        """One hash of all the tables."""
        whole = hashlib.sha256()
        for name in (*TABLES, FEEDS):
            with self._path(name).open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()

    def check(self) -> None:
        """Raise ClaimFileError when the tables are not those of this version, or not whole."""
        for name in TABLES:
            found = pl.read_parquet_schema(self._path(name))
            missing = [column for column in _delivered(name) if column not in found]
            if missing:
                raise ClaimFileError(
                    f"the claims that this run kept lack the columns {', '.join(missing)} of {name}",
                    fix="Run that night again with this version and --keep-claims.",
                )

    @property
    def size(self) -> int:
        """About how many bytes all of it takes in memory."""
        return sum(_BYTES[name] * self.rows(name) for name in TABLES)

    @property
    def bytes(self) -> int:
        return sum(self._path(name).stat().st_size for name in (*TABLES, FEEDS))

    def rows(self, table: str) -> int:
        return int(pq.read_metadata(self._path(table)).num_rows)

    def carried(self) -> dict[str, frozenset[str]]:
        """Source file -> what its feed carries."""
        feeds = pl.read_parquet(self._path(FEEDS))
        return {
            self._below(file): frozenset(columns)
            for file, columns in zip(feeds["source_file"], feeds["carried"], strict=True)
        }

    def seen(self) -> Seen:
        """The different first days of service and types of claims."""
        claims = pl.scan_parquet(self._path("claims")).select("from_date", "claim_type").collect()
        seen = Seen()
        seen.take(claims["from_date"].unique(), claims["claim_type"].unique())
        return seen

    def tables(self, shard: int, shards: int) -> ClaimTables:
        """The claims of one shard, chosen like those of the store, not yet derived."""
        claims = pl.scan_parquet(self._path("claims"))
        if shards > 1:
            claims = claims.filter(shard_of("patient_id", shards) == shard)
        chosen = claims.collect()
        carried = self.carried()
        below = pl.concat_str(pl.lit(f"{self.name}/"), "source_file")
        frames = {"claims": _canonical("claims", chosen.with_columns(below.alias("source_file")))}
        for name in TABLES:
            if name != "claims":
                rows = pl.scan_parquet(self._path(name))
                if shards > 1:
                    rows = rows.join(
                        chosen.lazy().select("claim_no"), on="claim_no", how="semi", maintain_order="left"
                    )
                frames[name] = _canonical(name, rows.collect())
        whole = ClaimTables(**frames, carried=carried, earlier=frozenset(carried))
        return only(whole, whole.claims["claim_no"])

    def _path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def _below(self, source_file: str) -> str:
        return f"{self.name}/{source_file}"


def _delivered(table: str) -> list[str]:
    """The columns that are kept; the derived ones are made again."""
    return [column.name for column in TABLES[table] if not column.derived]


def _plain(table: str, frame: pl.DataFrame) -> pa.Table:
    """Choices as texts: a file must not depend on how a dictionary numbers its words."""
    kept = frame.select(_delivered(table))
    choices = [name for name, type_ in kept.schema.items() if isinstance(type_, pl.Enum)]
    return kept.with_columns(pl.col(choices).cast(pl.String)).to_arrow()


def _canonical(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(type_) if name in frame.columns else pl.lit(None, type_).alias(name)
        for name, type_ in polars_schema(table).items()
    )
