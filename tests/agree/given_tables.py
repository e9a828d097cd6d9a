"""Tables that a test gives in place of the loaded ones, the same rows for both implementations."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from validator.reference.lookup import Reference
from validator.reference.rule_tables import RuleTables
from validator.reference.schema import Spans


@dataclass(frozen=True)
class GivenTable:
    """Rows as text by column, the days that the table speaks about (None: all), and those of each setting."""

    rows: Sequence[Mapping[str, str]]
    covers: Spans | None = None
    settings: Mapping[str, Spans] | None = None


def reference_with(reference: Reference, tables: Mapping[str, GivenTable]) -> Reference:
    """The reference with these tables; of the tables that users add, only these are there."""
    made = reference.with_tables({name: table.rows for name, table in tables.items()})
    held = dict(made.rule_tables.given or {})
    for name, table in tables.items():
        days = {"covers": table.covers} | ({"settings": table.settings} if table.settings else {})
        held[name] = replace(held[name], **days)
    changed = copy.copy(made)
    given = RuleTables(made.tables, held, made.rule_tables._kept)
    object.__setattr__(changed, "rule_tables", given)
    return changed


def _row(**cells: str) -> dict[str, str]:
    return cells


# Each way in which a table can be silent: days without a file, a setting without a file, a code without a row.
GIVEN: Mapping[str, GivenTable] = {
    "hcpcs_level_2": GivenTable(
        [
            _row(code="J1100"),
            _row(code="A0425", valid_from="2019-10-01", valid_to="2023-09-30"),
            _row(code="1234567893", valid_from="2022-04-01"),
        ]
    ),
    "cpt": GivenTable(
        [_row(code="99213"), _row(code="72148", valid_from="2021-10-01")],
        covers=((date(2017, 10, 1), date(2025, 9, 30)),),
    ),
    "mpfs": GivenTable(
        [
            _row(code="99213", status="A", bilateral="0", global_days="XXX", valid_to="2022-03-31"),
            _row(code="99213", status="A", bilateral="2", valid_from="2022-04-01"),
            _row(code="72148", status="R", bilateral="3", global_days="090", valid_from="2020-10-01"),
        ],
        covers=((date(2018, 10, 1), None),),
    ),
    "mue": GivenTable(
        [
            _row(code="99213", value="1", adjudication="2", setting="practitioner"),
            _row(code="99213", value="2", adjudication="3", setting="hospital"),
            _row(code="72148", value="1", adjudication="3", valid_from="2021-10-01"),
            _row(code="A0425", value="0", adjudication="1"),
        ],
        covers=((date(2016, 10, 1), None),),
        settings={"practitioner": ((date(2016, 10, 1), None),)},
    ),
    "visit_time": GivenTable([_row(code="99213", minutes="20"), _row(code="72148", minutes="45")]),
    "ncci_ptp_never": GivenTable(
        [
            _row(left="99213", right="72148", setting="practitioner"),
            _row(left="J1100", right="A0425", valid_from="2020-10-01", valid_to="2024-09-30"),
            _row(left="99213", right="99213", setting="hospital", valid_from="2017-10-01"),
        ],
        covers=((date(2016, 10, 1), date(2026, 9, 30)),),
        settings={
            "practitioner": ((date(2016, 10, 1), date(2026, 9, 30)),),
            "hospital": ((date(2018, 10, 1), date(2022, 9, 30)),),
        },
    ),
    "add_on_primary": GivenTable(
        [_row(left="72148", right="99213"), _row(left="A0425", right="99213", valid_to="2023-09-30")]
    ),
    "coverage": GivenTable(
        [
            _row(left="72148", right="M5450"),
            _row(left="72148", right="M545", valid_to="2021-09-30"),
            _row(left="99213", right="I10"),
        ]
    ),
}
