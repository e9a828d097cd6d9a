"""Run a finished run again from its run.json, and say whether every finding is the same, or what differs."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from validator import __version__
from validator.audit.compare import Comparison, Side, compare
from validator.audit.runs import FinishedRun
from validator.claims.masking import KEY_NAME
from validator.errors import ClaimFileError, UsageError
from validator.reports.content import RunContent
from validator.reports.run_json import run_json
from validator.reports.store import LAYOUT, REFERENCE, RULES, kept
from validator.reports.tables import write_parquet
from validator.rules.model import Severity
from validator.run import Progress, Request, judge_again


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was: an input, a rule, the reference, the version or a setting."""

    kind: str
    name: str
    says: str


@dataclass(frozen=True)
class Rerun:
    """What came out of running again. `causes` has finding_id, change, rule_id, claim_id and cause."""

    differences: tuple[Difference, ...]
    comparison: Comparison
    causes: pl.DataFrame
    findings: int
    sha256: str
    identical: bool  # the findings are the same byte for byte, whatever else differs


def request_of(
    run: FinishedRun,
    files: Sequence[str] = (),
    *,
    history: Sequence[str] = (),
    rules: Path | None = None,
    profile: str | None = None,
    reference: Path | None = None,
    own_copies: bool = True,
    severities: Mapping[str, Severity] | None = None,
    mask_key: Path | None = None,
) -> Request:
    """What the run was asked, with its own copies of rules and reference unless others are named.

    `files` and `history` say where its inputs are now. Raises UsageError where run.json is too old to tell.
    """
    settings, asked = run.manifest["settings"], run.manifest.get("asked") or {}
    copies: Mapping[str, str] = run.manifest.get("kept") or {}
    if not files and not asked.get("files"):
        raise UsageError("run.json does not say where the inputs were", fix="Name them after the run folder.")

    def own(kind: str) -> Path | None:
        return kept(run.out, kind, copies[kind]) if own_copies and kind in copies else None

    layout, since = own(LAYOUT), settings.get("claims_from")
    return Request(
        files=list(files) or list(asked["files"]),
        history=tuple(history) or tuple(asked.get("history", ())),
        batch_date=run.batch_date,
        layout=str(layout) if layout else settings.get("layout"),
        rules=rules or own(RULES),
        profile=profile or settings["profile"],
        reference=reference or own(REFERENCE),
        fail_on=settings["fail_on"],
        claims_from=date.fromisoformat(since) if since else None,
        mask_key=(mask_key or run.out / KEY_NAME) if settings.get("mask") else None,
        severities=dict(severities or {}),
    )


def rerun(run: FinishedRun, request: Request, progress: Progress = lambda *_: None) -> Rerun:
    """Judge the inputs again, and compare. Raises ClaimFileError where an input is not there any more."""
    try:
        content = judge_again(request, progress)
    except ClaimFileError as error:
        raise ClaimFileError(
            f"an input of the run is not there: {error.what}",
            fix="Name the files or folders where the inputs are now, after the run folder.",
            place=error.place,
        ) from None
    now = json.loads(run_json(content, {}, {}))
    found = io.BytesIO()
    write_parquet(content.findings, found)
    made = sha256(found.getbuffer()).hexdigest()
    comparison = compare(side_of(run), side_of_content("run again", content))
    differences = tuple(_differences(run.manifest, now))
    causes = _causes(comparison, differences)
    identical = made == run.manifest["outputs"]["findings.parquet"]["sha256"]
    return Rerun(differences, comparison, causes, content.findings.height, made, identical)


def side_of(run: FinishedRun) -> Side:
    """A finished run as a side of a comparison."""
    return Side(run.path.name, run.findings, run.manifest["totals"])


def side_of_content(name: str, content: RunContent) -> Side:
    """A run that was only judged as a side of a comparison."""
    return Side(name, content.findings, content.totals)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    told = []
    was = before["tool"]["version"]
    if was != __version__:
        told.append(Difference("version", "validator", f"was {was}, is {__version__}"))
    inputs = [{(each["role"], each["path"]): each for each in side["inputs"]} for side in (before, now)]
    for key in dict.fromkeys((*inputs[0], *inputs[1])):
        one, other = (side.get(key) for side in inputs)
        if one is None or other is None:
            told.append(
                Difference("input", key[1], "is not there any more" if other is None else "was not there")
            )
        elif one["sha256"] != other["sha256"]:
            told.append(
                Difference("input", key[1], f"has another content (sha256 {other['sha256'][:12]} ...)")
            )
    rules = [{each["rule_id"]: each for each in side["rules"]} for side in (before, now)]
    for rule_id in sorted({*rules[0], *rules[1]}):
        one, other = (side.get(rule_id) for side in rules)
        if one is None or other is None:
            told.append(
                Difference("rule", rule_id, "does not run any more" if other is None else "did not run")
            )
            continue
        changed = [
            name
            for name in ("version", "logic_hash", "severity", "confidence", "status")
            if one[name] != other[name]
        ]
        if changed:
            told.append(Difference("rule", rule_id, f"has another {', '.join(changed).replace('_', ' ')}"))
    if before["reference"]["sha256"] != now["reference"]["sha256"]:
        told.append(Difference("reference", now["reference"]["sha256"][:12], "is another one"))
    for name in sorted({*before["settings"], *now["settings"]}):
        if name != "layout" and before["settings"].get(name) != now["settings"].get(name):
            told.append(Difference("setting", name, "is another one"))
    return told


def _causes(comparison: Comparison, differences: Sequence[Difference]) -> pl.DataFrame:
    """The findings that differ, each with the narrowest thing that differs and could have changed it."""
    names = {kind: [each.name for each in differences if each.kind == kind] for kind in ("rule", "input")}
    anything = dict.fromkeys(f"{each.kind} {each.name}" for each in differences)
    rest = " or ".join([*list(anything)[:3], *(["..."] if len(anything) > 3 else [])])
    rest = rest or "nothing that is recorded"
    changed = comparison.changes.filter(pl.col("change") != "unchanged")
    cause = (
        pl.when(pl.col("rule_id").is_in(names["rule"]))
        .then(pl.format("rule {}", "rule_id"))
        .when(pl.col("source_file").is_in(names["input"]))
        .then(pl.format("input {}", "source_file"))
        .otherwise(pl.lit(rest))
    )
    return changed.select("finding_id", "change", "rule_id", "claim_id", cause.alias("cause"))


def in_words(told: Rerun, *, most: int = 20) -> str:
    """The result for a person: one line where all is the same."""
    if told.identical and not told.differences:
        return f"identical: {told.findings:,} findings, hash {told.sha256}"
    lines = []
    if told.identical:
        lines.append(f"the findings are the same, byte for byte: {told.findings:,}, hash {told.sha256}")
    else:
        lines.append(f"NOT identical: {told.findings:,} findings, hash {told.sha256}")
    lines += [f"  {each.kind} {each.name} {each.says}" for each in told.differences]
    if not told.differences:
        lines.append("  input, rules, reference, settings and version are the same; this should never happen")
    if not told.identical and told.causes.is_empty():
        lines.append("no finding differs but in the key of its claim, which holds the hash of the file")
    for cause, change, count in (
        told.causes.group_by("cause", "change").len().sort("cause", "change").iter_rows()
    ):
        lines.append(f"{cause}: {count:,} findings {change}")
    for finding, change, rule, claim, _ in told.causes.head(most).iter_rows():
        lines.append(f"  {change}: {rule} on claim {claim or 'none'}, finding {finding}")
    if told.causes.height > most:
        lines.append(f"  and {told.causes.height - most:,} more; --csv writes all")
    return "\n".join(lines)
