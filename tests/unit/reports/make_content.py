"""Makes finished runs of any size for the tests of the reports room: plausible, seeded, nobody's claims."""

import random
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from validator.claims.schema import REJECTED_ROWS, SUPERSEDED
from validator.findings.schema import CLAIMS_AT_RISK, FINDINGS, RULE_COUNTS, STANDING
from validator.reports.content import RuleText, RunContent

BATCH_DATE = date(2026, 2, 10)

# rule id, title, severity, confidence, why, citation, what its message says
RULES = (
    (
        "DX001",
        "Diagnosis code is not in ICD-10-CM",
        "reject",
        "certain",
        "A code that no release ever listed cannot be read by any payer.",
        "45 CFR 162.1002; ICD-10-CM FY 2026 tabular list",
        "{code} has never been a code of ICD-10-CM",
    ),
    (
        "DX002",
        "Header diagnosis code reported where a billable code is required",
        "reject",
        "certain",
        "A subdivided category is not a valid code on its own: the claim must say which part is meant.",
        "ICD-10-CM Official Guidelines I.B.2; MCE edit 1",
        "{code} ({title}) is a header on {day}; 9 billable codes stand below it",
    ),
    (
        "DX003",
        "Diagnosis code lacks its 7th character",
        "reject",
        "certain",
        "The 7th character tells the encounter; without it the code is incomplete.",
        "ICD-10-CM Official Guidelines I.A.5",
        "{code} ({title}) lacks its 7th character: A initial, D subsequent, S sequela",
    ),
    (
        "DX004",
        "Diagnosis code had ended before the service",
        "reject",
        "certain",
        "Codes end on 30 September or 31 March; the service date decides, not the billing date.",
        "ICD-10-CM FY 2026 addenda",
        "{code} ({title}) had ended when the service took place on {day}",
    ),
    (
        "DX014",
        "Service after the last loaded release",
        "advise",
        "certain",
        "What the next release changes is not known here.",
        "ICD-10-CM releases",
        "{code} on {day} lies after the last loaded release",
    ),
    (
        "DX101",
        "Manifestation code reported first",
        "deny",
        "certain",
        "The underlying disease is sequenced before its manifestation.",
        "ICD-10-CM Official Guidelines I.A.13; MCE edit 6",
        "{code} ({title}) is a manifestation and stands first",
    ),
    (
        "DX205",
        "Sex of the patient and of the code disagree",
        "deny",
        "likely",
        "Either the code or the patient's record is wrong.",
        "MCE edit 5",
        "{code} ({title}) does not fit the recorded sex of the patient",
    ),
    (
        "CL408",
        "Billing NPI fails its check digit",
        "reject",
        "certain",
        "An NPI carries a check digit; this number cannot have been issued.",
        "45 CFR 162.406",
        "the billing NPI is not a possible NPI",
    ),
    (
        "PX311",
        "Line repeated on the same claim",
        "audit",
        "possible",
        "Two equal lines are paid once unless the record shows two services.",
        "Medicare Claims Processing Manual chapter 1, 120",
        "the line repeats an earlier line of the claim",
    ),
    (
        "CL402",
        "Service dated after the claim was received",
        "audit",
        "likely",
        "A claim cannot know the future.",
        "Medicare Claims Processing Manual chapter 1",
        "service after receipt",
    ),
)

CODES = (
    (
        "M53.2",
        "Spinal instabilities",
        "M53.2X1;M53.2X2;M53.2X3;M53.2X4;M53.2X5;M53.2X6;M53.2X7;M53.2X8;M53.2X9",
    ),
    ("M54.5", "Low back pain", "M54.50;M54.51;M54.59"),
    ("E11.62", "Type 2 diabetes mellitus with skin complications", "E11.620;E11.621;E11.622;E11.628"),
    ("S72.001", "Fracture of unspecified part of neck of right femur", "S72.001A;S72.001D;S72.001S"),
    ("G35", "Multiple sclerosis", "G35.A;G35.B0;G35.C0;G35.D"),
    ("F02.80", "Dementia in other diseases classified elsewhere", ""),
    ("I10.0", "", ""),
    ("Z86.73", "Personal history of transient ischemic attack and cerebral infarction", ""),
    ("N40.0", "Benign prostatic hyperplasia without lower urinary tract symptoms", ""),
    ("H40.1", "Open-angle glaucoma", "H40.10X0;H40.1110;H40.1120;H40.1130"),
)
_TITLES = {
    suggestion: f"{title}, as {suggestion} says"
    for _, title, suggestions in CODES
    for suggestion in filter(None, suggestions.split(";"))
}
_REASONS = {"claim id is blank": 31, "no column holds a date that can be read": 9}


def rule_texts() -> tuple[RuleText, ...]:
    return tuple(
        RuleText(
            rule_id=rule_id,
            title=title,
            why=why,
            citation=citation,
            severity=severity,
            confidence=confidence,
            status="active",
            version=2,
            logic_hash=f"{number:064x}",
            tags=("icd10cm",),
            false_alarms=(
                "The code was valid on the day, and the date on the claim is wrong",
                "A split claim repeats the line on purpose",
            )
            if confidence != "certain"
            else (),
        )
        for number, (rule_id, title, severity, confidence, why, citation, _) in enumerate(RULES)
    )


def make_findings(count: int, *, seed: int = 7) -> pl.DataFrame:
    """`count` findings over about two thirds as many claims, with Zipf-like rules, codes and providers."""
    dice = random.Random(seed)
    providers = [
        str(1_000_000_000 + dice.randrange(999_999_999)) for _ in range(max(3, min(400, count // 8)))
    ]
    payers = ["MEDICARE", "MEDICAID-OH", "BCBS-07", "AETNA", "UHC-2", "CIGNA", "SELF"]
    rows = []
    claim = 0
    for number in range(count):
        if number == 0 or dice.random() < 0.67:
            claim += 1
            total = Decimal(dice.randrange(4_000, 900_000)) / 100
            provider = providers[min(int(dice.paretovariate(0.9)) - 1, len(providers) - 1)]
            payer = payers[min(int(dice.paretovariate(1.0)) - 1, 6)] if dice.random() > 0.04 else None
            day = date(2025, 9, 1) + timedelta(days=dice.randrange(150))
        rule_id, _, severity, confidence, _, citation, says = RULES[min(int(dice.paretovariate(0.7)) % 17, 9)]
        code, title, suggestions = CODES[min(int(dice.paretovariate(0.8)) % 23, 9)]
        if rule_id == "CL408":
            code, title, suggestions = None, "", ""
        on_line = rule_id.startswith("PX")
        rows.append(
            {
                "finding_id": f"{dice.getrandbits(64):016x}",
                "rule_id": rule_id,
                "rule_version": 2,
                "severity": severity,
                "confidence": confidence,
                "claim_id": f"CLM{26_000_000 + claim:09d}",
                "claim_key": f"{7:016x}-{claim:09d}",
                "claim_type": "professional" if claim % 4 else "institutional",
                "patient_id": f"PAT{claim % 997:05d}",
                "payer_id": payer,
                "billing_npi": provider,
                "rendering_npi": provider if claim % 3 else None,
                "line_number": 1 + number % 4 if on_line else None,
                "diagnosis_role": None if on_line else "principal" if number % 3 else "secondary",
                "diagnosis_position": None if on_line else 1 + number % 5,
                "code": code,
                "code_title": title or None,
                "coding_date": day,
                "message": says.format(code=code, title=title, day=day),
                "suggestions": [s for s in suggestions.split(";") if s]
                if rule_id in ("DX002", "DX003")
                else [],
                "related": [],
                "citation": citation,
                "carc": "16" if severity == "reject" else None,
                "rarc": "M76" if severity == "reject" else None,
                "amount_at_risk": Decimal(0)
                if severity == "advise"
                else total
                if severity == "reject"
                else total / 2,
                "source_file": "professional.csv" if claim % 4 else "institutional.parquet",
                "source_row": 2 + claim,
                "reference_release": "ICD-10-CM FY2026",
            }
        )
    frame = pl.DataFrame(rows, schema=dict(FINDINGS)) if rows else pl.DataFrame(schema=dict(FINDINGS))
    return frame.sort("rule_id", "claim_key", "finding_id")


def make_content(count: int = 60, *, findings: pl.DataFrame | None = None, **changes: object) -> RunContent:
    """A whole run with `count` findings; `changes` replace fields of RunContent."""
    found = make_findings(count) if findings is None else findings
    per_claim = (
        found.filter(pl.col("claim_key").is_not_null())
        .group_by("claim_key")
        .agg(
            pl.col("claim_id", "patient_id", "payer_id", "billing_npi", "claim_type").first(),
            (pl.col("payer_id").first().cast(pl.String) + "-B").alias("biller_id"),
            pl.len().cast(pl.UInt32).alias("findings"),
            pl.col("severity").min().alias("worst_severity"),
            pl.col("amount_at_risk").max(),
            pl.lit("63.00").str.to_decimal(scale=2).cast(pl.Decimal(5, 2)).alias("risk_score"),
            (pl.col("amount_at_risk").max() * Decimal("0.63")).cast(pl.Decimal(12, 2)).alias("expected_loss"),
            (pl.col("coding_date").max() + pl.duration(days=365)).alias("due_date"),
            pl.col("source_file", "source_row").first(),
        )
        .sort("claim_key")
        .select([pl.col(name).cast(type_) for name, type_ in CLAIMS_AT_RISK.items()])
    )
    by_worst = per_claim.group_by("worst_severity").agg(pl.col("amount_at_risk").sum())
    values: dict[str, object] = {
        "batch_date": BATCH_DATE,
        "tool_version": "0.1.0",
        "run_hash": f"{0xA1B2C3D4:08x}" + "e" * 56,
        "whole": True,
        "inputs": [_input("professional.csv", rejected=_REASONS), _input("institutional.parquet")],
        "settings": {"profile": "default", "fail_on": "reject", "layout": None, "mask": False},
        "reference": {
            "sha256": "5e" * 32,
            "covers_from": date(2015, 10, 1),
            "covers_to": date(2026, 9, 30),
            "releases": [{"system": "ICD-10-CM", "name": "FY2026", "rows": 74_719}],
        },
        "rules": rule_texts(),
        "findings": found,
        "claims_at_risk": per_claim,
        "rule_counts": make_rule_counts(found),
        "superseded_claims": pl.DataFrame(schema=dict(SUPERSEDED)),
        "rejected_rows": pl.DataFrame(
            [
                {
                    "source_file": "professional.csv",
                    "row": 12,
                    "column": "claim_id",
                    "reason": "claim id is blank",
                }
            ],
            schema=dict(REJECTED_ROWS),
        ),
        "totals": {
            "claims": 12_345,
            "judged": 12_301,
            "findings": found.height,
            "charged": Decimal("8123456.70"),
            "amount_by_severity": dict(
                zip(by_worst["worst_severity"], by_worst["amount_at_risk"], strict=True)
            ),
        },
        "exit_code": 1,
        "risk_formula": "100 x (1 - product of (1 - severity weight x confidence factor)) over its findings.",
        "code_titles": _TITLES,
        "timings": {"read": 1.5, "judge": 2.25},
        **changes,
    }
    return RunContent(**values)  # type: ignore[arg-type]


def make_rule_counts(found: pl.DataFrame) -> pl.DataFrame:
    amounts = {
        row["rule_id"]: row
        for row in found.group_by("rule_id").agg(pl.len(), pl.col("amount_at_risk").sum()).to_dicts()
    }
    rows = []
    for number, (rule_id, title, severity, *_) in enumerate(RULES):
        counted = amounts.get(rule_id, {"len": 0, "amount_at_risk": Decimal(0)})
        waits = 412 if rule_id in ("DX205", "CL402") else 0
        rows.append(
            {
                "rule_id": rule_id,
                "rule_version": 2,
                "title": title,
                "status": "active",
                "severity": severity,
                "flagged": counted["len"],
                "clear": 0 if rule_id == "CL402" else 48_000 + number,
                "not_evaluated": waits,
                "out_of_scope": 120 * number,
                "suppressed": 0,
                "amount_at_risk": counted["amount_at_risk"],
                "why_not_evaluated": "patient.sex is blank (400 rows); claim.received_date is not in the feed (12 rows)"
                if rule_id == "DX205"
                else "claim.received_date is not in the feed (412 rows)"
                if rule_id == "CL402"
                else "",
            }
        )
    return pl.DataFrame(rows, schema=dict(RULE_COUNTS))


def make_standing(found: pl.DataFrame) -> pl.DataFrame:
    """Every standing occurs, in turn."""
    words = STANDING["standing"].categories  # type: ignore[union-attr]
    return found.select(
        "finding_id",
        pl.int_range(pl.len())
        .map_elements(lambda n: words[n * n % 7 % 6], return_dtype=pl.String)
        .cast(STANDING["standing"])
        .alias("standing"),
        pl.lit(date(2026, 2, 3)).alias("first_seen"),
    )


def _input(path: str, *, rejected: dict[str, int] | None = None, **changes: object) -> dict[str, object]:
    lost = sum((rejected or {}).values())
    return {
        "path": path,
        "sha256": "ab" * 32,
        "bytes": 1_234_567,
        "format": path.rsplit(".", maxsplit=1)[-1],
        "layout": "native",
        "feed": "submission",
        "rows_read": 30_000,
        "rows_accepted": 30_000 - lost,
        "rows_rejected": lost,
        "rejected_by_reason": rejected or {},
        "unusable_cells": ({"column": "line_from_date", "reason": "not a date", "count": 3},)
        if rejected
        else (),
        "claims": 6_172,
        "lines": 29_000,
        "diagnoses": 41_000,
        "columns_not_used": ["member_note", "batch_no"] if rejected else [],
        "notes": ["14 codes look like SNOMED CT and were not judged"] if rejected else [],
        "error": None,
        **changes,
    }
