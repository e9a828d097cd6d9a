"""Small pools of values for every canonical column, so that random rows often agree and rules often hit.

Days lie on both sides of every release boundary, because that is where a code changes its status.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from validator.claims.schema import TABLES, Column

FIRST_DAY = date(2015, 10, 1)
LAST_DAY = date(2027, 3, 31)
RELEASE_STARTS = tuple(
    sorted(
        [date(year, 10, 1) for year in range(2015, 2027)]
        + [date(year, 4, 1) for year in (2020, 2022, 2023, 2024, 2025, 2026)]
        + [date(2021, 1, 1)]
    )
)
BOUNDARY_DAYS = tuple(day - timedelta(days=n) for day in RELEASE_STARTS for n in (1, 0))
BATCH_DATE = date(2026, 11, 23)
ODD_DAYS = (
    LAST_DAY,
    LAST_DAY + timedelta(days=1),
    date(2027, 5, 2),
    date(2008, 2, 29),
    BATCH_DATE,
    BATCH_DATE + timedelta(days=1),
)
DAYS = (*BOUNDARY_DAYS, *ODD_DAYS, date(2026, 2, 10))
BIRTHS = (
    date(1900, 1, 1),
    date(1960, 2, 29),
    date(1980, 5, 5),
    date(2012, 10, 1),
    date(2016, 9, 30),
    date(2026, 2, 10),
)
GOOD_NPIS = ("1234567893", "1003000126", "2000000004")
BAD_NPIS = ("1234567890", "3234567893", "123456789", "12345678931", "123456789A", "0000000000")

TEXTS: dict[str, Sequence[str]] = {
    "claims.type_of_bill": ("111", "114", "131", "13I", "181", "211", "281", "321", "411", "851"),
    "claims.frequency_code": ("1", "7", "8"),
    "claims.original_claim_id": ("C1", "C2"),
    "claims.patient_id": ("P1", "P2", "P3"),
    "claims.sex": ("F", "M", "U"),
    "claims.discharge_status": ("01", "20", "30"),
    "claims.billing_npi": (*GOOD_NPIS[:2], *BAD_NPIS[:2]),
    "claims.facility_npi": (GOOD_NPIS[2], BAD_NPIS[2]),
    "claims.attending_npi": (GOOD_NPIS[0], BAD_NPIS[3]),
    "lines.rendering_npi": (GOOD_NPIS[1], BAD_NPIS[4], BAD_NPIS[5]),
    "diagnoses.present_on_admission": ("Y", "N", "1"),
    "procedures.code": ("0SG00A0", "XXXXXXX"),
    "lines.procedure_code": ("99213", "72148", "J1100", "A0425"),
    "lines.place_of_service": ("11", "22"),
    "lines.revenue_code": ("0120", "0450", "0001"),
}
LISTS: dict[str, Sequence[Sequence[object]]] = {
    "claims.condition_codes": (["A1"], ["A1", "D1"], []),
    "lines.modifiers": (["25"], ["59", "LT"], ["LT", "59"], ["E3"], ["RT", "F1"], ["RT", "50"], ["T9"], []),
    "lines.diagnosis_pointers": ([1], [1, 2], [2, 2], [3], [1, 2, 3, 4, 5], []),
}
UNITS = (Decimal("0"), Decimal("1"), Decimal("2"), Decimal("-1"), Decimal("1.5"))
AMOUNTS = (Decimal("0.00"), Decimal("100.00"), Decimal("249.99"))


def pool(table: str, column: Column) -> Sequence[object]:
    """Values that the column may hold, without the blank."""
    name = f"{table}.{column.name}"
    if name in TEXTS:
        return TEXTS[name]
    if name in LISTS:
        return LISTS[name]
    if name == "claims.birth_date":
        return BIRTHS
    if isinstance(column.type, pl.Enum):
        return tuple(column.type.categories)
    if column.type == pl.Date:
        return DAYS
    if column.type == pl.Boolean:
        return (True, False)
    if isinstance(column.type, pl.Decimal):
        return UNITS if column.name == "units" else AMOUNTS
    if column.type in (pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32):
        return (0, 1, 2, 3, 12, 40, 64)
    return ("A", "B")


def columns_of(table: str) -> list[Column]:
    """The columns of a table that a feed delivers and a strategy may choose."""
    return [column for column in TABLES[table] if not column.derived and column.name != "claim_no"]
