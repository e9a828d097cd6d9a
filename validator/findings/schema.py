"""The columns of findings.parquet and of what is reported beside it."""

from collections.abc import Mapping

import polars as pl

from validator.claims.schema import CLAIM_TYPES, MONEY, ROLES, TEXT_LIST

SEVERITY = pl.Enum(("reject", "deny", "audit", "advise"))  # worst first, so that sorting shows it first
CONFIDENCE = pl.Enum(("certain", "likely", "possible"))

FINDINGS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "finding_id": pl.String,  # 16 hexadecimal characters, `-2` added for equal ones
    "rule_id": pl.String,
    "rule_version": pl.UInt16,
    "severity": SEVERITY,
    "confidence": CONFIDENCE,
    "claim_id": pl.String,
    "claim_key": pl.String,
    "claim_type": pl.Enum(CLAIM_TYPES),
    "patient_id": pl.String,
    "payer_id": pl.String,
    "billing_npi": pl.String,
    "rendering_npi": pl.String,
    "line_number": pl.UInt16,
    "diagnosis_role": pl.Enum(ROLES),
    "diagnosis_position": pl.UInt8,
    "code": pl.String,  # dotted
    "code_title": pl.String,
    "coding_date": pl.Date,
    "message": pl.String,
    "suggestions": TEXT_LIST,  # whole dotted codes, each billable on the coding date, at most 20
    "related": TEXT_LIST,
    "citation": pl.String,
    "carc": pl.String,
    "rarc": pl.String,
    "amount_at_risk": MONEY,
    "source_file": pl.String,
    "source_row": pl.UInt32,
    "reference_release": pl.String,
}

# One row per rule of the profile, also those that found nothing.
RULE_COUNTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "rule_id": pl.String,
    "rule_version": pl.UInt16,
    "title": pl.String,
    "status": pl.String,
    "severity": SEVERITY,  # the plain (last) severity
    "flagged": pl.UInt64,
    "clear": pl.UInt64,
    "not_evaluated": pl.UInt64,
    "out_of_scope": pl.UInt64,
    "suppressed": pl.UInt64,  # of the flagged
    "amount_at_risk": MONEY,  # each line once within the rule
    "why_not_evaluated": pl.String,  # the file or column that would unlock it, blank otherwise
}

CLAIMS_AT_RISK: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "claim_key": pl.String,
    "claim_id": pl.String,
    "patient_id": pl.String,
    "payer_id": pl.String,
    "billing_npi": pl.String,
    "biller_id": pl.String,
    "claim_type": pl.Enum(CLAIM_TYPES),
    "findings": pl.UInt32,
    "worst_severity": SEVERITY,
    "amount_at_risk": MONEY,  # each line once, never more than was charged
    "risk_score": pl.Decimal(5, 2),  # 0-100
    "expected_loss": MONEY,
    "due_date": pl.Date,  # last day to file it by the profile's timely_filing; blank for paid claims
    "source_file": pl.String,
    "source_row": pl.UInt32,
}

# Every diagnosis of a claim with findings, in the order of the claim; for the page only.
CLAIM_CODES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "claim_key": pl.String,
    "role": pl.String,
    "position": pl.UInt8,
    "code": pl.String,  # dotted
    "coding_date": pl.Date,
    "status": pl.String,  # of the code on its date
}

STANDING: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "finding_id": pl.String,
    "standing": pl.Enum(("new", "open", "reopened", "snoozed", "accepted", "suppressed")),
    "first_seen": pl.Date,
}
