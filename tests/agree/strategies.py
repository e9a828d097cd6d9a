"""Hypothesis strategies for whole random batches of claims, with everything that real feeds get wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.agree import pools
from tests.agree.build import add_code, build_tables, deliverable_columns
from tests.agree.code_pool import PAIRED
from validator.claims.schema import CLAIM_TYPES, ROLES, TABLES, ClaimTables, Column, role_column
from validator.engine.settings import Settings

FILES = ("a.csv", "b.csv")

# Columns that a random feed may lack. What is never blank is always there, but a feed may know nothing of
# procedures or even of diagnoses.
SOMETIMES_MISSING = sorted(
    f"{table}.{column.name}"
    for table in TABLES
    for column in pools.columns_of(table)
    if column.blank != "never"
)
TABLES_SOMETIMES_MISSING = ("procedures", "procedures", "diagnoses")

# Blank in one of four, except where a blank would only hide everything else.
OFTEN_FILLED = ("claims.patient_id", "claims.from_date", "lines.procedure_code", "claims.birth_date")


def cells(table: str, column: Column) -> st.SearchStrategy[object]:
    """One cell: mostly something from the column's pool, sometimes blank where the column may be blank."""
    values = list(pools.pool(table, column))
    if column.blank == "never":
        return st.sampled_from(values)
    often = 6 if f"{table}.{column.name}" in OFTEN_FILLED else 2
    return st.sampled_from([*values * often, *[None] * max(1, len(values))])


def rows(table: str, skip: Sequence[str]) -> st.SearchStrategy[dict[str, object]]:
    """One row of a table: every deliverable column but those that the caller fills."""
    columns = [column for column in pools.columns_of(table) if column.name not in skip]
    return st.fixed_dictionaries({column.name: cells(table, column) for column in columns})


CLAIM_SKIP = ("claim_key", "claim_id", "source_file", "source_row")
DIAGNOSIS_SKIP = (
    "code",
    "code_as_sent",
    "role",
    "position",
    "source_row",
    "coding_date",
    "coding_date_source",
)
LINE_SKIP = ("line_number", "source_row")
STAY_DAYS = ("from_date", "through_date", "admission_date", "discharge_date")
LINE_DAYS = ("from_date", "through_date")
MAIN_LIST = ((), (1,), (1,), (1, 2), (1, 2), (1, 2, 3), (2,), (1, 3))
OTHER_SLOTS = (
    (),
    (),
    (),
    (("admitting", 1),),
    (("external_cause", 1), ("external_cause", 2)),
    (("reason_for_visit", 1),),
)


@st.composite
def sent_codes(draw: st.DrawFn, codes: Sequence[str]) -> str:
    """A code as a feed sends it: plain, with its point, in lower case, or with blanks around it."""
    code = draw(st.sampled_from(PAIRED if draw(st.integers(0, 2)) == 0 else codes))
    way = draw(st.sampled_from(("plain", "plain", "plain", "dotted", "lower", "blanks")))
    if way == "dotted" and len(code) > 3 and "." not in code:
        return f"{code[:3]}.{code[3:]}"
    if way == "lower":
        return code.lower()
    return f" {code} " if way == "blanks" else code


@st.composite
def diagnoses(draw: st.DrawFn, codes: Sequence[str]) -> list[dict[str, object]]:
    """The diagnosis slots of one claim: gaps, repeats, and other roles now and then."""
    slots = [("principal" if n == 1 else "secondary", n) for n in draw(st.sampled_from(MAIN_LIST))]
    slots += draw(st.sampled_from(OTHER_SLOTS))
    cells_of_slot = rows("diagnoses", DIAGNOSIS_SKIP)
    return [
        add_code(draw(cells_of_slot) | {"code_as_sent": draw(sent_codes(codes)), "role": role, "position": n})
        for role, n in slots
    ]


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, object]]:
    """Up to three service lines, often copies of one another so that duplicates arise."""
    wanted = draw(st.sampled_from((0, 1, 1, 2, 2, 3)))
    made: list[dict[str, object]] = []
    for _ in range(wanted):
        copied = bool(made) and draw(st.booleans())
        made.append(dict(made[-1]) if copied else draw(rows("lines", LINE_SKIP)))
    return [line | {"line_number": number} for number, line in enumerate(made, 1)]


def _move_days(draw: st.DrawFn, row: dict[str, object], columns: Sequence[str], near: Sequence[date]) -> None:
    for column in columns:
        if draw(st.integers(0, 5)) > 0:
            row[column] = draw(st.sampled_from([*near * 2, None]))


@st.composite
def claims(draw: st.DrawFn, codes: Sequence[str]) -> dict[str, object]:
    """One claim with its rows; most of its days lie near one another, so that stays cross a boundary."""
    claim = draw(rows("claims", CLAIM_SKIP))
    near = [draw(st.sampled_from(pools.DAYS)) + timedelta(days=days) for days in (0, 0, 1, 5, -1)]
    _move_days(draw, claim, STAY_DAYS, near)
    made_lines = draw(lines())
    for line in made_lines:
        _move_days(draw, line, LINE_DAYS, near)
    return claim | {
        "diagnoses": draw(diagnoses(codes)),
        "lines": made_lines,
        "procedures": draw(st.lists(rows("procedures", ("position",)), max_size=1)),
    }


@st.composite
def feeds(draw: st.DrawFn) -> Mapping[str, frozenset[str]]:
    """Two files; one lacks a few columns altogether."""
    missing = set(draw(st.lists(st.sampled_from(SOMETIMES_MISSING), max_size=4, unique=True)))
    whole = deliverable_columns()
    if draw(st.integers(0, 5)) == 0:
        table = draw(st.sampled_from(TABLES_SOMETIMES_MISSING))
        missing |= {name for name in whole if name.startswith(f"{table}.")}
    if draw(st.integers(0, 3)) == 0:
        missing |= {role_column(role) for role in draw(st.lists(st.sampled_from(ROLES), max_size=3))}
    return {FILES[0]: whole, FILES[1]: whole - missing}


@st.composite
def batch_settings(draw: st.DrawFn) -> Settings:
    """What the batch says of itself: how far back its claims go, and which types it delivers at all."""
    types = st.lists(st.sampled_from(CLAIM_TYPES[:4]), min_size=1, max_size=3)
    return Settings(
        pools.BATCH_DATE,
        claims_from=draw(st.sampled_from((None, None, *pools.BOUNDARY_DAYS[::4]))),
        delivered=frozenset(draw(types)) if draw(st.booleans()) else None,
    )


@st.composite
def batches(draw: st.DrawFn, codes: Sequence[str], most_claims: int = 6) -> ClaimTables:
    """A partition: a few patients (or none known) with a few claims each, some copies of one another."""
    made: list[dict[str, object]] = []
    for _ in range(draw(st.integers(1, most_claims))):
        copied = bool(made) and draw(st.integers(0, 3)) == 0
        claim = dict(made[-1]) if copied else draw(claims(codes))
        if copied and draw(st.booleans()):
            claim |= {"received_date": draw(st.sampled_from([None, *pools.DAYS]))}
        number = len(made) + 1
        claim |= {
            "claim_id": f"C{number}",
            "claim_key": f"key-{number}",
            "source_file": draw(st.sampled_from(FILES)),
            "source_row": number + 1,
        }
        made.append(claim)
    carried = draw(feeds())
    for claim in made:
        for table in set(TABLES_SOMETIMES_MISSING):
            if f"{table}.code" not in carried[str(claim["source_file"])]:
                claim[table] = []
        named = {f"diagnoses.role={row['role']}" for row in claim["diagnoses"]}  # type: ignore[attr-defined]
        if not named <= carried[str(claim["source_file"])]:
            claim["diagnoses"] = [
                row
                for row in claim["diagnoses"]  # type: ignore[attr-defined]
                if f"diagnoses.role={row['role']}" in carried[str(claim["source_file"])]
            ]
    earlier = frozenset(FILES[1:]) if draw(st.integers(0, 3)) == 0 else frozenset()
    return replace(build_tables(made, carried), earlier=earlier)
