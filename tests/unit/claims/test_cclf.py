"""CCLF: the files of Part A become claims, every row of every file is used or rejected, chains are netted."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.claims.claim_files import Read, read
from validator.claims.cclf import NO_HEADER, NO_PLACE, TAKEN
from validator.claims.netting import net
from validator.errors import ClaimFileError

HEADER = (
    "CUR_CLM_UNIQ_ID|PRVDR_OSCAR_NUM|BENE_MBI_ID|CLM_TYPE_CD|CLM_FROM_DT|CLM_THRU_DT|CLM_BILL_FAC_TYPE_CD|"
    "CLM_BILL_CLSFCTN_CD|PRNCPL_DGNS_CD|ADMTG_DGNS_CD|CLM_PMT_AMT|BENE_PTNT_STUS_CD|DGNS_DRG_CD|FAC_PRVDR_NPI_NUM|"
    "CLM_ADJSMT_TYPE_CD|CLM_BILL_FREQ_CD|DGNS_PRCDR_ICD_IND|CLM_MDCR_INSTNL_TOT_CHRG_AMT|CLM_CNTL_NUM|CLM_ORG_CNTL_NUM"
)
LINES = (
    "CUR_CLM_UNIQ_ID|CLM_LINE_NUM|CLM_LINE_FROM_DT|CLM_LINE_THRU_DT|CLM_LINE_PROD_REV_CTR_CD|CLM_LINE_HCPCS_CD|"
    "CLM_LINE_SRVC_UNIT_QTY|HCPCS_1_MDFR_CD"
)
PROCEDURES = "CUR_CLM_UNIQ_ID|CLM_VAL_SQNC_NUM|CLM_PRCDR_CD|CLM_PRCDR_PRFRM_DT"
DIAGNOSES = "CUR_CLM_UNIQ_ID|CLM_PROD_TYPE_CD|CLM_VAL_SQNC_NUM|CLM_DGNS_CD|CLM_POA_IND"


def header(
    claim: str, *, principal: str = "I214", kind: str = "0", number: str = "~", names: str = "~"
) -> str:
    return (
        f"{claim}|100001|M1|60|2026-01-10|2026-01-12|1|1|{principal}|R079|900.00|01|247|1234567893|{kind}|1|0|"
        f"1000.00|{number}|{names}"
    )


def deliver(folder: Path, **parts: list[str]) -> Path:
    heads = {"1": HEADER, "2": LINES, "3": PROCEDURES, "4": DIAGNOSES}
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in parts.items():
        (folder / f"{part}.csv").write_text("\n".join([heads[part[-1]], *rows]) + "\n")
    return folder


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    return deliver(
        tmp_path / "one",
        cclf1=[header("0001"), header("0002", principal="M532")],
        cclf2=[
            "0001|1|2026-01-10|2026-01-12|0120|~|2.0000|~",
            "0001|2|2026-01-11|2026-01-11|0300|80053|1.0000|91",
            "0009|1|2026-01-11|2026-01-11|0300|80053|1.0000|~",
        ],
        cclf3=["0001|2|B2111ZZ|2026-01-11", "0001|1|4A023N7|2026-01-10"],
        cclf4=[
            "0001|D|3|E119|N",
            "0001|D|1|I214|Y",
            "0001|1|1|W19XXXA|~",
            "0001|E|1|W19XXXA|Y",
            "0001|E|2|Y929|~",
            "0002|D|1|M532|~",
            "0002|D|1|I10|~",
            "0002|D|77|I10|~",
            "0002|D|~|I10|~",
            "0008|D|1|I10|~",
        ],
    )


def by_claim(back: Read) -> dict[str, list[tuple]]:
    claims = back.tables.claims["claim_id"]
    told: dict[str, list[tuple]] = {claim: [] for claim in claims}
    for row in back.tables.diagnoses.to_dicts():
        told[claims[row["claim_no"]]].append(
            (row["role"], row["position"], row["code"], row["present_on_admission"])
        )
    return told


def test_the_files_of_a_delivery_become_claims(delivery: Path) -> None:
    back = read(delivery)
    assert by_claim(back) == {
        "0001": [
            ("principal", 1, "I214", "Y"),
            ("secondary", 3, "E119", "N"),
            ("admitting", 1, "R079", None),
            ("external_cause", 1, "W19XXXA", "Y"),
            ("external_cause", 2, "Y929", None),
        ],
        "0002": [("principal", 1, "M532", None), ("admitting", 1, "R079", None)],
    }
    tables = back.tables
    assert tables.claims.select("type_of_bill", "frequency_code", "drg").rows() == [("111", "1", "247")] * 2
    assert set(tables.diagnoses["declared_code_system"]) == {"icd10cm"}
    assert tables.procedures.sort("position")["code"].to_list() == ["4A023N7", "B2111ZZ"]
    lines = tables.lines.select("claim_no", "line_number", "revenue_code", "procedure_code", "modifiers")
    assert lines.rows() == [(0, 1, "0120", None, None), (0, 2, "0300", "80053", ["91"])]


def test_every_row_is_used_or_rejected_in_the_account_of_its_file(delivery: Path) -> None:
    told = {account.path: account for account in read(delivery).accounts}
    assert {path: (a.rows_read, a.rows_accepted) for path, a in told.items()} == {
        "cclf1.csv": (2, 2),
        "cclf2.csv": (3, 2),
        "cclf3.csv": (2, 2),
        "cclf4.csv": (10, 6),
    }
    assert told["cclf2.csv"].rejected_by_reason == {NO_HEADER: 1}
    assert told["cclf4.csv"].rejected_by_reason == {NO_HEADER: 1, NO_PLACE: 2, TAKEN: 1}


def test_a_delivery_without_its_diagnoses_is_not_judged_by_half(delivery: Path) -> None:
    (delivery / "cclf4.csv").unlink()
    with pytest.raises(ClaimFileError, match=r"without CCLF4 \(diagnoses\)"):
        read(delivery)


def test_a_part_alone_says_what_it_is(delivery: Path) -> None:
    with pytest.raises(ClaimFileError, match=r"without CCLF1 \(headers\)"):
        read(delivery / "cclf4.csv")


def test_two_deliveries_in_one_folder_are_refused_and_in_two_are_read(delivery: Path, tmp_path: Path) -> None:
    deliver(tmp_path / "two", cclf1=[header("0003")], cclf2=[], cclf4=["0003|D|1|I214|Y"])
    assert read(tmp_path).tables.claims.height == 3
    deliver(delivery, more4=["0001|D|9|I10|~"])
    with pytest.raises(ClaimFileError, match="several CCLF4 files"):
        read(delivery / "cclf1.csv", delivery / "cclf4.csv", delivery / "more4.csv", delivery / "cclf2.csv")


def test_cancelled_and_adjusted_claims_are_netted_by_the_control_number(tmp_path: Path) -> None:
    rows = [
        header("0001", number="C1"),
        header("0002", kind="1", number="C2", names="C1"),
        header("0003", kind="2", number="C3", names="C1"),
        header("0004", number="C4"),
    ]
    for order in (rows, rows[::-1]):
        back = read(deliver(tmp_path / str(len(order[0])), cclf1=order, cclf2=[], cclf4=[]))
        standing, gone = net(back.tables)
        assert sorted(standing.claims["claim_id"]) == ["0003", "0004"]
        assert dict(gone.select("claim_id", "why").rows())["0002"] == "is a void"


def test_part_b_and_part_d_are_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "cclf5.csv").write_text(
        "CUR_CLM_UNIQ_ID|CLM_LINE_NUM|BENE_MBI_ID|CLM_TYPE_CD|CLM_FROM_DT|CLM_LINE_FROM_DT|CLM_POS_CD|CLM_LINE_HCPCS_CD|"
        "CLM_LINE_DGNS_CD|RNDRG_PRVDR_NPI_NUM|CLM_ADJSMT_TYPE_CD|CLM_DGNS_1_CD|CLM_DGNS_2_CD|DGNS_PRCDR_ICD_IND\n"
        "01|1|M1|71|2026-01-15|2026-01-15|11|99213|M532|1234567893|0|E119|M532|0\n"
        "01|2|M1|71|2026-01-15|2026-01-15|11|36415|E119|1234567893|0|E119|M532|0\n"
    )
    (tmp_path / "cclf6.csv").write_text(
        "CUR_CLM_UNIQ_ID|CLM_LINE_NUM|BENE_MBI_ID|CLM_TYPE_CD|CLM_FROM_DT|CLM_LINE_HCPCS_CD|PAYTO_PRVDR_NPI_NUM\n"
        "02|1|M1|82|2026-01-15|E0601|1234567893\n"
    )
    (tmp_path / "cclf7.csv").write_text(
        "CUR_CLM_UNIQ_ID|BENE_MBI_ID|CLM_LINE_NDC_CD|CLM_LINE_FROM_DT|CLM_LINE_SRVC_UNIT_QTY\n"
        "03|M1|00002323230|2026-01-20|30.0000\n"
    )
    back = read(tmp_path)
    assert [account.layout for account in back.accounts] == ["cclf5", "cclf6", "cclf7"]
    assert back.tables.claims.select("claim_id", "claim_type").rows() == [
        ("01", "professional"),
        ("02", "professional"),
        ("03", "pharmacy"),
    ]
    assert back.tables.diagnoses["code"].to_list() == ["E119", "M532"]
    assert back.tables.lines["diagnosis_pointers"].to_list() == [[2], [1], None, None]
    assert all("has a diagnosis" in " ".join(account.notes) for account in back.accounts[1:])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_is_lost_of_a_shuffled_and_damaged_delivery(seed: int) -> None:
    chance = random.Random(seed)
    claims = [f"{n:04d}" for n in range(5)]
    rows = {
        "cclf1": [header(claim) for claim in claims],
        "cclf2": [
            f"{chance.choice([*claims, '9999', '~'])}|{n}|2026-01-10|2026-01-10|0300|80053|1|~"
            for n in range(9)
        ],
        "cclf4": [
            f"{chance.choice([*claims, '9999', ''])}|{chance.choice('DE1')}|{chance.choice(['1', '2', '99', '', 'x'])}|I10|Y"
            for _ in range(15)
        ],
    }
    for part in rows.values():
        chance.shuffle(part)
        if chance.random() < 0.5:
            part[:] = part[: chance.randrange(len(part) + 1)]
        if part and chance.random() < 0.3:
            part.append("too|few")
    with tempfile.TemporaryDirectory() as folder:
        # `read` holds every account to rows read = accepted + rejected, each rejection with its row.
        try:
            back = read(deliver(Path(folder) / "d", **rows))
        except ClaimFileError:
            return
    for account in back.accounts:
        assert account.rows_read == len(rows[account.path.removesuffix(".csv")])
    there = {row.split("|")[0] for row in rows["cclf1"] if "too" not in row}
    assert set(back.tables.claims["claim_id"] if back.partitions else []) == there
