"""One run at a time per output folder."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from validator.errors import LockedError, OutputError, Place

LOCK_NAME = ".lock"
_FULL = 1 << 16  # bytes: a disk with less is full

_FREE_SPACE = "Free some space, or write elsewhere with --out, and run again."
_GIVE_ACCESS = "Give this account write access to it, or choose another --out."
_ADVICE = {
    errno.ENOSPC: ("the disk is full", _FREE_SPACE),
    errno.EDQUOT: ("the disk quota is used up", _FREE_SPACE),
    errno.EACCES: ("the folder may not be written", _GIVE_ACCESS),
    errno.EPERM: ("the folder may not be written", _GIVE_ACCESS),
    errno.EROFS: ("the file system is read-only", "Choose a writable folder with --out."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Choose a folder with --out."),
    errno.EEXIST: ("a file of that name is in the way", "Move it away, or choose another --out."),
}


@contextmanager
def output_lock(out: Path) -> Iterator[None]:
    """Hold the output folder `out` (made if missing, closed to everybody else) for this run.

    The operating system drops the lock of a process that dies, so a dead holder is taken over without
    asking. May be nested within one process: a run holds it from its first to its last step, and
    `publish` takes it again. Raises LockedError when another run holds it, OutputError when the folder
    cannot be made or written.
    """
    with as_output_error(out):
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(out / LOCK_NAME, timeout=0, mode=0o600, is_singleton=True, fallback_to_soft=False)
        try:
            lock.acquire()
        except Timeout:
            raise LockedError(
                "another run is writing to this folder",
                fix="Wait until it has ended, or write elsewhere with --out.",
                place=Place(str(out)),
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def as_output_error(out: Path) -> Iterator[None]:
    """Turn what the operating system says about `out` into an OutputError with advice."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        number = _error_number(error)
        if number is None and not isinstance(error, OSError):
            if shutil.disk_usage(out).free > _FULL:
                raise
            number = errno.ENOSPC  # Polars does not always say why it could not write
        said = os.strerror(number) if number else "it cannot be written"
        what, fix = _ADVICE.get(number or 0, (said, "Choose another --out."))
        raise OutputError(
            f"the run folder was not written: {what}", fix=fix, place=Place(str(out))
        ) from error


def _error_number(error: Exception) -> int | None:
    """The errno; Polars gives it only inside its text."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    said = re.search(r"os error (\d+)", str(error))
    return int(said[1]) if said else None
