"""Remove run folders older than asked, and copies that none needs; the ledger keeps what it learned."""

import json
import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from validator.reports.lock import as_output_error, output_lock
from validator.reports.run_folder import LATEST, followed
from validator.reports.run_json import NAME
from validator.reports.store import forget

_RUN_FOLDER = re.compile(r"(\d{4}-\d{2}-\d{2})-[0-9a-f]{8}")


def run_folders(out: Path) -> list[tuple[date, Path]]:
    """Batch date and path of every run folder below `out`, oldest first."""
    found = []
    for path in sorted(out.iterdir()) if out.is_dir() else ():
        named = _RUN_FOLDER.fullmatch(path.name)
        if named and path.is_dir() and not path.is_symlink():
            found.append((date.fromisoformat(named[1]), path))
    return found


def prune(out: Path, before: date, *, dry: bool = False) -> Sequence[Path]:
    """Remove the run folders of batch dates before a day, but never the one that `latest` names.

    Returns what was removed, or would be with `dry`. Raises LockedError while a run is writing.
    """
    with output_lock(out), as_output_error(out):
        latest = followed(out / LATEST)
        old = [path for day, path in run_folders(out) if day < before and path.resolve() != latest]
        for path in () if dry else old:
            aside = path.with_name(f".unfinished-{path.name}")  # gone in one step, also if this is killed
            path.rename(aside)
            shutil.rmtree(aside)
        if old and not dry:
            forget(out, _needed(out))
        return old


def _needed(out: Path) -> dict[str, set[str]]:
    """Kind -> digests of the copies that the runs which are left were made with."""
    needed: dict[str, set[str]] = {}
    for _, path in run_folders(out):
        for kind, digest in json.loads((path / NAME).read_bytes()).get("kept", {}).items():
            needed.setdefault(kind, set()).add(digest)
    return needed
