"""A file as a user downloads it: text, workbook or archive, opened within limits, never unpacked to disk."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from validator.errors import Place, ReferenceError
from validator.reference.official.sheets import Sheet, text_sheet, workbook_sheets

# What is read into memory as a whole. The largest published file that is (NCCI edits) has 150 MB.
WHOLE_LIMIT = 1 << 30
# What one archive may hold unpacked; the NPPES file, which is read in pieces, has 11 GB.
ARCHIVE_LIMIT = 40 << 30
_MOST_MEMBERS = 2_000
_TEXT = (".txt", ".csv", ".tsv", ".prn", ".dat")
_WORKBOOK = (".xlsx", ".xlsm")
_SYMLINK = 0o120000


@dataclass(frozen=True)
class Part:
    """One file, or one file inside an archive. `name` is its last part only; nothing is unpacked by it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]] = field(repr=False)

    @property
    def ending(self) -> str:
        """The ending of the name, lower case, with its point."""
        return PurePosixPath(self.name).suffix.lower()

    def head(self, length: int = 1 << 18) -> bytes:
        """The first bytes."""
        with self.open() as stream:
            return stream.read(length)

    def content(self) -> bytes:
        """All bytes; refused above the limit."""
        with self.open() as stream:
            found = stream.read(WHOLE_LIMIT + 1)
        if len(found) > WHOLE_LIMIT:
            raise ReferenceError(f"{self.name} is larger than {WHOLE_LIMIT >> 20} MB")
        return found


class Document:
    """One file that a user adds, with the parts and sheets in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def parts(self) -> list[Part]:
        """The file itself, or what an archive holds, archives in it included (one level)."""
        whole = Part(self.path.name, self.path.stat().st_size, lambda: self.path.open("rb"))
        if whole.ending not in _WORKBOOK and whole.head(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            with zipfile.ZipFile(self.path):
                return list(_members(lambda: zipfile.ZipFile(self.path), depth=1))
        return [whole]

    @cached_property
    def sheets(self) -> list[Sheet]:
        """Every text table and worksheet that is small enough to be read whole; text before workbooks."""
        found: list[Sheet] = []
        texts = [part for part in self.parts if part.ending not in (*_WORKBOOK, ".xls", ".pdf", ".zip")]
        for part in texts:
            if part.size <= WHOLE_LIMIT and (part.ending in _TEXT or len(self.parts) == 1):
                found += text_sheet(part.name, part.content())
        for part in self.parts:
            if part.ending in _WORKBOOK and part.size <= WHOLE_LIMIT:
                found += _workbook(part)
        return found

    def named(self, name: str) -> Sheet | None:
        """The sheet of a file with this name, whatever its folder and case."""
        return next((sheet for sheet in self.sheets if sheet.name.lower() == name), None)

    @property
    def names(self) -> str:
        """The names of the file and of what is in it, for those that hold a date."""
        return " ".join([self.path.name, *(part.name for part in self.parts)])


def _members(opened: Callable[[], zipfile.ZipFile], depth: int) -> Iterator[Part]:
    with opened() as archive:
        members = archive.infolist()
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > ARCHIVE_LIMIT:
        raise ReferenceError("the archive holds more than any file that is published for these tables")
    for member in members:
        if member.is_dir() or (member.external_attr >> 16) & 0o170000 == _SYMLINK:
            continue
        if member.flag_bits & 1:
            raise ReferenceError("the archive is encrypted", fix="Unpack it and add the file in it.")
        # Only the last part of the name is kept: a member is told apart by it and never written anywhere.
        part = Part(
            PurePosixPath(member.filename.replace("\\", "/")).name, member.file_size, _opener(opened, member)
        )
        if part.ending == ".zip" and depth:
            inner = part.content()
            yield from _members(lambda inner=inner: zipfile.ZipFile(io.BytesIO(inner)), depth - 1)  # type: ignore[misc]
        else:
            yield part


def _opener(opened: Callable[[], zipfile.ZipFile], member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: opened().open(member)


def _workbook(part: Part) -> list[Sheet]:
    """The worksheets; a workbook is an archive too, so its unpacked size is limited as well."""
    content = part.content()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > 4 * WHOLE_LIMIT:
            raise ReferenceError(f"{part.name} is too large to be read as a workbook")
    return workbook_sheets(part.name, content)


def refused(path: Path, reason: str, fix: str = "") -> ReferenceError:
    """A file that is not taken in, with the reason."""
    return ReferenceError(reason, fix=fix, place=Place(path.name))
