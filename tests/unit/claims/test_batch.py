"""From rows to claims: headers taken once, patients kept whole, every cell accounted for."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import (
    as_bytes,
    compressed,
    one_line,
    read,
    read_rows,
    read_text,
    whole,
)
from validator.claims.batch import open_batch
from validator.claims.checks import check_types, problems
from validator.claims.schema import ClaimTables


def test_a_header_that_repeats_is_one_claim(tmp_path: Path) -> None:
    rows = [one_line(line_number=str(n), diagnosis_2="E11.9", poa_2="Y") for n in (1, 2, 3)]
    tables = read_rows(tmp_path, *rows).tables
    assert tables.claims.height == 1
    assert tables.claims["claim_key"].item().endswith("-C1")
    assert tables.diagnoses.select("role", "position", "code", "present_on_admission").rows() == [
        ("principal", 1, "M5450", None),
        ("secondary", 2, "E119", "Y"),
    ]
    assert tables.lines["line_number"].to_list() == [1, 2, 3]


def test_lines_of_a_claim_need_not_stand_together(tmp_path: Path) -> None:
    rows = [one_line(claim_id=claim, line_number=line) for line in ("1", "2") for claim in ("A", "B")]
    tables = read_rows(tmp_path, *rows).tables
    assert tables.claims.select("claim_id", "source_row").rows() == [("A", 2), ("B", 3)]
    assert tables.lines.select("claim_no", "line_number", "source_row").rows() == [
        (0, 1, 2),
        (0, 2, 4),
        (1, 1, 3),
        (1, 2, 5),
    ]


def test_where_lines_disagree_the_first_value_stands_and_is_counted(tmp_path: Path) -> None:
    rows = [
        one_line(line_number="1", sex=None, payer_id="A", diagnosis_1=None, admission_date=None),
        one_line(line_number="2", sex="F", payer_id="B", diagnosis_1="I10", admission_date="2026-02-01"),
        one_line(line_number="3", sex="M", payer_id="A", diagnosis_1="E11.9", admission_date=None),
    ]
    found = read_rows(tmp_path, *rows)
    assert found.tables.claims.select("sex", "payer_id", "admission_date").rows() == [
        ("F", "A", date(2026, 2, 1))
    ]
    assert found.tables.diagnoses["code"].to_list() == ["I10"]
    assert found.account.notes == (
        "1 claims whose rows disagree about payer_id; the first value was taken",
        "1 claims whose rows disagree about sex; the first value was taken",
        "1 claims whose rows disagree about the diagnoses; the first value was taken",
    )


def test_a_claim_number_of_two_patients_is_two_claims(tmp_path: Path) -> None:
    rows = [one_line(patient_id=patient) for patient in ("P2", "P1", "P2")]
    for shards in (None, 5):
        found = read_rows(tmp_path, *rows, shards=shards)
        claims = whole(found.partitions)["claims"].sort("source_row")
        sha16 = found.account.sha256[:16]
        assert claims.select("claim_key", "patient_id", "source_row").rows() == [
            (f"{sha16}-C1", "P2", 2),
            (f"{sha16}/2-C1", "P1", 3),
        ]
        assert found.account.notes == (
            "1 claim numbers stand for several patients or claims; each is a claim of its own",
        )


def test_rows_without_a_claim_number_are_rejected(tmp_path: Path) -> None:
    found = read_rows(
        tmp_path, one_line(), one_line(claim_id=None), one_line(claim_id="~"), one_line(claim_id="C2")
    )
    assert found.tables.claims["claim_id"].to_list() == ["C1", "C2"]
    assert found.account.rejected_by_reason == {"no claim number": 2}
    assert found.rejected["row"].to_list() == [3, 4]


def test_a_cell_that_cannot_be_read_costs_the_cell_and_not_the_row(tmp_path: Path) -> None:
    rows = [
        one_line(from_date="tomorrow", birth_date="1980-02-30", units="one", line_charge="12.3.4"),
        one_line(
            from_date="tomorrow",
            birth_date="1980-02-30",
            line_number="x",
            line_from_date="?",
            line_charge="1",
        ),
    ]
    rows = [row | {"denied": "perhaps"} for row in rows]
    found = read_rows(tmp_path, *rows)
    assert found.account.rows_accepted == 2
    assert {(cell.column, cell.reason): cell.count for cell in found.account.unusable_cells} == {
        ("birth_date", "not a date"): 1,
        ("denied", "neither yes nor no"): 1,
        ("from_date", "not a date"): 1,
        ("line_charge", "not an amount"): 1,
        ("line_from_date", "not a date"): 1,
        ("line_number", "not a number"): 1,
        ("units", "not a number"): 1,
    }
    assert found.rejected.filter(pl.col("column") == "line_number").rows() == [
        ("claims.dat", 3, "line_number", "not a number")
    ]
    assert found.tables.claims["from_date"].to_list() == [None]
    assert found.tables.lines["line_number"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-02-10", date(2026, 2, 10)),
        ("2026-02-10T08:15:00Z", date(2026, 2, 10)),
        ("20260210", date(2026, 2, 10)),
        ("10-Feb-2026", date(2026, 2, 10)),
        ("10-FEB-2026", date(2026, 2, 10)),
        ("02/10/2026", date(2026, 2, 10)),
        ("2/1/2026", date(2026, 2, 1)),
        ("02-10-2026", date(2026, 2, 10)),
        ("2026/02/10", date(2026, 2, 10)),
        ("1932-07-01", date(1932, 7, 1)),
        ("2173-07-01", date(2173, 7, 1)),
        ("46063", None),
        ("2/10/26", None),
        ("0026-02-10", None),
        ("20261301", None),
    ],
)
def test_dates_are_read_in_every_form_of_the_layout(tmp_path: Path, cell: str, day: date | None) -> None:
    found = read_rows(tmp_path, one_line(from_date=cell))
    assert found.tables.claims["from_date"].to_list() == [day]
    assert len(found.account.unusable_cells) == (day is None)


def test_serial_days_of_a_spreadsheet_are_dates_only_where_the_layout_says_so(tmp_path: Path) -> None:
    found = read_text(tmp_path, "claim number,dx,date of service\nC1,I10,46063\n")
    assert (found.account.layout, found.tables.claims["from_date"].to_list()) == ("flat", [date(2026, 2, 10)])


@pytest.mark.parametrize("cell", ["00000000", "0000-00-00", "~", " ", "NULL", "9999-12-31"])
def test_fillers_of_a_date_are_blank_and_no_complaint(tmp_path: Path, cell: str) -> None:
    found = read_rows(tmp_path, one_line(discharge_date=cell))
    assert found.tables.claims["discharge_date"].to_list() == [None]
    assert found.account.unusable_cells == ()


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("$1,234.50", "1234.50"),
        ("(12.00)", "-12.00"),
        ("-3", "-3.00"),
        (".5", "0.50"),
        ("1.005", "1.00"),
        ("0", "0.00"),
    ],
)
def test_amounts_are_read_as_people_write_them(tmp_path: Path, cell: str, amount: str) -> None:
    assert read_rows(tmp_path, one_line(total_charge=cell)).tables.claims["total_charge"].to_list() == [
        Decimal(amount)
    ]


def test_codes_are_compared_as_the_code_sets_write_them_and_kept_as_sent(tmp_path: Path) -> None:
    sent = ["m53.26", " E11.9", "E880.9", "25000", "M5.45", "0000000", "I10."]
    row = one_line(**{f"diagnosis_{n}": code for n, code in enumerate(sent, start=1)})
    found = read_rows(tmp_path, row)
    assert found.tables.diagnoses.select("position", "code_as_sent", "code").rows() == [
        (1, "m53.26", "M5326"),
        (2, " E11.9", "E119"),
        (3, "E880.9", "E8809"),
        (4, "25000", "25000"),
        (5, "M5.45", "M5.45"),
        (7, "I10.", "I10"),
    ]
    assert found.account.notes == (
        "1 diagnosis cells in lower case, read as upper case",
        "1 diagnosis cells with blanks around the code, which were removed",
    )


def test_zeros_that_a_spreadsheet_took_are_given_back(tmp_path: Path) -> None:
    row = one_line(
        revenue_code="450",
        place_of_service="7",
        discharge_status="1",
        type_of_bill="0131",
        discharge_hour="9",
        procedure_code="140",
    )
    tables = read_rows(tmp_path, row).tables
    lines = tables.lines.select("revenue_code", "place_of_service", "procedure_code")
    assert lines.rows() == [("0450", "07", "00140")]
    claim = tables.claims.select("discharge_status", "type_of_bill", "frequency_code", "discharge_hour")
    assert claim.rows() == [("01", "131", "1", "09")]


def test_the_total_is_the_sum_of_the_lines_where_the_feed_has_none(tmp_path: Path) -> None:
    def total(*charges: tuple[str | None, str | None]) -> list[Decimal | None]:
        rows = [
            one_line(total_charge=None, line_number=str(n), line_charge=charge, revenue_code=revenue)
            for n, (charge, revenue) in enumerate(charges, start=1)
        ]
        return read_rows(tmp_path, *rows).tables.claims["total_charge"].to_list()

    assert total(("10", None), ("5.50", None)) == [Decimal("15.50")]
    assert total(("10", "0450"), ("5.50", "0300"), ("15.50", "0001")) == [Decimal("15.50")]
    assert total(("10", None), (None, None)) == [None]


@pytest.mark.parametrize(
    ("cells", "claim_type"),
    [
        ({"claim_type": "P"}, "professional"),
        ({"claim_type": None, "type_of_bill": "131"}, "institutional"),
        ({"claim_type": None, "place_of_service": "11"}, "professional"),
        ({"claim_type": None, "place_of_service": None, "diagnosis_pointers": "1"}, "professional"),
        ({"claim_type": None, "place_of_service": None, "diagnosis_pointers": None}, "unknown"),
        ({"claim_type": "LAB"}, "professional"),
    ],
)
def test_the_form_is_told_from_what_the_claim_has(
    tmp_path: Path, cells: dict[str, str | None], claim_type: str
) -> None:
    assert read_rows(tmp_path, one_line(**cells)).tables.claims["claim_type"].to_list() == [claim_type]


@pytest.mark.parametrize("text", ["1:2", "1,2", "A,B", "AB", "a b".replace(" ", ":"), "[1, 2]", "1|2"])
def test_pointers_are_read_in_every_form(tmp_path: Path, text: str) -> None:
    found = read_rows(tmp_path, one_line(diagnosis_pointers=text), format_="tsv")
    assert found.tables.lines["diagnosis_pointers"].to_list() == [[1, 2]]


def test_pointers_that_are_none_are_counted(tmp_path: Path) -> None:
    found = read_rows(tmp_path, one_line(diagnosis_pointers="1:Z9"))
    assert found.tables.lines["diagnosis_pointers"].to_list() == [None]
    assert [(cell.column, cell.reason) for cell in found.account.unusable_cells] == [
        ("diagnosis_pointers", "not a diagnosis pointer")
    ]


RIF = {
    "CLM_ID": "-1",
    "BENE_ID": "-7",
    "NCH_CLM_TYPE_CD": "71",
    "CLM_FROM_DT": "10-Feb-2020",
    "LINE_NUM": "1",
    "ICD_DGNS_CD1": "I10",
    "ICD_DGNS_VRSN_CD1": "0",
    "ICD_DGNS_CD2": "E119",
    "ICD_DGNS_VRSN_CD2": "9",
}


def test_a_line_that_names_its_diagnosis_by_code_points_at_its_slot(tmp_path: Path) -> None:
    rows = [
        RIF | {"LINE_ICD_DGNS_CD": code, "LINE_NUM": str(n)}
        for n, code in enumerate(["E119", "i10", "J449", " "], 1)
    ]
    found = read_rows(tmp_path, *rows, format_="pipe")
    assert found.tables.lines["diagnosis_pointers"].to_list() == [[2], [1], None, None]
    assert [(c.column, c.reason, c.count) for c in found.account.unusable_cells] == [
        ("line_diagnosis", "not a diagnosis of the claim", 1)
    ]
    assert found.tables.diagnoses["declared_code_system"].to_list() == ["icd10cm", "icd9cm"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("I10", [("principal", 1, "I10"), ("secondary", 2, "E119")]),
        ("E11.9", [("principal", 2, "E119"), ("secondary", 1, "I10")]),
        ("J449", [("principal", 1, "J449"), ("secondary", 1, "I10"), ("secondary", 2, "E119")]),
        (" ", [("principal", 1, "I10"), ("secondary", 2, "E119")]),
    ],
)
def test_a_principal_diagnosis_that_is_named_apart_counts_once(
    tmp_path: Path, named: str, expected: list[tuple[str, int, str]]
) -> None:
    tables = read_rows(tmp_path, RIF | {"PRNCPAL_DGNS_CD": named}, format_="pipe").tables
    assert tables.diagnoses.select("role", "position", "code").rows() == expected


def test_a_first_external_cause_that_is_named_apart_counts_once(tmp_path: Path) -> None:
    bill = {"CLM_FAC_TYPE_CD": "1", "CLM_SRVC_CLSFCTN_TYPE_CD": "3", "CLM_FREQ_CD": "1", "REV_CNTR": "0450"}
    claim = (
        {k: v for k, v in RIF.items() if k != "LINE_NUM"}
        | bill
        | {"NCH_CLM_TYPE_CD": "40", "ICD_DGNS_E_CD1": "W19"}
    )
    for first, expected in (("W19", [(1, "W19")]), ("X58", [(1, "W19"), (2, "X58")])):
        found = read_rows(tmp_path, claim | {"FST_DGNS_E_CD": first}, format_="pipe")
        causes = found.tables.diagnoses.filter(pl.col("role") == "external_cause")
        assert (found.account.layout, causes.select("position", "code").rows()) == (
            "rif_outpatient",
            expected,
        )
        assert found.tables.claims["type_of_bill"].to_list() == ["131"]


def test_claim_totals_on_the_lines_of_cclf_are_not_line_charges(tmp_path: Path) -> None:
    row = {
        "claim_id": "C1",
        "claim_line_number": "1",
        "claim_start_date": "2018-01-01",
        "diagnosis_code_1": "I10",
        "diagnosis_poa_1": "0",
        "data_source": "cclf",
        "charge_amount": "65.00",
    }
    rows = [
        row | {"claim_type": "institutional"},
        row | {"claim_type": "institutional", "claim_line_number": "2"},
    ]
    stay = read_rows(tmp_path, *rows).tables
    assert stay.claims["total_charge"].to_list() == [Decimal("65.00")]
    assert stay.lines["charge"].to_list() == [None, None]
    assert stay.diagnoses["present_on_admission"].to_list() == [None]
    visit = read_rows(tmp_path, *({**r, "claim_type": "professional"} for r in rows)).tables
    assert visit.claims["total_charge"].to_list() == [Decimal("130.00")]
    assert visit.lines["charge"].to_list() == [Decimal("65.00")] * 2


def test_the_day_of_receipt_judges_only_where_there_is_no_other_date(tmp_path: Path) -> None:
    text = "claim number,dx,received date,dos\nC1,I10,2026-02-10,\nC2,I10,2026-02-10,2026-01-05\n"
    tables = read_text(tmp_path, text).tables
    assert tables.diagnoses.select("coding_date", "coding_date_source").rows() == [
        (date(2026, 2, 10), "received"),
        (date(2026, 1, 5), "from"),
    ]
    native = read_rows(
        tmp_path, {"claim_id": "C1", "diagnosis_1": "I10", "received_date": "2026-02-10"}
    ).tables
    assert native.diagnoses["coding_date"].to_list() == [None]


def _many(count: int) -> list[dict[str, str | None]]:
    return [
        one_line(
            claim_id=f"C{n // 3}",
            patient_id=f"P{n // 3 % 40}" if n // 3 % 7 else None,
            line_number=str(n % 3 + 1),
            diagnosis_1="M54.50" if n % 5 else "m53.2",
            diagnosis_2="E11.9" if n // 3 % 2 else None,
            from_date="2026-02-10" if n // 3 % 11 else "tomorrow",
            diagnosis_pointers="1:2" if n % 2 else "1",
            line_charge=f"{n}.25",
            total_charge=None,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("shards", [2, 7, 64])
def test_the_number_of_partitions_changes_nothing(tmp_path: Path, shards: int) -> None:
    rows = _many(900)
    for name, part in (("a.csv", rows[:401]), ("b.ndjson", rows[401:700]), ("c.parquet", rows[700:])):
        (tmp_path / name).write_bytes(as_bytes(part, name.split(".")[1]))
    one, many = read(tmp_path), read(tmp_path, shards=shards)
    assert len(many.partitions) > 1
    assert one.accounts == many.accounts
    assert one.rejected.equals(many.rejected)
    for (name, frame), other in zip(
        whole(one.partitions).items(), whole(many.partitions).values(), strict=True
    ):
        assert frame.equals(other), name
    for part in many.partitions:
        assert part.carried == one.tables.carried
    owners = [set(part.claims["patient_id"].drop_nulls()) for part in many.partitions]
    assert sum(map(len, owners)) == len(set().union(*owners)), "a patient lies in two partitions"


def test_little_memory_means_shards_and_the_same_result(tmp_path: Path) -> None:
    rows = _many(30_000)
    (tmp_path / "claims.csv").write_bytes(as_bytes(rows, "csv"))
    one, many = read(tmp_path), read(tmp_path, memory_bytes=1)
    assert len(one.partitions) == 1 < len(many.partitions)
    for (name, frame), other in zip(
        whole(one.partitions).items(), whole(many.partitions).values(), strict=True
    ):
        assert frame.equals(other), name


def test_a_patient_of_two_files_lands_in_one_partition(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        rows = [one_line(claim_id=f"{name}{n}", patient_id=f"P{n}") for n in range(30)]
        (tmp_path / name).write_bytes(as_bytes(rows, "csv"))
    found = read(tmp_path, shards=8)
    for part in found.partitions:
        both = part.claims.group_by("patient_id").agg(pl.col("source_file").n_unique())
        assert both["source_file"].unique().to_list() == [2]


def test_the_same_bytes_twice_are_read_once(tmp_path: Path) -> None:
    content = as_bytes([one_line()], "csv")
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv").write_bytes(content)
    (tmp_path / "c.csv").write_bytes(content.replace(b"C1", b"C2"))
    found = read(tmp_path)
    assert found.tables.claims["claim_id"].to_list() == ["C1", "C2"]
    assert [(account.rows_read, account.notes) for account in found.accounts] == [
        (1, ()),
        (0, ("the same bytes as a.csv; read once",)),
        (1, ()),
    ]


def test_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    for folder in ("east", "west"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "claims.csv").write_bytes(as_bytes([one_line(claim_id=folder)], "csv"))
    found = read(tmp_path / "east" / "claims.csv", tmp_path / "west" / "claims.csv")
    assert [account.path for account in found.accounts] == ["east/claims.csv", "west/claims.csv"]
    again = read(str(tmp_path / "*" / "*.csv"), tmp_path / "east")
    assert [account.path for account in again.accounts] == ["east/claims.csv", "west/claims.csv"]


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(as_bytes([one_line()], "csv"))
    (tmp_path / "b.csv").write_bytes(compressed(as_bytes([one_line(claim_id="C2")], "csv"), "gzip"))
    told: list[tuple[str, int, int]] = []
    read(tmp_path, on_progress=lambda *step: told.append(step))
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told[-1] == ("b.csv", total, total)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_partitions_may_be_read_again_and_accounts_count_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(as_bytes(_many(60), "csv"))
    with open_batch([str(tmp_path)], shards=3) as batch:
        first, second = list(batch.partitions()), list(batch.partitions())
        (account,) = batch.accounts()
    assert (account.claims, account.lines) == (20, 60)
    assert [part.claims.height for part in first] == [part.claims.height for part in second]


def test_the_full_check_names_columns_and_never_values(tmp_path: Path) -> None:
    tables = read_rows(tmp_path, one_line(), one_line(claim_id="C2")).tables
    broken = ClaimTables(
        claims=tables.claims.with_columns(
            pl.lit(None, pl.String).alias("claim_id"), pl.lit(0, pl.UInt32).alias("claim_no")
        ),
        diagnoses=tables.diagnoses,
        procedures=tables.procedures,
        lines=tables.lines,
    )
    assert {text.split(":")[0] for text in problems(broken)} == {"claims.key", "claims.claim_id"}
    with pytest.raises(TypeError, match="the table lines is not as declared: units"):
        check_types(
            ClaimTables(
                tables.claims, tables.diagnoses, tables.procedures, tables.lines.cast({"units": pl.Float64})
            )
        )


@pytest.mark.parametrize(
    ("sent", "read"),
    [("100", "00100"), ("1999", "01999"), ("9921", "9921"), ("99", "99"), ("99213", "99213")],
)
def test_only_a_code_of_anesthesia_can_have_lost_its_zeros(tmp_path: Path, sent: str, read: str) -> None:
    lines = read_rows(tmp_path, one_line(procedure_code=sent)).tables.lines
    assert lines["procedure_code"].to_list() == [read]
