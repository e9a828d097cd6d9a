"""The `given` of an example becomes canonical claims: one clean claim, changed as the example says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import cast

import polars as pl

from validator.claims.codes import normalised_code
from validator.claims.derive import derive
from validator.claims.schema import ROLES, TABLES, ClaimTables, Column, rule_columns
from validator.errors import Place, RuleError

CLEAN_DATE = date(2026, 2, 10)
BATCH_DATE = date(2026, 11, 23)  # of examples that give none: a fixed day, so that they never age
CLAIMS_FROM = date(2000, 1, 1)

_PARTS = ("claim", "patient", "diagnosis", "diagnoses", "line", "lines", "procedure", "procedures")
_INPATIENT_BILLS = ("11", "18", "21", "28", "41")
_BLANKS = ("", "~", None)

_CLEAN_CLAIM = {
    "claim_id": "EXAMPLE", "claim_type": "professional", "feed": "submission", "patient_id": "PATIENT",
    "birth_date": date(1980, 5, 5), "sex": "F", "from_date": CLEAN_DATE, "billing_npi": "1234567893",
    "payer_id": "PAYER", "source_row": 2,
}  # fmt: skip
_CLEAN_LINE = {
    "procedure_code": "99213", "units": Decimal(1), "charge": Decimal("100.00"), "place_of_service": "11",
    "rendering_npi": "1234567893", "diagnosis_pointers": [1],
}  # fmt: skip
_CLEAN_DIAGNOSIS = {"code_as_sent": "I10"}

_RULE_COLUMNS = rule_columns()


@dataclass(frozen=True)
class Given:
    """An example's situation: its claims, the date of its batch, and the columns its feed does not carry."""

    claims: Sequence[Mapping[str, object]]
    batch_date: date = BATCH_DATE
    claims_from: date = CLAIMS_FROM
    delivered: frozenset[str] | None = None
    tables: str = "{}"  # of the reference, as JSON: examples with the same tables are judged together
    not_recorded: frozenset[str] = frozenset()
    place: Place | None = field(default=None, compare=False)


def read_given(given: Mapping[str, object], place: Place | None = None) -> Given:
    """Check the keys of `given` and split it into claims, batch date and columns not carried."""
    known = {"claims", "batch", "not_recorded", "tables", *_PARTS}
    _refuse_unknown(given, known, "given", place)
    claims = (
        _sequence(given["claims"]) if "claims" in given else [{p: given[p] for p in _PARTS if p in given}]
    )
    batch = _mapping(given.get("batch", {}), "batch", place)
    _refuse_unknown(batch, {"date", "claims_from", "delivers"}, "batch", place)
    absent = frozenset(_canonical(str(name), place) for name in _sequence(given.get("not_recorded", [])))
    return Given(
        claims=[copy for c in claims for copy in _copies(_mapping(c, "claims", place), place)],
        batch_date=_day(batch, "date", BATCH_DATE, place),
        claims_from=_day(batch, "claims_from", CLAIMS_FROM, place),
        delivered=frozenset(str(t) for t in _sequence(batch["delivers"])) if "delivers" in batch else None,
        tables=json.dumps(_mapping(given.get("tables", {}), "tables", place), sort_keys=True),
        not_recorded=absent,
        place=place,
    )


def _copies(claim: Mapping[str, object], place: Place | None) -> list[Mapping[str, object]]:
    """`times: 60` stands for so many claims that are alike but for their numbers."""
    parts = {name: value for name, value in claim.items() if name != "times"}
    times = _value(claim["times"], Column("times", pl.Int32, ""), place) if "times" in claim else 1
    return [parts] * times if isinstance(times, int) else [parts]


def _day(batch: Mapping[str, object], name: str, otherwise: date, place: Place | None) -> date:
    told = _value(batch[name], Column(name, pl.Date, ""), place) if name in batch else otherwise
    if not isinstance(told, date):
        raise RuleError(f"the {name} of the example's batch is blank", place=place)
    return told


def build_claims(given: Sequence[Given]) -> ClaimTables:
    """Canonical tables of several examples at once; example n is the source file `example-n`.

    Patients and claims of different examples are told apart, so that no rule joins across examples.
    """
    rows: dict[str, list[dict[str, object]]] = {table: [] for table in TABLES}
    carried = {}
    everything = frozenset(f"{t}.{c.name}" for t, columns in TABLES.items() for c in columns if not c.derived)
    everything |= {f"diagnoses.role={role}" for role in ROLES}
    for number, example in enumerate(given):
        file = f"example-{number}"
        carried[file] = everything - example.not_recorded
        for position, parts in enumerate(example.claims):
            _add_claim(rows, parts, file, position, example)
    tables: dict[str, pl.DataFrame] = {}
    for table, columns in TABLES.items():
        schema = {c.name: c.type for c in columns if not c.derived}
        frame = pl.DataFrame(rows[table], schema=schema, orient="row")
        gone = [
            pl.when(~pl.col("file").is_in(files)).then(pl.col(c.name)).alias(c.name)
            for c in columns
            if (files := [f for f, names in carried.items() if f"{table}.{c.name}" not in names])
            and not c.derived
        ]
        claim_files = pl.Series("file", [row["source_file"] for row in rows["claims"]], dtype=pl.String)
        frame = frame.with_columns(pl.lit(claim_files).gather(pl.col("claim_no")).alias("file")).with_columns(
            gone
        )
        tables[table] = frame.drop("file")
    diagnoses = tables["diagnoses"].with_columns(normalised_code(pl.col("code_as_sent")).alias("code"))
    tables["diagnoses"] = diagnoses.filter(pl.col("code").is_not_null())
    derived = derive(
        ClaimTables(tables["claims"], tables["diagnoses"], tables["procedures"], tables["lines"], carried)
    )
    return derived


def _add_claim(
    rows: dict[str, list[dict[str, object]]],
    parts: Mapping[str, object],
    file: str,
    position: int,
    example: Given,
) -> None:
    place = example.place
    _refuse_unknown(parts, set(_PARTS), "claims", place)
    claim_no = len(rows["claims"])
    said = {
        **_typed("claim", _mapping(parts.get("claim", {}), "claim", place), place),
        **_typed("patient", _mapping(parts.get("patient", {}), "patient", place), place),
    }
    claim = {**_CLEAN_CLAIM, "claim_id": f"EXAMPLE-{position + 1}", **said}
    if claim.get("type_of_bill") and "claim_type" not in said:
        claim["claim_type"] = "institutional"
    institutional = claim["claim_type"] == "institutional"
    claim.setdefault("through_date", claim["from_date"])
    bill = str(claim.get("type_of_bill") or "")
    if institutional:
        claim.setdefault("frequency_code", bill[2:3] or None)
    if institutional and bill[:2] in _INPATIENT_BILLS:
        claim.setdefault("admission_date", claim["from_date"])
        claim.setdefault("discharge_date", claim["through_date"])
        claim.setdefault("discharge_status", "01")
    lines = _lines(parts, claim, institutional, place)
    if "total_charge" not in said:
        charges = (line["charge"] for line in lines)
        claim["total_charge"] = sum((c for c in charges if isinstance(c, Decimal)), Decimal(0))
    claim |= {"claim_no": claim_no, "source_file": file, "source_row": position + 2}
    claim["claim_key"] = f"{file}-{position}-{claim['claim_id']}"
    if claim["patient_id"] is not None:
        claim["patient_id"] = f"{file}/{claim['patient_id']}"
    rows["claims"].append(claim)
    here = {"claim_no": claim_no, "source_row": position + 2}
    rows["lines"] += [{**line, **here} for line in lines]
    rows["diagnoses"] += [{**d, **here} for d in _diagnoses(parts, place)]
    rows["procedures"] += [
        {"position": n, **_typed("procedure", p, place), "claim_no": claim_no}
        for n, p in enumerate(_listed(parts, "procedure", "procedures", [], place), 1)
    ]


def _lines(
    parts: Mapping[str, object], claim: Mapping[str, object], institutional: bool, place: Place | None
) -> list[dict[str, object]]:
    clean = dict(_CLEAN_LINE)
    if institutional:
        clean |= {"place_of_service": None, "diagnosis_pointers": None, "rendering_npi": None}
    clean |= {"from_date": claim["from_date"], "through_date": claim["through_date"]}
    return [
        {**clean, "line_number": n, **_typed("line", line, place)}
        for n, line in enumerate(_listed(parts, "line", "lines", [{}], place), 1)
    ]


def _diagnoses(parts: Mapping[str, object], place: Place | None) -> list[dict[str, object]]:
    """The given diagnoses; role and position default to the next free slot of the main list."""
    made = []
    taken: dict[str, int] = {}
    for given in _listed(parts, "diagnosis", "diagnoses", [{}], place):
        said = _typed("diagnosis", given, place)
        if "code" in said:
            said.setdefault("code_as_sent", said.pop("code"))
        main_list_free = taken.get("main", 0) + 1
        role = said.get("role") or ("principal" if main_list_free == 1 else "secondary")
        group = "main" if role in ("principal", "secondary") else str(role)
        position = said.get("position") or taken.get(group, 0) + 1
        taken[group] = max(taken.get(group, 0), int(str(position)))
        made.append({**_CLEAN_DIAGNOSIS, **said, "role": role, "position": position})
    return made


def _listed(
    parts: Mapping[str, object], one: str, many: str, default: list, place: Place | None
) -> list[Mapping[str, object]]:
    if many in parts:
        listed = parts[many] or []
        return [_mapping(each, many, place) for each in listed]  # type: ignore[attr-defined]
    return [_mapping(parts[one], one, place)] if one in parts else default


def _typed(rule_table: str, given: Mapping[str, object], place: Place | None) -> dict[str, object]:
    """Text values become what their columns hold; keys are the columns' names in rules."""
    columns = {n.split(".", 1)[1]: c for n, (_, c) in _RULE_COLUMNS.items() if n.startswith(f"{rule_table}.")}
    columns = {name: c for name, c in columns.items() if not c.derived}
    _refuse_unknown(given, set(columns), rule_table, place)
    return {columns[name].name: _value(value, columns[name], place) for name, value in given.items()}


def _value(value: object, column: Column, place: Place | None) -> object:
    if not isinstance(value, list | tuple) and value in _BLANKS:
        return None
    if isinstance(column.type, pl.List):
        element = Column(column.name, cast("pl.DataType", column.type.inner), "")
        parts = value if isinstance(value, list | tuple) else str(value).split(":")
        return [_value(part, element, place) for part in parts]
    text = str(value)
    try:
        if column.type == pl.Date:
            return date.fromisoformat(text)
        if isinstance(column.type, pl.Decimal):
            return Decimal(text)
        if column.type.is_integer():
            return int(text)
        if column.type == pl.Boolean:
            return {"true": True, "false": False}[text]
    except (ValueError, KeyError, InvalidOperation):
        raise RuleError(
            f"the example gives {column.name} as '{text}', which is no {_kind(column)}",
            fix="Dates are written 2026-02-10, numbers with digits, yes and no as true and false.",
            place=place,
        ) from None
    return text


def _kind(column: Column) -> str:
    return "date" if column.type == pl.Date else "true or false" if column.type == pl.Boolean else "number"


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _mapping(value: object, name: str, place: Place | None) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise RuleError(f"`{name}` of the example must hold names and values", place=place)


def _canonical(rule_name: str, place: Place | None) -> str:
    if rule_name.startswith("diagnosis.role="):  # a feed without diagnoses in this role
        return rule_name.replace("diagnosis.", "diagnoses.", 1)
    if rule_name not in _RULE_COLUMNS:
        near = get_close_matches(rule_name, _RULE_COLUMNS, n=1)
        raise RuleError(
            f"`not_recorded` names '{rule_name}', which is no column"
            + (f"; did you mean {near[0]}?" if near else ""),
            place=place,
        )
    table, column = _RULE_COLUMNS[rule_name]
    return f"{table}.{column.name}"


def _refuse_unknown(given: Mapping[str, object], known: set[str], where: str, place: Place | None) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise RuleError(f"`{where}` of the example has no '{name}'{hint}", place=place)
