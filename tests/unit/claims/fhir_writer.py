"""Write claims as FHIR resources, as Blue Button (STU3, R4) and clearinghouses do: for tests and benchmarks."""

import gzip
import json
from typing import Any

_ICD = {"icd10cm": {"r4": "http://hl7.org/fhir/sid/icd-10-cm", "stu3": "http://hl7.org/fhir/sid/icd-10"}}
_ICD["icd9cm"] = dict.fromkeys(("r4", "stu3"), "http://hl7.org/fhir/sid/icd-9-cm")
_TYPES = {"professional": "71", "institutional": "60", "pharmacy": ""}


def concept(code: str, system: str = "http://example.org/codes") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def money(value: str) -> dict[str, Any]:
    return {"value": float(value), "currency": "USD"}


def resource(
    claim: dict[str, Any], kind: str = "ExplanationOfBenefit", version: str = "r4"
) -> dict[str, Any]:
    """One resource; see `a_claim` for what one holds."""
    stu3 = version == "stu3"
    form = claim["form"]
    made: dict[str, Any] = {
        "resourceType": kind,
        "id": f"x-{claim['id']}",
        "status": claim["status"],
        "identifier": [
            {"system": "https://bluebutton.cms.gov/resources/variables/clm_id", "value": claim["id"]}
        ],
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": form}]},
        "patient": {"reference": f"Patient/{claim['patient']}"},
        "billablePeriod": {"start": claim["from"], "end": claim["through"]},
        "insurer": {"identifier": {"value": "PAYER1"}},
        "diagnosis": [
            _diagnosis(each, n, claim["system"], version)
            for n, each in enumerate(claim["diagnoses"], start=1)
        ],
        "item": [_item(line, n, kind, stu3) for n, line in enumerate(claim["lines"], start=1)],
        "careTeam": [
            {
                "sequence": 1,
                "provider": {
                    "identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": claim["npi"]}
                },
                "role": concept("primary" if stu3 else "performing"),
            }
        ],
    }
    if _TYPES[form]:
        made["type"]["coding"].append(
            {"system": "https://bluebutton.cms.gov/resources/variables/nch_clm_type_cd", "code": _TYPES[form]}
        )
    provider = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": claim["npi"]}}
    if stu3:
        made["organization"] = provider
    else:
        made["provider"] = {"reference": "#org"}
        made["contained"] = [
            {
                "resourceType": "Organization",
                "id": "org",
                "identifier": [{"type": concept("npi"), "value": claim["npi"]}],
            }
        ]
    if kind == "Claim":
        made["total"] = money(claim["charge"])
    elif stu3:
        made["totalCost"] = money(claim["charge"])
    else:
        made["total"] = [{"category": concept("submitted"), "amount": money(claim["charge"])}]
    if form == "institutional":
        made["information" if stu3 else "supportingInfo"] = [
            {
                "category": concept(
                    "https://bluebutton.cms.gov/resources/variables/ptnt_dschrg_stus_cd"
                    if stu3
                    else "discharge-status"
                ),
                "code": concept("01"),
            }
        ]
        if stu3:
            made["hospitalization"] = {"start": claim["from"], "end": claim["through"]}
        else:
            made["supportingInfo"] += [
                {
                    "category": concept("admissionperiod"),
                    "timingPeriod": {"start": claim["from"], "end": claim["through"]},
                },
                {"category": concept("typeofbill"), "code": concept("0111")},
            ]
        made["procedure"] = [
            {
                "sequence": n,
                "date": f"{claim['from']}T00:00:00Z",
                "procedureCodeableConcept": concept(code, "http://hl7.org/fhir/sid/icd-10"),
            }
            for n, code in enumerate(claim["procedures"], start=1)
        ]
    return made


def _diagnosis(each: tuple[str, str, str], number: int, system: str, version: str) -> dict[str, Any]:
    code, kind, present = each
    made: dict[str, Any] = {"sequence": number, "type": [concept(kind)]}
    made["diagnosisCodeableConcept"] = concept(code, _ICD[system][version])
    if present:
        made["extension"] = [
            {
                "url": f"https://bluebutton.cms.gov/resources/variables/clm_poa_ind_sw{number}",
                "valueCoding": {"code": present},
            }
        ]
    return made


def _item(line: dict[str, Any], number: int, kind: str, stu3: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sequence": number,
        "service" if stu3 else "productOrService": concept(
            line["code"], "https://bluebutton.cms.gov/resources/codesystem/hcpcs"
        ),
        "modifier": [concept(modifier) for modifier in line["modifiers"]],
        "servicedPeriod": {"start": line["day"], "end": line["day"]},
        "quantity": {"value": float(line["units"])},
        "diagnosisLinkId" if stu3 else "diagnosisSequence": line["pointers"],
        "careTeamLinkId" if stu3 else "careTeamSequence": [1],
        "locationCodeableConcept": concept("11"),
    }
    if kind == "Claim":
        made["net"] = money(line["charge"])
    else:
        category = (
            "https://bluebutton.cms.gov/resources/variables/line_sbmtd_chrg_amt" if stu3 else "submitted"
        )
        made["adjudication"] = [{"category": concept(category), "amount": money(line["charge"])}]
    return made


def a_claim(number: str, **changes: Any) -> dict[str, Any]:
    """A plain claim of one line and one diagnosis."""
    line = {
        "code": "99213",
        "modifiers": [],
        "charge": "10",
        "units": "1",
        "day": "2026-01-10",
        "pointers": [1],
    }
    return {
        "id": number,
        "form": "professional",
        "status": "active",
        "patient": "P1",
        "npi": "1234567893",
        "from": "2026-01-10",
        "through": "2026-01-10",
        "charge": "10",
        "system": "icd10cm",
        "procedures": [],
        "diagnoses": [("M5450", "principal", "")],
        "lines": [line],
        **changes,
    }


def ndjson(resources: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(each) + "\n" for each in resources)


SHAPES = {
    "ndjson": ndjson,
    "gzip": lambda resources: gzip.compress(ndjson(resources).encode()),
    "list": lambda resources: json.dumps(resources, indent=1),
    "bundle": lambda resources: json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}
    ),
    "pretty bundle": lambda resources: json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}, indent=2
    ),
}
