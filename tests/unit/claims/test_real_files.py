"""The real files of every layout: rows add up, and claims that were read by hand come out as they stand there."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import Read, read
from validator.errors import ClaimFileError

pytestmark = pytest.mark.real_data

# file -> layout, rows, claims, lines, diagnoses
FILES = {
    "tuva/medical_claim_2018.csv": ("tuva_medical_claim", 6075, 3106, 6075, 7825),
    "tuva/medical_claim_2018_other_headers.csv": ("tuva_medical_claim", 6075, 3106, 6075, 7825),
    "rif/carrier.csv": ("rif_carrier", 1997, 179, 1997, 1302),
    "rif/outpatient.csv": ("rif_outpatient", 1305, 1110, 1305, 17130),
    "rif/inpatient.csv": ("rif_inpatient", 41, 41, 41, 451),
    "rif/snf.csv": ("rif_inpatient", 638, 6, 638, 58),
    "rif/hospice.csv": ("rif_outpatient", 284, 9, 284, 67),
    "rif/hha.csv": ("rif_outpatient", 15, 14, 15, 68),
    "rif/dme.csv": ("rif_carrier", 4, 4, 4, 31),
    "flat/medical_claims_data.csv": ("flat", 5000, 5000, 5000, 10279),
    "not_icd10/desynpuf_2008_inpatient_icd9.csv": ("synpuf_inpatient", 999, 999, 0, 8954),
}


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_a_real_file_is_accepted(real_data: Path, name: str) -> None:
    account = read(real_data / "claims" / name).account
    assert (account.layout, account.rows_accepted, account.claims, account.lines, account.diagnoses) == FILES[
        name
    ]
    assert (account.rows_rejected, account.unusable_cells) == (0, ())


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("remittance_835", "is an X12 835: a remittance, not a claim"),
        ("garbage", "no layout fits"),
    ],
)
def test_formats_that_are_not_read_are_named(real_data: Path, folder: str, says: str) -> None:
    files = sorted((real_data / "claims" / folder).iterdir())
    for file in files:
        with pytest.raises(ClaimFileError) as caught:
            read(file)
        assert says in caught.value.what


def test_snomed_codes_are_said_once(real_data: Path) -> None:
    with pytest.raises(ClaimFileError, match="SNOMED CT numbers"):
        read(real_data / "claims" / "not_icd10" / "synthea_snomed_claims.csv")


def _claim(found: Read, claim_id: str) -> tuple[dict[str, object], list[tuple[object, ...]], pl.DataFrame]:
    tables = found.tables
    claim = tables.claims.filter(pl.col("claim_id") == claim_id).row(0, named=True)
    diagnoses = tables.diagnoses.filter(pl.col("claim_no") == claim["claim_no"])
    lines = tables.lines.filter(pl.col("claim_no") == claim["claim_no"])
    return (
        claim,
        diagnoses.select("role", "position", "code", "coding_date", "coding_date_source").rows(),
        lines,
    )


def test_a_tuva_claim_reads_as_it_stands(real_data: Path) -> None:
    claim, diagnoses, lines = _claim(read(real_data / "claims/tuva/medical_claim_2018.csv"), "1004555")
    assert (claim["type_of_bill"], claim["setting"], claim["frequency_code"]) == ("853", "outpatient", "3")
    assert (claim["total_charge"], claim["paid_amount"]) == (Decimal("65.00"), Decimal("29.56"))
    day = date(2018, 11, 2)
    assert diagnoses == [("principal", 1, "Z9861", day, "from"), ("secondary", 2, "I2510", day, "from")]
    # The lines stand in four places of the file.
    assert lines.select("line_number", "source_row", "revenue_code").rows() == [
        (3, 2, "0943"),
        (1, 4, "0943"),
        (2, 67, "0943"),
        (4, 76, "0001"),
    ]


def test_a_rif_stay_has_its_principal_diagnosis_once(real_data: Path) -> None:
    claim, diagnoses, lines = _claim(read(real_data / "claims/rif/inpatient.csv"), "-100000001")
    assert (claim["type_of_bill"], claim["setting"], claim["drg"]) == ("111", "inpatient", "917")
    day = date(2015, 3, 24)
    assert [row[:3] for row in diagnoses] == [
        ("principal", 6, "T50904"),
        *(("secondary", n, code) for n, code in enumerate(["G4733", "M810", "E669", "G479", "I10"], start=1)),
        ("admitting", 1, "T50904"),
        ("external_cause", 1, "Y92"),
    ]
    assert {row[3:] for row in diagnoses} == {(day, "discharge")}
    assert lines.select("revenue_code", "procedure_code", "charge").rows() == [
        ("0450", "99221", Decimal("84.94"))
    ]


def test_a_flat_claim_is_judged_by_its_day_of_receipt(real_data: Path) -> None:
    claim, diagnoses, lines = _claim(read(real_data / "claims/flat/medical_claims_data.csv"), "17992785")
    assert (claim["from_date"], claim["total_charge"], claim["claim_type"]) == (
        None,
        Decimal("182.89"),
        "unknown",
    )
    day = date(2021, 6, 23)
    assert diagnoses == [
        ("principal", 1, "J069", day, "received"),
        ("secondary", 2, "M7530", day, "received"),
        ("secondary", 3, "Z0000", day, "received"),
    ]
    assert lines.select("procedure_code", "modifiers").rows() == [("80053", ["GN", "95"])]


def test_both_spellings_of_the_tuva_file_make_the_same_tables(real_data: Path) -> None:
    folder = real_data / "claims" / "tuva"
    found = []
    for name in ("medical_claim_2018.csv", "medical_claim_2018_other_headers.csv"):
        tables = read(folder / name).tables
        claim_id = tables.claims["claim_id"]
        keyed = [
            frame.with_columns(claim_id.gather(frame["claim_no"]))
            for frame in (tables.diagnoses, tables.lines)
        ]
        # The rows stand in another order, and one file was through a spreadsheet that cut zeros off.
        diagnoses = keyed[0].select(
            "claim_id", "role", "position", "code", "coding_date", "present_on_admission"
        )
        lines = keyed[1].select(
            *(
                "claim_id",
                "line_number",
                "procedure_code",
                "revenue_code",
                "place_of_service",
                "units",
                "rendering_npi",
            )
        )
        found.append((sorted(map(repr, diagnoses.rows())), sorted(map(repr, lines.rows()))))
    assert found[0] == found[1]


def test_shards_change_nothing_on_real_files(real_data: Path) -> None:
    files = [real_data / "claims" / name for name in FILES]
    one, many = read(*files), read(*files, shards=5)
    assert one.accounts == many.accounts
    assert sum(part.claims.height for part in many.partitions) == one.tables.claims.height
