"""FHIR: what is written as ExplanationOfBenefit or Claim is read back, and nothing crashes the reader."""

import gzip
import json
import tempfile
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.unit.claims.claim_files import Read, read, read_text
from tests.unit.claims.fhir_writer import SHAPES, a_claim, concept, ndjson, resource
from tests.unit.claims.fuzz import read_claims
from validator.errors import ClaimFileError

# A claim takes a tenth of a second to read: what fails is shown as it was found.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
codes10 = st.sampled_from(["M54.50", "E119", "I10", "S72.001A", "Z0000", "K219"])
codes9 = st.sampled_from(["25000", "401.9", "V270"])
days = st.dates(date(2016, 1, 1), date(2026, 9, 30)).map(str)
money = st.decimals(Decimal(0), Decimal("99999.99"), places=2).map(str)
ids = st.text("ABCDEF12345-", min_size=1, max_size=12).filter(lambda text: text.strip("-"))


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Any]:
    form = draw(st.sampled_from(["professional", "institutional"]))
    old = draw(st.booleans())
    code = codes9 if old else codes10
    present = st.sampled_from(["", "Y", "N"]) if form == "institutional" else st.just("")
    # Distinct codes: a second principal is one of the others, a repeated one is counted once.
    coded = draw(st.lists(code, min_size=1, max_size=5, unique=True))
    kinds = ["principal", *(draw(st.sampled_from(["secondary", "other"])) for _ in coded[1:])]
    diagnoses = [(c, kind, draw(present)) for c, kind in zip(coded, kinds, strict=True)]
    day = draw(days)
    line = st.fixed_dictionaries(
        {
            "code": st.sampled_from(["99213", "J0696"]),
            "modifiers": st.lists(st.sampled_from(["25", "59", "RT"]), max_size=4),
            "charge": money,
            "units": st.integers(0, 99).map(str),
            "day": st.just(day),
            "pointers": st.lists(st.integers(1, len(diagnoses)), min_size=1, max_size=4, unique=True),
        }
    )
    return {
        "id": draw(ids),
        "form": form,
        "status": "active",
        "patient": draw(ids),
        "npi": "1234567893",
        "from": day,
        "through": day,
        "charge": draw(money),
        "system": "icd9cm" if old else "icd10cm",
        "diagnoses": diagnoses,
        "procedures": draw(st.lists(st.just("0SR9019"), max_size=3)) if form == "institutional" else [],
        "lines": draw(st.lists(line, max_size=3)),
    }


def told(back: Read) -> list[dict[str, Any]]:
    tables = back.tables
    found = []
    for claim in tables.claims.sort("source_row").to_dicts():
        own = {
            name: [r for r in frame.to_dicts() if r["claim_no"] == claim["claim_no"]]
            for name, frame in tables
        }
        found.append(
            {
                "id": claim["claim_id"],
                "form": claim["claim_type"],
                "patient": claim["patient_id"],
                "npi": claim["billing_npi"],
                "payer": claim["payer_id"],
                "from": str(claim["from_date"]),
                "discharge": claim["discharge_date"] and str(claim["discharge_date"]),
                "charge": claim["total_charge"],
                "diagnoses": [
                    (r["code_as_sent"], r["role"], r["present_on_admission"] or "", r["declared_code_system"])
                    for r in own["diagnoses"]
                ],
                "procedures": [r["code"] for r in own["procedures"]],
                "lines": [
                    (
                        r["procedure_code"],
                        r["modifiers"] or [],
                        r["charge"],
                        r["units"],
                        str(r["from_date"]),
                        r["place_of_service"],
                        r["rendering_npi"],
                        r["diagnosis_pointers"],
                    )
                    for r in own["lines"]
                ],
            }
        )
    return found


def expected(claim: dict[str, Any]) -> dict[str, Any]:
    hospital = claim["form"] == "institutional"
    roles = ["principal", *["secondary"] * (len(claim["diagnoses"]) - 1)]
    return {
        "id": claim["id"],
        "form": claim["form"],
        "patient": claim["patient"],
        "npi": claim["npi"],
        "payer": "PAYER1",
        "from": claim["from"],
        "discharge": claim["through"] if hospital else None,
        "charge": Decimal(claim["charge"]),
        "diagnoses": [
            (code, role, present, claim["system"])
            for (code, _, present), role in zip(claim["diagnoses"], roles, strict=True)
        ],
        "procedures": claim["procedures"],
        "lines": [
            (
                line["code"],
                line["modifiers"],
                Decimal(line["charge"]),
                Decimal(line["units"]),
                line["day"],
                "11",
                claim["npi"],
                line["pointers"],
            )
            for line in claim["lines"]
        ],
    }


@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(claims(), min_size=1, max_size=4),
    st.sampled_from(list(SHAPES)),
    st.sampled_from([("ExplanationOfBenefit", "r4"), ("ExplanationOfBenefit", "stu3"), ("Claim", "r4")]),
)
def test_what_is_written_is_read_back(sent: list[dict[str, Any]], shape: str, kind: tuple[str, str]) -> None:
    text = SHAPES[shape]([resource(one, *kind) for one in sent])
    with tempfile.TemporaryDirectory() as folder:
        back = read_text(Path(folder), text, "claims.json")
    assert told(back) == [expected(claim) for claim in sent]
    assert back.account.feed == ("submission" if kind[0] == "Claim" else "adjudicated")
    assert back.account.unusable_cells == ()


def test_one_resource_alone_is_read(tmp_path: Path) -> None:
    for indent in (None, 2):
        back = read_text(tmp_path, json.dumps(resource(a_claim("A")), indent=indent), "one.json")
        assert back.tables.claims["claim_id"].to_list() == ["A"]


def test_a_patient_in_the_bundle_fills_who_the_claim_is_about(tmp_path: Path) -> None:
    person = {
        "resourceType": "Patient",
        "id": "P1",
        "birthDate": "1950-02-03",
        "gender": "female",
        "deceasedDateTime": "2026-02-01T00:00:00Z",
    }
    back = read_text(tmp_path, SHAPES["bundle"]([resource(a_claim("A")), person]), "bundle.json")
    [row] = back.tables.claims.select("birth_date", "sex", "death_date").rows()
    assert row == (date(1950, 2, 3), "F", date(2026, 2, 1))
    assert "1 resources of kind Patient, which are no claims of this file" in back.account.notes


def test_several_principals_and_a_repeated_one(tmp_path: Path) -> None:
    diagnoses = [
        ("E119", "other", ""),
        ("I10", "principal", ""),
        ("K219", "principal", ""),
        ("I10", "secondary", ""),
        ("R05", "admitting", ""),
        ("W19XXXA", "externalcauseofinjury", ""),
        ("R51", "patientreasonforvisit", ""),
    ]
    line = {**a_claim("A")["lines"][0], "pointers": [4, 1, 5]}
    back = read_text(tmp_path, ndjson([resource(a_claim("A", diagnoses=diagnoses, lines=[line]))]))
    assert back.tables.diagnoses.select("role", "position", "code").rows() == [
        ("principal", 1, "I10"),
        ("secondary", 2, "E119"),
        ("secondary", 3, "K219"),
        ("admitting", 1, "R05"),
        ("reason_for_visit", 1, "R51"),
        ("external_cause", 1, "W19XXXA"),
    ]
    # The repeated principal is the principal; the admitting diagnosis is no place to point at.
    assert back.tables.lines["diagnosis_pointers"].to_list() == [[1, 2]]


def test_an_entry_without_a_code_is_counted(tmp_path: Path) -> None:
    made = resource(a_claim("A"))
    made["diagnosis"].append({"sequence": 2, "type": [concept("other")]})
    back = read_text(tmp_path, ndjson([made]))
    assert back.tables.diagnoses.height == 1
    assert "1 diagnosis entries without a code, which are passed over" in back.account.notes


def test_a_cancelled_claim_is_a_void(tmp_path: Path) -> None:
    back = read_text(tmp_path, ndjson([resource(a_claim("A", status="cancelled"))]))
    assert back.tables.claims["frequency_code"].to_list() == ["8"]


def test_the_icd_10_coding_goes_before_others(tmp_path: Path) -> None:
    made = resource(a_claim("A"))
    made["diagnosis"][0]["diagnosisCodeableConcept"]["coding"].insert(
        0, {"system": "http://snomed.info/sct", "code": "44054006"}
    )
    assert read_text(tmp_path, ndjson([made])).tables.diagnoses["code"].to_list() == ["M5450"]


def test_snomed_codes_are_said_once(tmp_path: Path) -> None:
    made = [
        resource(a_claim(number, diagnoses=[(code, "principal", "")]))
        for number, code in (("A", "44054006"), ("B", "38341003"))
    ]
    with pytest.raises(ClaimFileError, match="SNOMED CT"):
        read_text(tmp_path, ndjson(made))


def test_every_bad_line_is_rejected_with_a_reason(tmp_path: Path) -> None:
    wrong = resource(a_claim("B"))
    wrong["item"] = "SECRET"
    lines = ["{broken", json.dumps(wrong), json.dumps({"resourceType": "ExplanationOfBenefit"}), "[1, 2]"]
    back = read_text(tmp_path, ndjson([resource(a_claim("A"))]) + "\n".join(lines))
    assert back.tables.claims["claim_id"].to_list() == ["A"]
    assert back.account.rejected_by_reason == {
        "not a JSON object": 2,
        "not formed as FHIR says: a value of the wrong type": 1,
        "a claim without a number, diagnoses or items": 1,
    }


def test_elements_that_nothing_reads_are_listed_once(tmp_path: Path) -> None:
    made = resource(a_claim("A"))
    made["item"][0]["adjudication"][0]["reason"] = concept("SECRET")
    made["prescription"] = {"reference": "SECRET"}
    [said] = [
        note for note in read_text(tmp_path, ndjson([made])).account.notes if note.startswith("not used")
    ]
    assert said == (
        "not used (seen in the first 200 claims): item[].adjudication[].amount.currency,"
        " item[].adjudication[].reason, prescription"
    )


@pytest.mark.parametrize("text", ['{"resourceType": "Patient", "id": "1"}', '{"resourceType": "Bundle"}'])
def test_fhir_without_claims_is_refused_or_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClaimFileError, match="FHIR without an ExplanationOfBenefit or Claim"):
        read_text(tmp_path, text, "one.json")


@pytest.mark.parametrize(
    "text",
    [
        b'{"resourceType": "ExplanationOfBenefit", "diagnosis": ' + b"[" * 100_000,
        b'{"resourceType": "ExplanationOfBenefit", "id": "a", "item": [{"quantity": {"value": 1e400}}]}',
        b'{"resourceType": "ExplanationOfBenefit", "id": "a", "id": "b", "diagnosis": [{"sequence": -99999999999999}]}',
        b'{"resourceType": "Bundle", "entry": [{"resource": null}, {"resource": {"resourceType": "Claim"}}]}',
        b'[{"resourceType": "Claim", "id": "a", "item": [{"sequence": 1e3}]}]',
        b'\xef\xbb\xbf{"resourceType": "Claim", "id": "\xed\xa0\x80"}',
    ],
)
def test_nasty_documents_never_crash(tmp_path: Path, text: bytes) -> None:
    assert read_claims(text, tmp_path) in ("read", "refused")


@pytest.mark.real_data
def test_the_real_file_has_as_many_claims_codes_and_items_as_a_plain_count_finds(real_data: Path) -> None:
    path = real_data / "claims" / "fhir_eob" / "EOB-500.ndjson.gz"
    found: Counter[str] = Counter()
    with gzip.open(path, "rt") as lines:
        for line in lines:
            made = json.loads(line)
            found["claims"] += 1
            found["items"] += len(made.get("item", []))
            for each in made.get("diagnosis", []):
                kinds = {c["code"] for t in each.get("type", []) for c in t["coding"]}
                code = each.get("diagnosisCodeableConcept", {}).get("coding", [{}])[0].get("code")
                if code:
                    found["diagnoses"] += (kinds != {"admitting"}) + ("admitting" in kinds)
    account = read(path).account
    assert (account.claims, account.lines) == (found["claims"], found["items"])
    repeated = sum(int(n.split()[0]) for n in account.notes if "repeat the principal" in n)
    assert account.diagnoses + repeated == found["diagnoses"]
