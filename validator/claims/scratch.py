"""A temporary folder for claims on their way: closed to others, gone afterwards, also after a crash."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

PREFIX = "claims-validator-"
YOUNG = 60.0  # seconds


class Scratch:
    """Context manager around the folder. Its lock tells folders in use from those a crash left behind."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self._lock = -1

    def __enter__(self) -> "Scratch":
        _remove_left_behind(Path(tempfile.gettempdir()))
        while not self.path:
            path = Path(tempfile.mkdtemp(prefix=PREFIX))
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Before it was locked, another run may have taken the new folder for one that is left behind.
            if os.fstat(lock).st_nlink:
                self.path, self._lock = path, lock
            else:
                os.close(lock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self.path = None


def _remove_left_behind(parent: Path) -> None:
    """Remove our own folders that no living process holds: the lock of a dead one is free."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            # A folder of this minute may not be locked yet.
            if folder.is_symlink() or found.st_uid != os.getuid() or time.time() - found.st_mtime < YOUNG:
                continue
            lock = os.open(folder / "lock", os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass  # somebody is at work there
        finally:
            os.close(lock)
