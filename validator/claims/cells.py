"""How the cells of a column are read: text is stripped and blanked, dates, amounts and choices are parsed.

A column is read in two steps: one fast expression for what nearly every cell looks like, then `repaired`
for the few dates and numbers that it left blank, or `tidied` for columns of few different texts. A cell that
is filled and has no value after both was not usable, and is counted as that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from validator.claims.damage import days_of, without_decimals
from validator.claims.fields import FieldOfRow
from validator.claims.layout import Layout
from validator.claims.schema import CLAIM_TYPES, CODE_SYSTEMS, MONEY, UNITS
from validator.errors import ClaimFileError

# Why a cell could not be used, by kind; the kinds that are not named here take any text.
NOT_USABLE: Mapping[str, str] = {
    "date": "not a date",
    "money": "not an amount",
    "units": "not a number",
    "number": "not a number",
    "claim_type": "not a known claim type",
    "system": "not a known code system",
    "yes_no": "neither yes nor no",
    "hour": "not an hour",
    "pointers": "not a diagnosis pointer",
}
REPAIRED = ("date", "money", "units", "number")
TIDIED = (
    *("code", "digits2", "digits3", "digits4", "procedure", "hour", "bill", "poa", "list", "pointers"),
    *("sex", "yes_no", "claim_type", "system"),
)
_STRPTIME = {
    "iso": "%Y-%m-%d",
    "compact": "%Y%m%d",
    "day_month_year": "%d-%b-%Y",
    "us_slashes": "%m/%d/%Y",
    "us_dashes": "%m-%d-%Y",
    "year_slashes": "%Y/%m/%d",
}
# Digits as they must stand, so that 1/2/21 is not read as the year 21.
SHAPES = {
    "iso": r"^\d{4}-\d{1,2}-\d{1,2}$",
    "compact": r"^\d{8}$",
    "day_month_year": r"^\d{1,2}-[A-Za-z]{3}-\d{4}$",
    "us_slashes": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "us_dashes": r"^\d{1,2}-\d{1,2}-\d{4}$",
    "year_slashes": r"^\d{4}/\d{1,2}/\d{1,2}$",
}
_TIME_OF_DAY = r"[T ]\d{1,2}:\d{2}.*$"
_LIST_SEPARATOR = r"\s*[:,;^|\r\n]\s*"
_POINTERS = r"^\d{1,2}(?::\d{1,2})*$"
_NUMBERS: Mapping[str, pl.DataType] = {"money": MONEY, "units": UNITS, "number": pl.UInt16()}
FIRST_YEAR, LAST_YEAR = 1800, 2999
_LETTERS = [chr(ord("A") + n) for n in range(12)]


@dataclass(frozen=True)
class Cells:
    """How one field is read: `value` is the parsed cell, `text` what must not be blank where value is."""

    field: FieldOfRow
    value: pl.Expr
    text: pl.Expr | None = None


def read_cells(
    field: FieldOfRow, headings: tuple[str, ...], types: Mapping[str, pl.DataType], layout: Layout
) -> Cells:
    """The expressions that read a field from the columns of a piece; nested columns raise ClaimFileError."""
    blanks = list(layout.blanks_of(field.kind))
    kind = field.kind
    if len(headings) > 1:
        whole = pl.concat_str([_clean(_as_text(h, types[h]), blanks) for h in headings])
    else:
        (heading,) = headings
        if types[heading] != pl.String:
            typed = _typed(kind, heading, types[heading])
            if typed is not None:
                return Cells(field, typed, pl.col(heading))
        whole = _clean(_as_text(heading, types[heading]), blanks)
        if kind == "diagnosis":
            # The code is reported exactly as it was sent; canonical.py reads it.
            return Cells(field, pl.when(whole.is_not_null()).then(_as_text(heading, types[heading])))
    return Cells(field, _parsed(kind, whole, layout.dates), whole if kind in REPAIRED else None)


def tidied(field: FieldOfRow, texts: pl.Series, layout: Layout) -> pl.Series:
    """A column of codes or choices as the canonical tables write it; each different text is read once."""
    distinct = texts.unique().drop_nulls()
    kind = "modifier" if field.name.startswith("modifier_") else field.kind
    tidy = _tidy(kind, without_decimals(field, pl.col("text")), layout.words_of(field.name))
    values = distinct.alias("text").to_frame().select(tidy.alias("value"))["value"]
    if values.dtype == pl.String and (values == distinct).all(ignore_nulls=False):
        return texts
    return texts.replace_strict(distinct, values, default=None, return_dtype=values.dtype)


def repaired(kind: str, texts: pl.Series, layout: Layout) -> pl.Series:
    """Values of the cells that the fast reading left blank; blank again where nothing fits."""
    text = pl.col("text")
    frame = texts.alias("text").to_frame()
    if kind == "date":
        bare = text.str.replace(_TIME_OF_DAY, "")
        forms = [day_of(bare, form) for form in layout.dates if form in _STRPTIME]
        if "excel_serial" in layout.dates:
            forms.append(days_of(text))
        # A workbook shows its days as ISO dates, however the layout writes them.
        forms.append(day_of(bare, "iso"))
        return frame.select(_sane(pl.coalesce(forms)).alias(texts.name)).to_series()
    if kind in ("money", "units", "number"):
        bare = text.str.replace_all(r"[$,\s]", "").str.replace(r"^\((.+)\)$", "-$1").str.replace(r"^\+", "")
        value = _number(kind, pl.when(bare.str.contains(r"^-?(?:\d+\.?\d*|\.\d+)$")).then(bare))
        return frame.select(value.alias(texts.name)).to_series()
    return texts.clear(texts.len())


def _as_text(heading: str, type_: pl.DataType) -> pl.Expr:
    """The column as text, whatever a Parquet file keeps it as."""
    column = pl.col(heading)
    if type_ == pl.String:
        return column
    if type_.is_float():
        # A column of whole numbers with blanks in it becomes a float in many programs: 450.0 is 450.
        whole = column.cast(pl.Int64, strict=False)
        return pl.when(whole == column).then(whole.cast(pl.String)).otherwise(column.cast(pl.String))
    if isinstance(type_, pl.Datetime):
        return column.dt.date().cast(pl.String)
    if isinstance(type_, pl.List) and not type_.inner.is_nested():
        return column.cast(pl.List(pl.String)).list.join(":", ignore_nulls=True)
    if type_.is_nested() or type_ == pl.Object:
        raise ClaimFileError(
            f'column "{heading}" holds nested values, which no layout reads',
            fix="Write one plain value in each cell; several codes go into numbered columns.",
        )
    return column.cast(pl.String, strict=False)


def _clean(text: pl.Expr, blanks: list[str]) -> pl.Expr:
    return text.str.strip_chars().replace(blanks, None)


def _typed(kind: str, heading: str, type_: pl.DataType) -> pl.Expr | None:
    """The value without a detour over text, where a Parquet column already has the right kind of type."""
    column = pl.col(heading)
    if kind == "date" and type_ == pl.Date:
        return _sane(column)
    if kind == "date" and isinstance(type_, pl.Datetime):
        return _sane(column.dt.date())
    if kind in _NUMBERS and type_.is_numeric():
        return column.cast(_NUMBERS[kind], strict=False)
    if kind == "yes_no" and type_ == pl.Boolean:
        return column
    return None


def _parsed(kind: str, text: pl.Expr, dates: tuple[str, ...]) -> pl.Expr:
    """The fast reading of a cleaned text; choices and codes stay text here and go through `tidied`."""
    if kind == "date":
        return day_of(text, dates[0], check_shape=False)
    if kind in _NUMBERS:
        return text.cast(_NUMBERS[kind], strict=False)
    return _listed(text) if kind == "diagnosis_list" else text


def _tidy(kind: str, text: pl.Expr, words: Mapping[str, str]) -> pl.Expr:
    """How a text of this kind is written in the canonical tables; blank where it is none."""
    upper = text.str.to_uppercase()
    word = text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    match kind:
        case "code" | "poa":
            return pl.coalesce(word, upper)
        case "digits2" | "digits3" | "digits4":
            width = int(kind[-1])
            return pl.when(text.str.contains(r"^\d+$")).then(text.str.zfill(width)).otherwise(text)
        case "procedure":
            anesthesia = text.str.contains(r"^(?:[1-9]|1\d)\d{2}$")  # 00100-01999 after a spreadsheet
            return pl.when(anesthesia).then(text.str.zfill(5)).otherwise(upper)
        case "hour":
            hour = text.str.extract(r"^(\d{1,2})(?::?\d{2}){0,2}$").str.zfill(2)
            return pl.when(hour.cast(pl.UInt8, strict=False) <= 24).then(hour)
        case "bill":
            led = (upper.str.len_bytes() == 4) & upper.str.starts_with("0")
            return pl.when(led).then(upper.str.slice(1)).otherwise(upper)
        case "sex":
            return pl.coalesce(word, upper)
        case "yes_no":
            return word == "yes"
        case "claim_type" | "system":
            return word.cast(pl.Enum(CLAIM_TYPES if kind == "claim_type" else CODE_SYSTEMS))
        case "list" | "modifier":
            return _listed(upper).str.replace_all(r":+", ":")
        case "pointers":
            # 1:2 becomes the time of day 01:02:00 in a spreadsheet.
            numbers = _pointer_numbers(upper.str.replace(r"^(\d{1,2}:\d\d):00$", "$1"))
            return pl.when(numbers.str.contains(_POINTERS)).then(numbers)
    raise AssertionError(kind)


def _pointer_numbers(text: pl.Expr) -> pl.Expr:
    """Pointers as positions: 1:2, [1, 2], A, AB (the letters of the paper form); E11 is a code and none."""
    parts = _listed(text).str.replace_all(r"\s+", ":")
    letters = parts.str.replace_all(r"([A-L])", ":$1:")
    apart = pl.when(parts.str.contains(r"\d")).then(parts).otherwise(letters)
    apart = apart.str.replace_all(r":+", ":").str.strip_chars(":")
    apart = pl.when(~apart.str.contains(r"[A-Z]\d|\d[A-Z]")).then(apart)
    return apart.str.replace_many(_LETTERS, [str(n + 1) for n in range(len(_LETTERS))])


def _listed(text: pl.Expr) -> pl.Expr:
    """A list in one cell, its parts separated by one colon: `A^B`, `A, B`, `["A", "B"]`."""
    bare = text.str.replace_all(r"[\[\]\"']", "")
    apart = bare.str.replace_all(_LIST_SEPARATOR, ":").str.strip_chars(": ")
    return pl.when(apart != "").then(apart)


def _number(kind: str, text: pl.Expr) -> pl.Expr:
    """Amounts beyond two decimals are rounded; what is too large for the column is not usable."""
    if kind == "number":
        return text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False).cast(pl.UInt16, strict=False)
    return text.cast(MONEY if kind == "money" else UNITS, strict=False)


def day_of(text: pl.Expr, form: str, *, check_shape: bool = True) -> pl.Expr:
    """The days that are written in this form, blank where none is."""
    day = text.str.to_date(_STRPTIME[form], strict=False, cache=False)
    return pl.when(text.str.contains(SHAPES[form])).then(day) if check_shape else day


def sane_days(days: pl.Series) -> pl.Series:
    """The days without those that no claim has; nearly always there are none, and the years tell."""
    years = days.dt.year()
    first, last = years.min(), years.max()
    if first is None or (first >= FIRST_YEAR and last <= LAST_YEAR):  # type: ignore[operator]
        return days
    return days.to_frame("day").select(_sane(pl.col("day")).alias(days.name)).to_series()


def _sane(day: pl.Expr) -> pl.Expr:
    """Years like 1932 and 2173 are dates; the year 21 is a date that lost its century."""
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)
