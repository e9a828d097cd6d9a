"""Take in one official file: hash it, find out what it is, parse it, keep it; or say why not."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from validator.errors import ReferenceError
from validator.reference.official.catalogue import BY_NAME, KINDS
from validator.reference.official.document import Document, refused
from validator.reference.official.kind import Asked, Parsed
from validator.reference.official.kinds.not_used import why_not
from validator.reference.official.store import Added, added_files, keep


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `new` is False where the same file had been added before."""

    added: Added
    new: bool
    replaced: tuple[Added, ...] = ()


def add_file(path: Path, folder: Path, asked: Asked | None = None) -> Outcome:
    """Add one file to the folder of added files. Raises ReferenceError where it is refused."""
    asked = asked or Asked()
    if asked.kind and asked.kind not in BY_NAME:
        raise ReferenceError(f"there is no kind {asked.kind!r}", fix=f"The kinds: {', '.join(BY_NAME)}")
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise refused(path, f"the file cannot be read ({type(error).__name__})") from None
    before = next((one for one in added_files(folder) if one.sha256 == digest), None)
    if before is not None:
        return Outcome(before, new=False)
    parsed = parse(path, asked)
    added, replaced = keep(folder, parsed, name=path.name, sha256=digest)
    return Outcome(added, new=True, replaced=tuple(replaced))


def parse(path: Path, asked: Asked) -> Parsed:
    """The rows of a file of whatever kind it is; a file of no kind, or a damaged one, is refused."""
    kinds = [BY_NAME[asked.kind]] if asked.kind else KINDS
    try:
        document = Document(path)
        for kind in kinds:
            if (found := kind.read(document, asked)) is not None:
                return found
        reason = why_not(document)
    except ReferenceError as error:
        raise refused(path, error.what, error.fix) from None
    except Exception as error:
        # Whatever a reader of text, archives or workbooks raises, the file is damaged or of another kind; the
        # error's own text may hold cells of the file.
        raise refused(
            path,
            f"the file is damaged or of another kind than its name says ({type(error).__name__})",
            "Download it again.",
        ) from None
    if reason:
        raise refused(path, f"not taken in: {reason}")
    if asked.kind:
        raise refused(path, f"this is no file of the kind {asked.kind}: {BY_NAME[asked.kind].title}")
    raise refused(
        path,
        "this is none of the official files that can be added",
        "See docs/reference.md for them. A plain list says what it is in a first line such as # kind: cpt.",
    )
