"""Made-up nights for the ledger: findings by claim and rule, as small as can be."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from validator.findings.schema import FINDINGS, RULE_COUNTS
from validator.ledger.book import Ledger, Night
from validator.ledger.standing import Presence, gone, standing_of

DAYS = [date(2026, 2, day) for day in range(1, 29)]
NPI = "1234567893"


def findings_frame(found: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """One finding for each (claim id, rule id)."""
    rows = [
        {
            "finding_id": f"{claim}-{rule}",
            "rule_id": rule,
            "severity": "reject",
            "claim_id": claim,
            "billing_npi": NPI,
            "amount_at_risk": Decimal("10.00"),
        }
        for claim, rule in found
    ]
    return pl.DataFrame(rows, schema=dict(FINDINGS)).with_columns(suppressed_by=pl.lit(None, pl.Int32))


def claims_frame(claims: Sequence[str], replaces: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "billing_npi": [NPI] * len(claims),
            "claim_id": list(claims),
            "frequency_code": ["7" if claim in replaces else "1" for claim in claims],
            "original_claim_id": [replaces.get(claim) for claim in claims],
        },
        schema_overrides=dict.fromkeys(
            ("billing_npi", "claim_id", "frequency_code", "original_claim_id"), pl.String
        ),
    )


def judge(
    out: Path,
    day: date,
    claims: Sequence[str],
    found: Sequence[tuple[str, str]],
    *,
    rules: Sequence[str] = ("DX002", "DX201"),
    replaces: Mapping[str, str] | None = None,
    name: str = "a",
) -> tuple[dict[str, str], dict[str, str]]:
    """One night from the past to the record: the standing of its findings, and what is gone, by finding id."""
    ledger = Ledger(out)
    past = ledger.memory(day).past
    presence = Presence(past)
    presence.add(
        claims_frame(claims, replaces or {}),
        pl.DataFrame({"rendering_npi": []}, schema={"rendering_npi": pl.String}),
    )
    findings = findings_frame(found)
    standing = standing_of(findings, past, day)
    away = gone(past, findings, presence.finding_ids(), rules)
    ledger.record(
        Night(
            batch_date=day,
            run_name=f"{day}-{name}",
            run_hash=f"{day}{name}",
            tool_version="0",
            whole=True,
            claims=len(claims),
            findings=findings,
            standing=standing,
            gone=away,
            rule_counts=pl.DataFrame(schema=dict(RULE_COUNTS)),
        )
    )
    return _by_id(standing, "standing"), _by_id(away, "word")


def _by_id(frame: pl.DataFrame, word: str) -> dict[str, str]:
    return dict(zip(frame["finding_id"].to_list(), frame[word].cast(pl.String).to_list(), strict=True))
