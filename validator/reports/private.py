"""A file that holds claims: for its owner only, and under its name only once it is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from validator.errors import OutputError, Place


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A new file, mode 0600, that takes the place of `path` at the end. Raises OutputError."""
    aside = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except OSError as error:
        raise OutputError(
            f"the file cannot be written: {error.strerror}",
            fix="Check the path, its permissions and the disk.",
            place=Place(str(path)),
        ) from None
    finally:
        aside.unlink(missing_ok=True)
