"""Say which layout a file has, why, and which of its columns nothing reads: `validator layouts guess`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from validator.claims.layout import LAYOUTS, find_layout, shipped_layouts
from validator.claims.opening import open_claims
from validator.claims.recognise import Binding, candidates
from validator.claims.scratch import Scratch
from validator.errors import ClaimFileError, Place


@dataclass(frozen=True)
class Guess:
    """The layout of a file: `read` maps a field to the headings it is read from, `others` are runners-up."""

    file: str
    format: str
    layout: str
    title: str
    feed: str
    headings: int
    used: int
    read: Mapping[str, tuple[str, ...]]
    not_used: tuple[str, ...]
    others: tuple[tuple[str, int, str], ...]  # layout, headings it would read, why it does not fit


def guess_layout(file: Path) -> Guess:
    """Recognise the layout of one file. Raises ClaimFileError when none fits, with the nearest one."""
    if not file.is_file():
        raise ClaimFileError("is no file", fix="Give one claim file.", place=Place(str(file)))
    with Scratch() as scratch:
        assert scratch.path is not None
        with open_claims(file, str(file), None, scratch.path) as opened:
            headings = list(opened.reader.types)
            binding = opened.binding
            others = [one for one in candidates(headings) if one.layout.name != binding.layout.name]
            return Guess(
                file=str(file),
                format=opened.format,
                layout=binding.layout.name,
                title=binding.layout.title,
                feed=binding.layout.feed,
                headings=len(headings),
                used=binding.used,
                read=binding.columns,
                not_used=binding.unused,
                others=tuple(_runner_up(one) for one in others if one.used),
            )


def _runner_up(binding: Binding) -> tuple[str, int, str]:
    return binding.layout.name, binding.used, "; ".join(binding.missing) or "fits, but reads fewer columns"


def layout_file(name: str) -> str:
    """The YAML text of a shipped layout, as it stands in the package."""
    return (LAYOUTS / f"{find_layout(name).name}.yaml").read_text(encoding="utf-8")


def layout_rows() -> list[tuple[str, str, str, str]]:
    """Name, feed, row grain and title of every shipped layout."""
    return [(one.name, one.feed, one.grain, one.title) for one in shipped_layouts().values()]
