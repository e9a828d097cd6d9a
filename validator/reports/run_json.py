"""run.json: what ran on what, with which outcome, and the hash of every file; never a value from a claim."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from validator.findings.schema import RULE_COUNTS
from validator.reports.content import INPUT_KEYS, REFERENCE_KEYS, SUPPRESSION_KEYS, RunContent, known
from validator.reports.text import records

SCHEMA = 1  # rises when a reader of run.json must change
NAME = "run.json"
_COUNTS = (
    "flagged", "clear", "not_evaluated", "out_of_scope", "suppressed", "amount_at_risk", "why_not_evaluated",
)  # fmt: skip


def run_json(
    content: RunContent, outputs: Mapping[str, Mapping[str, Any]], durations: Mapping[str, float]
) -> bytes:
    """The manifest as bytes; `outputs` is {file name: {sha256, bytes}}."""
    manifest = {
        "schema": SCHEMA,
        "tool": {"name": "claims-coding-validator", "version": content.tool_version},
        "run_hash": content.run_hash,
        "batch_date": content.batch_date,
        "whole": content.whole,
        "exit_code": int(content.exit_code),
        "settings": _sorted(content.settings),
        "asked": _sorted(content.asked),
        "kept": _sorted(content.kept),
        "inputs": [known(given, INPUT_KEYS) for given in content.inputs],
        "reference": known(content.reference, REFERENCE_KEYS),
        "totals": dict(content.totals),
        "compared_with": content.compared_with,
        "gone": _sorted(content.gone),
        "standing": _counts_of_standing(content),
        "rules": _rules(content),
        "suppressions": [_suppression(given) for given in content.suppressions],
        "warnings": list(content.warnings),
        "outputs": {name: dict(outputs[name]) for name in sorted(outputs)},
        "durations": {step: round(seconds, 3) for step, seconds in durations.items()},
    }
    return (json.dumps(manifest, indent=2, ensure_ascii=False, default=_plain) + "\n").encode()


def _rules(content: RunContent) -> list[dict[str, Any]]:
    """Every rule of the profile, also those that found nothing: ran and silent is not the same as not run."""
    counts = {row["rule_id"]: row for row in records(content.rule_counts.select(list(RULE_COUNTS)))}
    rules = []
    for text in sorted(content.rules, key=lambda rule: rule.rule_id):
        counted = counts.get(text.rule_id, {})
        rules.append(
            {
                "rule_id": text.rule_id,
                "version": text.version,
                "logic_hash": text.logic_hash,
                "status": text.status,
                "severity": text.severity,
                "confidence": text.confidence,
                **{key: counted.get(key) for key in _COUNTS},
            }
        )
    return rules


def _suppression(given: Mapping[str, Any]) -> dict[str, Any]:
    """Where it applies is told by name only: its values may be a patient's."""
    return {**known(given, SUPPRESSION_KEYS), "where": sorted(given.get("where") or {})}


def _counts_of_standing(content: RunContent) -> dict[str, int]:
    counts = content.standing.group_by("standing").len().sort("standing")
    return dict(zip(counts["standing"].to_list(), counts["len"].to_list(), strict=True))


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: mapping[key] for key in sorted(mapping)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
