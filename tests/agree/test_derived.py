"""Every derived column has the same value in both implementations, on random claims of feeds with gaps."""

from hypothesis import given

from tests.agree.code_pool import code_pool
from tests.agree.plain_codes import plain_codes
from tests.agree.plain_rows import NOTHING, RULE_TABLE, plain_rows
from tests.agree.strategies import batches
from tests.agree.test_agree import quickly
from validator.claims.derive import derive
from validator.claims.schema import TABLES, ClaimTables

# The engine fills it, since it needs the reference.
ELSEWHERE = {"diagnosis.code_system"}
SAID_TO_BE_UNKNOWN = {"claim.setting"}


@quickly
@given(batches(code_pool()))
def test_derived_columns_are_the_same_in_both(tables: ClaimTables) -> None:
    derived = derive(tables)
    plain = plain_rows(tables, plain_codes())
    files = derived.claims["source_file"].to_list()
    for table, columns in TABLES.items():
        rows = getattr(derived, table).to_dicts()
        for column in columns:
            if not column.derived or column.rule_name in ELSEWHERE:
                continue
            for row, plain_row in zip(rows, plain[RULE_TABLE[table]], strict=True):
                known = f"{table}.{column.name}" in derived.carried[files[row["claim_no"]]]
                value = row[column.name] if known else None
                expected = plain_row.values[column.rule_name]
                if value is None and known and column.blank == "none":
                    value = NOTHING
                if column.rule_name in SAID_TO_BE_UNKNOWN and value == "unknown":
                    value = None
                assert value == expected, f"{column.rule_name}: {value}, plain {expected}"
