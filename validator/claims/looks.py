"""What the cells of a column look like, whatever its heading says: days, codes, numbers of providers."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from validator.claims.cells import SHAPES, day_of
from validator.claims.damage import days_of
from validator.claims.fields import BLANKS
from validator.claims.npis import malformed_npis

ENOUGH = 0.9  # of the filled cells
DAY_FIRST = "day_first"  # 31/12/2026, which no layout reads

_DIAGNOSIS = r"^[A-TV-Z]\d[0-9AB](?:\.?[0-9A-Z]{1,4})?$"
_PROCEDURE = r"^(?:\d{4}[0-9FTUMA]|[A-V]\d{4})$"
_LIST_OF = rf"^\W*{_DIAGNOSIS[1:-1]}(?:[\s\"'\]]*[,;^|:][\s\"']*{_DIAGNOSIS[1:-1]})+\W*$"
_COMPACT_DAY = r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
_AMOUNT = r"^\(?-?\$?\d[\d,]*\.\d{2}\)?$"
_MODIFIERS = r"^(?:[A-Z][A-Z0-9]|[2-9]\d)(?:[\^,;|: ]+(?:[A-Z][A-Z0-9]|[2-9]\d))*$"
_COMMON_MODIFIERS = r"\b(?:25|26|50|59|76|95|GP|LT|RT|TC|XU)\b"
_DECADES = 10
_PLACES = "01 02 10 11 12 13 19 20 21 22 23 24 31 32 41 50 81".split()


@dataclass(frozen=True)
class Look:
    """`what` the cells are, in words; `share` of the filled ones; `fields` that such a column may be."""

    what: str
    share: float
    fields: tuple[str, ...] = ()


def look_of(cells: pl.Series) -> Look | None:
    """What most of the cells of a column of text look like; None where they are nothing in particular."""
    filled = _filled(cells)
    if filled.is_empty():
        return None
    for what, fields, is_one in _LOOKS:
        share = int(is_one(filled).sum()) / filled.len()
        if share >= ENOUGH:
            return Look(what, share, fields)
    return None


def date_forms(cells: pl.Series) -> dict[str, int]:
    """How many of the cells are days in each form that a layout may name, and `day_first`."""
    filled = _filled(cells).str.replace(r"[T ]\d{1,2}:\d{2}.*$", "")
    days = filled.to_frame("cell").select(
        pl.when(pl.col("cell").str.contains(shape)).then(day_of(pl.col("cell"), form)).count().alias(form)
        for form, shape in SHAPES.items()
    )
    counts = {form: int(days[form][0]) for form in SHAPES}
    serials = filled.to_frame("cell").select(days_of(pl.col("cell"))).to_series()
    slashes = filled.filter(filled.str.contains(r"^\d{1,2}[/.]\d{1,2}[/.]\d{4}$"))
    first = slashes.str.extract(r"^(\d{1,2})").cast(pl.Int32, strict=False)
    counts |= {"excel_serial": serials.count(), DAY_FIRST: int((first > 12).sum())}
    return {form: count for form, count in counts.items() if count}


def distinct_share(cells: pl.Series) -> float:
    """Different cells among the filled ones, near 1 where each row has its own; 0 where many are blank."""
    filled = _filled(cells)
    enough = filled.len() and filled.len() > ENOUGH * cells.len() - 1
    return filled.n_unique() / filled.len() if enough else 0.0


def _filled(cells: pl.Series) -> pl.Series:
    bare = cells.cast(pl.String).str.strip_chars()
    return bare.filter(~bare.is_in(list(BLANKS["*"])) & ~bare.str.contains(r"^0{4,}$")).drop_nulls()


def _shaped(pattern: str) -> Callable[[pl.Series], pl.Series]:
    return lambda cells: cells.str.to_uppercase().str.contains(pattern)


def _npis(cells: pl.Series) -> pl.Series:
    return ~cells.is_in(malformed_npis(cells).implode())


def _days(cells: pl.Series) -> pl.Series:
    # Eight digits may be anything, so they must be a day of our time; five may be anything at all.
    compact = cells.str.contains(r"^\d{8}$")
    written = cells.str.contains("|".join(SHAPES.values()) + r"|^\d{4}-\d\d-\d\d[T ]")
    return written & (~compact | cells.str.contains(_COMPACT_DAY))


def _births(cells: pl.Series) -> pl.Series:
    """Days that lie decades apart."""
    years = cells.str.extract(r"((?:18|19|20)\d\d)").cast(pl.Int32)
    low, high = years.quantile(0.1), years.quantile(0.9)
    return _days(cells) & (low is not None and high is not None and high - low > _DECADES)


def _modifiers(cells: pl.Series) -> pl.Series:
    """Pairs of places of which some are modifiers that everybody uses: TX alone may be a state."""
    upper = cells.str.to_uppercase()
    return upper.str.contains(_MODIFIERS) & bool(upper.str.contains(_COMMON_MODIFIERS).any())


def _procedures(cells: pl.Series) -> pl.Series:
    """Codes of five places of which some begin with a digit: G0283 alone may be a diagnosis."""
    fits = cells.str.to_uppercase().str.contains(_PROCEDURE)
    return fits & bool(cells.str.contains(r"^\d").any())


def _places(cells: pl.Series) -> pl.Series:
    return cells.str.zfill(2).is_in(_PLACES) & (cells.str.len_bytes() <= 2)


_DATES = ("from_date", "through_date", "line_from_date", "line_through_date", "received_date")
# In the order in which they are tried: the narrower before the wider.
_LOOKS: tuple[tuple[str, tuple[str, ...], Callable[[pl.Series], pl.Series]], ...] = (
    ("NPIs, by their check digit", ("billing_npi", "rendering_npi", "attending_npi", "facility_npi"), _npis),
    ("days, years apart", ("birth_date",), _births),
    ("days", _DATES, _days),
    ("CPT or HCPCS codes", ("procedure_code",), _procedures),
    ("ICD-10-CM codes", ("diagnosis_#",), _shaped(_DIAGNOSIS)),
    ("lists of ICD-10-CM codes", ("diagnoses",), _shaped(_LIST_OF)),
    ("revenue codes", ("revenue_code",), _shaped(r"^0\d{3}$")),
    ("amounts", ("line_charge", "total_charge", "line_paid_amount"), _shaped(_AMOUNT)),
    ("sexes", ("sex",), _shaped(r"^(?:M|F|MALE|FEMALE)$")),
    ("modifiers", ("modifiers",), _modifiers),
    ("places of service", ("place_of_service",), _places),
)  # fmt: skip
