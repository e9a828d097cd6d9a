"""The files that a user added: kept normalised with what is known of them, listed and taken away."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from validator.errors import Place, ReferenceError
from validator.reference.official.catalogue import BY_NAME
from validator.reference.official.kind import Parsed

_MANIFEST = "manifest.json"
# Raise it when the rows that are kept for the same file change; older ones must then be added again.
FORMAT = 1
_AGAIN = "Take it away and add the file again: validator reference remove"


@dataclass(frozen=True)
class Added:
    """One added file. `tables`: the name of each table that was kept, with the hash of its Parquet file."""

    kind: str
    name: str
    sha256: str
    setting: str
    covers_from: date | None
    covers_to: date | None
    rows: int
    added: str
    remark: str
    tables: dict[str, str]
    folder: Path

    @property
    def label(self) -> str:
        """What `validator reference remove` calls it."""
        return f"{self.kind}/{self.sha256[:12]}"

    @property
    def identity(self) -> str:
        """What decides about the built tables; neither the name nor the time of adding does."""
        tables = " ".join(f"{name} {digest}" for name, digest in sorted(self.tables.items()))
        return f"{self.kind} {self.setting} {self.covers_from} {self.covers_to} {tables}"

    def table(self, name: str) -> pl.DataFrame | None:
        """One table as it was kept; None where the file has none of that name. Damage is refused."""
        if name not in self.tables:
            return None
        path = self.folder / f"{name}.parquet"
        try:
            if _sha256(path) == self.tables[name]:
                return pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
            pass
        raise ReferenceError(
            "what was kept of an added file is missing or damaged",
            fix=f"{_AGAIN} {self.label}",
            place=Place(str(path)),
        )


def added_files(folder: Path) -> list[Added]:
    """Every file that was added, by kind, days and hash."""
    if not folder.is_dir():
        return []
    found = [_read(path) for path in sorted(folder.iterdir()) if (path / _MANIFEST).is_file()]
    return sorted(found, key=lambda one: (one.kind, one.setting, str(one.covers_to), one.sha256))


def keep(folder: Path, parsed: Parsed, *, name: str, sha256: str) -> tuple[Added, list[Added]]:
    """Keep the rows of a file; gives it and the earlier files whose place it takes.

    The folder of a file is renamed into its place once it is whole.
    """
    replaced = [] if BY_NAME[parsed.kind].in_parts else list(_same_days(folder, parsed))
    final = folder / f"{parsed.kind}-{sha256[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".adding-") as workplace:
            made = Path(workplace) / final.name
            made.mkdir()
            digests = {}
            for table, rows in parsed.tables.items():
                rows.write_parquet(made / f"{table}.parquet", compression="zstd")
                digests[table] = _sha256(made / f"{table}.parquet")
            covers_from, covers_to = parsed.covers
            added = Added(
                kind=parsed.kind,
                name=name,
                sha256=sha256,
                setting=parsed.setting,
                covers_from=covers_from,
                covers_to=covers_to,
                rows=parsed.rows,
                added=datetime.now(UTC).isoformat(timespec="seconds"),
                remark=parsed.remark,
                tables=digests,
                folder=final,
            )
            content = {key: value for key, value in asdict(added).items() if key != "folder"}
            text = json.dumps({"format": FORMAT, **content}, default=str, indent=2)
            (made / _MANIFEST).write_text(text + "\n", encoding="utf-8")
            os.replace(made, final)
        for one in replaced:
            shutil.rmtree(one.folder)
    except OSError as error:
        raise ReferenceError(
            f"the added file cannot be kept in {folder} ({type(error).__name__})",
            fix="Make room there, or make the folder writable.",
        ) from None
    return added, replaced


def remove(folder: Path, label: str) -> Added:
    """Take one added file away; `label` is KIND/HASH, and the first characters of the hash are enough."""
    kind, _, digest = label.partition("/")
    found = [one for one in added_files(folder) if one.kind == kind and one.sha256.startswith(digest.lower())]
    if len(found) != 1 or not digest:
        raise ReferenceError(
            f"no single added file is called {label!r}",
            fix="See what they are called: validator reference added",
        )
    try:
        shutil.rmtree(found[0].folder)
    except OSError as error:
        raise ReferenceError(f"the added file cannot be taken away ({type(error).__name__})") from None
    return found[0]


def _same_days(folder: Path, parsed: Parsed) -> Iterator[Added]:
    for one in added_files(folder):
        if (one.kind, one.setting, one.covers_from, one.covers_to) == (
            parsed.kind,
            parsed.setting,
            *parsed.covers,
        ):
            yield one


def _read(folder: Path) -> Added:
    path = folder / _MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT or content["kind"] not in BY_NAME:
            raise ValueError
        for end in ("covers_from", "covers_to"):
            content[end] = date.fromisoformat(content[end]) if content[end] else None
        return Added(**content, folder=folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReferenceError(
            f"what is known of an added file cannot be read ({type(error).__name__})",
            fix="Delete its folder and add the file again.",
            place=Place(str(path)),
        ) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
