"""From the arguments of a run to the list of files: folders and globs expanded in order, links refused."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from validator.errors import ClaimFileError

# Where a run folder keeps its claims.
KEPT_FOLDER = "claims"


@dataclass(frozen=True)
class InputFile:
    """One file to read; `name` is its path below the argument, and unlike that of any other file of the run.

    `refused` says why it is not read, if it is not. `earlier` files are history; `kept` is one of those that
    an earlier run wrote: the folder with its canonical tables.
    """

    path: Path
    name: str
    refused: str = ""
    earlier: bool = False
    kept: bool = False


def find_files(arguments: Sequence[str], history: Sequence[str] = ()) -> list[InputFile]:
    """The files that the arguments mean, each once, in order; then those of the history.

    Raises ClaimFileError when an argument names none.
    """
    found: list[InputFile] = []
    for argument in arguments:
        found += _some(argument, _expand(argument))
    for argument in history:
        found += (replace(file, earlier=True) for file in _some(argument, _expand_history(argument)))
    once: dict[str, InputFile] = {}
    for file in found:
        once.setdefault(os.path.realpath(file.path) if not file.refused else str(file.path), file)
    return _named_apart(list(once.values()))


def _some(argument: str, files: Iterable[InputFile]) -> list[InputFile]:
    here = list(files)
    if not here:
        raise ClaimFileError(
            f'"{argument}" names no file',
            fix="Check the path; a folder must hold files, a glob must match some.",
        )
    return here


def _expand_history(argument: str) -> Iterator[InputFile]:
    """The same, and the run folders among what the argument names: of those the claims that they kept."""
    if glob.has_magic(argument) and ".." not in Path(argument).parts:
        matches = [Path(match) for match in sorted(glob.glob(argument)) if not Path(match).is_symlink()]
    else:
        matches = [Path(argument)]
    runs = [path for path in matches if is_run_folder(path)]
    if not runs:
        yield from _expand(argument)
    for run in runs:
        kept = run / KEPT_FOLDER
        if not kept.is_dir():
            raise ClaimFileError(
                f'"{run.name}" is a run folder that kept no claims',
                fix="Run that night again with --keep-claims, or give its claim files as --history.",
            )
        yield InputFile(kept, run.resolve().name, kept=True)


def is_run_folder(path: Path) -> bool:
    """Whether the path is the folder that an earlier run wrote."""
    return (path / "run.json").is_file() and (path / "findings.parquet").is_file()


def _expand(argument: str) -> Iterator[InputFile]:
    path = Path(argument)
    if path.is_file():
        yield InputFile(path, path.name)
    elif path.is_dir():
        yield from _folder(path, path)
    elif glob.has_magic(argument):
        if ".." in path.parts:
            raise ClaimFileError(
                f'"{argument}" climbs out of its folder with ".."',
                fix="Give the folder itself, then the pattern.",
            )
        fixed = [part for part in path.parts if not glob.has_magic(part)]
        plain = len(list(_until_magic(path.parts)))
        base = Path(*fixed[:plain]) if plain else Path()
        for match in sorted(glob.glob(argument, recursive=True)):
            one = Path(match)
            if _has_link(one, base):
                yield InputFile(one, str(one.relative_to(base)), _LINK)
            elif one.is_file():
                yield InputFile(one, str(one.relative_to(base)))
            elif one.is_dir() and "**" not in path.parts:
                yield from _folder(one, base)


_LINK = "is a symbolic link inside a given folder, and those are not followed"


def _until_magic(parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _has_link(path: Path, base: Path) -> bool:
    """Whether the path below `base` goes through a symbolic link."""
    steps = path.relative_to(base).parts
    return any(base.joinpath(*steps[: n + 1]).is_symlink() for n in range(len(steps)))


def _folder(folder: Path, base: Path) -> Iterator[InputFile]:
    """The files of a folder and of those below it, except those that by their name are no claims.

    Those are names with a dot or underscore first, and what tells people about the folder (README).
    """
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name.startswith((".", "_")) or entry.name.lower().startswith("readme"):
            continue
        path = Path(entry.path)
        name = str(path.relative_to(base))
        if entry.is_symlink():
            yield InputFile(path, name, _LINK)
        elif entry.is_dir():
            yield from _folder(path, base)
        elif entry.is_file():
            yield InputFile(path, name)
        else:
            yield InputFile(path, name, "is not an ordinary file")


def _named_apart(files: list[InputFile]) -> list[InputFile]:
    """Two files of one name (a/claims.csv, b/claims.csv) get as much of their path as tells them apart."""
    names = [file.name for file in files]
    for number, file in enumerate(files):
        parts = file.path.resolve().parts if not file.refused else file.path.absolute().parts
        length = len(Path(file.name).parts)
        while names.count(names[number]) > 1 and length < len(parts) - 1:
            length += 1
            others = [i for i, name in enumerate(names) if name == names[number]]
            for other in others:
                whole = files[other].path.absolute().parts
                names[other] = str(Path(*whole[-min(length, len(whole) - 1) :]))
    return [replace(file, name=name) for file, name in zip(files, names, strict=True)]
