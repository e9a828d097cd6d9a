"""One dict per claim, diagnosis, procedure and line, with every value a rule may read under its rule name.

A value is one of three things: something; None, which means nobody told us; or NOTHING, which means that
there is no such thing (an office visit has no discharge date, and the feed would have said so).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from tests.agree import plain_derive
from validator.claims.schema import ROLES, TABLES, ClaimTables

NOTHING = object()

RULE_TABLE = {"claims": "claim", "diagnoses": "diagnosis", "procedures": "procedure", "lines": "line"}
NPI_COLUMNS = ("claims.billing_npi", "claims.facility_npi", "claims.attending_npi", "lines.rendering_npi")
SAID_TO_BE_UNKNOWN = ("claim.type", "claim.setting")
LAST_OF_DAYS = (1, date.min)


@dataclass(frozen=True)
class PlainRow:
    """One row of one table. `claim` is the row of the claim it is on (itself for a claim)."""

    table: str
    number: int
    claim_no: int
    claim_key: object
    carried: frozenset[str]
    values: dict[str, object]
    raw: dict[str, object]
    order: tuple[object, ...]
    is_earlier: bool = False

    def may_have(self, table: str, roles: Collection[str] | None = None) -> bool:
        """Whether the feed of this row carries such rows at all; if not, nobody knows whether there are any.

        `roles`: of diagnoses, the roles that would do (None: any). A feed that names no roles may have all.
        """
        needed = {"diagnosis": "diagnoses.code", "procedure": "procedures.code"}.get(table)
        if needed is not None and needed not in self.carried:
            return False
        named = {name.split("=")[1] for name in self.carried if name.startswith("diagnoses.role=")}
        return roles is None or not named or bool(named.intersection(roles))

    @property
    def own_date(self) -> date | None:
        """The date that `in_force` and dated sets are held against."""
        if self.table == "diagnosis":
            return self.values["diagnosis.coding_date"]
        own = {"line": "line.from_date", "procedure": "procedure.date"}.get(self.table)
        if own and self.values[own] is not None:
            return self.values[own]
        return self.values["claim.from_date"]

    @property
    def code_date(self) -> date | None:
        """The day whose tables judge the code of a line or procedure: of a stay, that of the discharge."""
        if self.table != "procedure" or self.values["claim.setting"] != "inpatient":
            return self.own_date
        discharged = self.values["claim.discharge_date"]
        return discharged if isinstance(discharged, date) else self.values["claim.through_date"]


def plain_rows(tables: ClaimTables, codes) -> dict[str, list[PlainRow]]:
    """Every row of the partition by table, derived columns worked out again from the delivered ones."""
    claims = {row["claim_no"]: row for row in tables.claims.to_dicts()}
    lines = {no: [row for row in tables.lines.to_dicts() if row["claim_no"] == no] for no in claims}
    diagnoses = {no: [row for row in tables.diagnoses.to_dicts() if row["claim_no"] == no] for no in claims}
    rows: dict[str, list[PlainRow]] = {name: [] for name in RULE_TABLE.values()}
    for no, claim in claims.items():
        carried = tables.carried.get(claim["source_file"], frozenset())
        _derive_claim(claim, lines[no], diagnoses[no], carried, codes)
        key = claim["claim_key"]
        earlier = claim["source_file"] in tables.earlier
        claim_values = _named_values("claims", claim, carried)
        claim_order = (
            _blank_last(claim["received_date"]),
            _blank_last(claim["from_date"]),
            claim["claim_id"],
            claim["source_file"],
            claim["source_row"],
        )
        rows["claim"].append(
            PlainRow("claim", no, no, key, carried, claim_values, claim, claim_order, earlier)
        )
        children = {
            "diagnoses": diagnoses[no],
            "procedures": [row for row in tables.procedures.to_dicts() if row["claim_no"] == no],
            "lines": lines[no],
        }
        for table, delivered in children.items():
            for row in delivered:
                values = claim_values | _named_values(table, row, carried)
                name = RULE_TABLE[table]
                order = (*claim_order, no, *_order_within_claim(row))
                made = rows[name]
                made.append(PlainRow(name, len(made), no, key, carried, values, row, order, earlier))
    return rows


def _blank_last(day: date | None) -> tuple[int, date]:
    return LAST_OF_DAYS if day is None else (0, day)


def _order_within_claim(row: dict[str, object]) -> tuple[object, ...]:
    role = ROLES.index(row["role"]) if "role" in row else 0
    place = row["position"] if "position" in row else row["line_number"]
    return role, place, row.get("source_row", 0)


def _derive_claim(claim, lines, diagnoses, carried, codes) -> None:
    """Fill the derived columns of one claim; what rests on columns not carried stays blank."""
    claim["setting"] = plain_derive.setting(claim)
    claim["age"] = plain_derive.age(claim, lines)
    claim["days"] = plain_derive.days(claim)
    claim["days_to_receipt"] = plain_derive.days_to_receipt(claim)
    claim.update(plain_derive.main_list(diagnoses))
    if not delivers_main_list(carried):
        claim["diagnosis_count"] = None
    claim["lines_total"] = plain_derive.lines_total(lines)
    npis = plain_derive.npis(claim, lines)
    claim["npis_sent"] = len(npis) if carried.intersection(NPI_COLUMNS) else None
    claim["npis_malformed"] = [where for where, npi in npis if not plain_derive.is_npi(npi)]
    filled = {row["position"] for row in diagnoses if row["role"] in ("principal", "secondary")}
    for line in lines:
        facts = plain_derive.pointer_facts(line, filled)
        if "lines.diagnosis_pointers" not in carried:
            facts = dict.fromkeys(facts)
        line.update(facts)
        line["side"] = plain_derive.side(line)
        line.update(plain_derive.line_days(line))
        line["units_fractional"] = plain_derive.units_fractional(line)
    for row in diagnoses:
        if row.get("coding_date") is None:
            row["coding_date"], row["coding_date_source"] = plain_derive.coding_date(
                claim, lines, row["role"], row["position"]
            )
        row["code_system"] = plain_derive.code_system(
            row,
            listed10=codes.ever_listed(row["code"]),
            listed9=codes.icd9_exists(row["code"]),
            well_formed=codes.well_formed(row["code"]),
            on=row["coding_date"],
        )


def delivers_main_list(carried: frozenset[str]) -> bool:
    """Whether the feed has a list of diagnoses at all."""
    roles = {"diagnoses.role=principal", "diagnoses.role=secondary"}
    return "diagnoses.code" in carried and bool(roles & carried)


def _is_told(name: str, carried: frozenset[str]) -> bool:
    """Whether a blank of this column is an answer: the feed carries it, or what it is made from."""
    if name in ("claims.diagnosis_gap", "claims.diagnosis_list"):
        return delivers_main_list(carried)
    made_from = {"lines.first_pointer": "lines.diagnosis_pointers", "lines.side": "lines.modifiers"}
    return made_from.get(name, name) in carried


def _named_values(table: str, row: dict[str, object], carried: frozenset[str]) -> dict[str, object]:
    """Rule name -> value; a blank of a `none` column is NOTHING where the feed carries the column."""
    values = {}
    for column in TABLES[table]:
        if column.rule_name is None:
            continue
        value = row[column.name]
        if value == [] or (value == "unknown" and column.rule_name in SAID_TO_BE_UNKNOWN):
            value = None
        if value is None and column.blank == "none" and _is_told(f"{table}.{column.name}", carried):
            value = NOTHING
        values[column.rule_name] = value
    return values
