"""Makes text from claims harmless before it reaches a page, a workbook or a spreadsheet's CSV import."""

from typing import Any

import polars as pl

# Control characters, and the marks that turn or hide text: a claim id with a right-to-left override
# reads as another claim id. Tab and line breaks stay, they do no harm on a page.
_UNSHOWABLE = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}"
    r"\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{fffe}\u{ffff}]"
)

# What a spreadsheet may take for the beginning of a formula, also behind white space and in full width.
_FORMULA_START = r"^\s*[=+\-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}]"


def shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every unshowable character in text and lists of text replaced by U+FFFD."""
    marked = pl.col(pl.String).str.replace_all(_UNSHOWABLE, "\ufffd")
    lists = [name for name, type_ in frame.schema.items() if type_ == pl.List(pl.String)]
    in_lists = [pl.col(name).list.eval(pl.element().str.replace_all(_UNSHOWABLE, "\ufffd")) for name in lists]
    return frame.with_columns(marked, *in_lists)


def joined_lists(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every list of text as one text, `a; b`."""
    lists = [name for name, type_ in frame.schema.items() if type_ == pl.List(pl.String)]
    return frame.with_columns(pl.col(lists).list.join("; ")) if lists else frame


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet could run as a formula.

    Also enumerations are text in a CSV, but their words are ours and need no guard.
    """
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(~text.str.contains(_FORMULA_START)).then(text).otherwise("'" + text))


def records(summary: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of a summary, one mapping each, for a page or manifest: never of a table of claims."""
    columns = [column.to_list() for column in summary]
    return [dict(zip(summary.columns, values, strict=True)) for values in zip(*columns, strict=True)]
