"""What a zip archive or an old Office file holds: a workbook, or what it is instead."""

import mmap
import zipfile
from pathlib import Path

from validator.claims.streams import GROWTH_ALLOWED_TO, LARGEST_GROWTH
from validator.errors import ClaimFileError

_MOST_PARTS = 10_000
_SAVE_AS = "Save the sheet with the claims as an .xlsx workbook or as CSV."
_OLD_PARTS = (
    ("EncryptedPackage", "is a workbook that is protected with a password"),
    ("Workbook", ""),
    ("Book", ""),
    ("WordDocument", "is a Word document, no table of claims"),
    ("PowerPoint Document", "is a presentation, no table of claims"),
)
_ZIP_PARTS = (
    ("xl/workbook.bin", "is a binary workbook (xlsb); this is not read"),
    ("word/document.xml", "is a Word document, no table of claims"),
    ("ppt/presentation.xml", "is a presentation, no table of claims"),
)


def workbook_kind(path: Path) -> str:
    """`xlsx`, `ods` or `xls`. Raises ClaimFileError, saying what it is, for all else that looks like one."""
    with path.open("rb") as file:
        old = file.read(4) == b"\xd0\xcf\x11\xe0"
    return _old_kind(path) if old else _zip_kind(path)


def _old_kind(path: Path) -> str:
    """The parts of an old Office file have their names in UTF-16."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = (what for name, what in _OLD_PARTS if content.find(name.encode("utf-16-le")) >= 0)
        refused = next(found, "is an old Office file without a workbook in it")
    if refused:
        raise ClaimFileError(refused, fix=_SAVE_AS)
    return "xls"


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            mimetype = next((part for part in parts if part.filename == "mimetype"), None)
            kind = archive.open(mimetype).read(100) if mimetype and not mimetype.flag_bits & 1 else b""
    # A damaged archive makes zipfile raise nearly anything; nothing of it is used.
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        raise ClaimFileError("is a damaged workbook or zip archive", fix="Deliver it again.") from None
    names = {part.filename for part in parts}
    refused = next((what for name, what in _ZIP_PARTS if name in names), "")
    size = path.stat().st_size
    if any(part.flag_bits & 1 for part in parts):
        refused = "is a zip archive that is protected with a password"
    elif sum(part.file_size for part in parts) > max(GROWTH_ALLOWED_TO, LARGEST_GROWTH * size):
        refused = f"grows more than {LARGEST_GROWTH}-fold when it is unpacked, as no export of claims does"
    elif len(parts) > _MOST_PARTS:
        refused = f"is an archive of more than {_MOST_PARTS:,} files, no workbook"
    if refused:
        raise ClaimFileError(refused, fix=_SAVE_AS)
    if "xl/workbook.xml" in names:
        return "xlsx"
    if kind == b"application/vnd.oasis.opendocument.spreadsheet":
        return "ods"
    raise ClaimFileError(
        f"is a zip archive of {len(parts):,} file(s), no workbook", fix="Unpack it and give the files in it."
    )
