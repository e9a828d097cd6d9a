"""One copy of the rules, reference and layout of every run, by content, so that it can be made again."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from validator.errors import OutputError, Place

STORE = ".store"
RULES, REFERENCE, LAYOUT = "rules", "reference", "layout"
_ENDINGS = {RULES: "", REFERENCE: ".duckdb", LAYOUT: ".yaml"}


def digest_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, over the paths and hashes of its files."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for one in _files(path):
        whole.update(f"{one.relative_to(path).as_posix()}\0{digest_of(one)}\n".encode())
    return whole.hexdigest()


def keep(out: Path, *, rules: Path, reference: Path, layout: Path | None = None) -> dict[str, str]:
    """Copy what is not there yet below `out`; kind -> digest. Only for the holder of the lock."""
    given = {RULES: rules, REFERENCE: reference} | ({LAYOUT: layout} if layout else {})
    digests = {kind: digest_of(path) for kind, path in given.items()}
    for kind, path in given.items():
        there = _place(out, kind, digests[kind])
        if not there.exists():
            _copy(path, there)
    return digests


def kept(out: Path, kind: str, digest: str) -> Path:
    """The copy with this digest. Raises OutputError where it is gone or was changed."""
    there = _place(out, kind, digest)
    if not there.exists():
        raise OutputError(f"the {kind} of the run are not in the store", fix=_FIX, place=Place(str(there)))
    if digest_of(there) != digest:
        raise OutputError(
            f"the {kind} of the run were changed in the store", fix=_FIX, place=Place(str(there))
        )
    return there


def forget(out: Path, needed: Mapping[str, set[str]]) -> int:
    """Remove the copies whose digest no run needs; how many. Only for the holder of the lock."""
    wanted = {_place(out, kind, digest) for kind, digests in needed.items() for digest in digests}
    gone = 0
    for path in (out / STORE).glob("*") if (out / STORE).is_dir() else ():
        if path not in wanted:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            gone += 1
    return gone


_FIX = "Put the copy back from a back-up, or name what it was made of: --rules, --reference, --layout."


def _place(out: Path, kind: str, digest: str) -> Path:
    return out / STORE / f"{kind}-{digest}{_ENDINGS[kind]}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def _copy(path: Path, there: Path) -> None:
    """A private copy, under its name once it is whole."""
    there.parent.mkdir(mode=0o700, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=there.parent))
    try:
        made = aside / there.name
        if path.is_file():
            _link_or_copy(path, made)
        else:
            made.mkdir(mode=0o700)
            for file in _files(path):
                target = made / file.relative_to(path)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _copy_file(file, target)
        made.rename(there)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _link_or_copy(path: Path, target: Path) -> None:
    """One file: the same one under another name where that is possible, for a reference is built anew, never
    written over; whatever was done to it in place is seen by its digest.
    """
    try:
        os.link(path, target)
    except OSError:
        _copy_file(path, target)


def _copy_file(path: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, path.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
