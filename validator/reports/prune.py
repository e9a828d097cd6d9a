"""Remove run folders that are older than asked; the ledger keeps what it learned from them."""

import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from validator.reports.lock import as_output_error, output_lock
from validator.reports.run_folder import LATEST

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
        latest = (out / LATEST).resolve()
        if (out / LATEST).is_file():
            latest = (out / (out / LATEST).read_text(encoding="utf-8").strip()).resolve()
        old = [path for day, path in run_folders(out) if day < before and path.resolve() != latest]
        for path in () if dry else old:
            aside = path.with_name(f".unfinished-{path.name}")  # gone in one step, also if this is killed
            path.rename(aside)
            shutil.rmtree(aside)
        return old
