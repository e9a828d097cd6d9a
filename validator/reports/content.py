"""What a finished run hands to the reports room: all that the run folder shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import polars as pl

from validator.findings.schema import CLAIM_CODES, CLAIMS_AT_RISK, FINDINGS, RULE_COUNTS, STANDING
from validator.ledger.schema import Memory

# The keys of the mappings that a run hands over; what is missing is not known.
INPUT_KEYS = (
    "path", "role", "sha256", "bytes", "format", "layout", "feed", "rows_read", "rows_accepted",
    "rows_rejected", "rejected_by_reason", "unusable_cells", "claims", "lines", "diagnoses",
    "columns_not_used", "notes", "error",
)  # fmt: skip
REFERENCE_KEYS = ("sha256", "covers_from", "covers_to", "releases")
TOTALS_KEYS = ("claims", "superseded", "judged", "findings", "charged", "amount_by_severity")
SUPPRESSION_KEYS = ("rule_id", "where", "reason", "by", "until", "state", "findings")


@dataclass(frozen=True)
class RuleText:
    """What a reader is told about one rule of the profile, whether or not it found anything."""

    rule_id: str
    title: str
    why: str
    citation: str  # all sources in one line
    severity: str  # the plain (last) severity
    confidence: str
    status: str  # draft | shadow | active
    version: int
    logic_hash: str
    false_alarms: tuple[str, ...] = ()
    stand_ins: tuple[
        str, ...
    ] = ()  # what its lists of codes stand in for, where an official one is not at hand
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunContent:
    """One finished run. The caller fills it; nothing in here is changed or judged again.

    `run_hash`
        hex hash of inputs, rules, reference, settings and tool version; it begins with the folder's hash8.
    `whole`
        false when a file could not be read at all; the page's first line then says so.
    `inputs`
        one mapping per file, in the order read: `path` (below the argument given), `role` (claims, or
        history: claims that were looked at and not judged; none given: claims), `sha256`, `bytes`,
        `format`, `layout`, `feed`, `rows_read`, `rows_accepted`, `rows_rejected`, `rejected_by_reason`
        ({reason: rows}), `unusable_cells` (list of {column, reason, count}: cells of accepted rows that
        count as blank), `claims`, `lines`, `diagnoses`, `columns_not_used` (names), `notes` (sentences),
        `error` (a sentence, or blank). Missing keys are shown as not known. No value may be taken from a
        claim: all of this goes into run.json.
    `settings`
        what was asked for (profile, fail_on, layout, mask ...); goes into run.json as it is.
    `asked`
        the arguments that only say where things were: `files`, `history` (absolute paths).
    `kept`
        digests of the copies in the store, by kind: see store.py.
    `reference`
        `sha256`, `covers_from`, `covers_to` (dates), `releases` (list of mappings).
    `findings`
        columns FINDINGS, sorted by the caller; written as they are.
    `standing`
        columns STANDING, one row per finding, or empty when no ledger is kept: everything then counts as new.
    `claims_at_risk`, `rule_counts`, `rejected_rows`, `superseded_claims`
        columns CLAIMS_AT_RISK, RULE_COUNTS and the claims room's REJECTED_ROWS and SUPERSEDED.
    `claim_codes`
        columns CLAIM_CODES: every diagnosis of the claims at risk; `code_titles` has their titles too.
    `totals`
        `claims` (delivered), `superseded` (by others, not judged), `judged`, `findings`, `charged` (amount of
        the judged claims, optional), `amount_by_severity` {severity: amount}; each line counts once, under
        its worst severity.
    `suppressions`
        one mapping each: `rule_id`, `where` ({rule name: value}), `reason`, `by`, `until` (date), `state`
        (used | unused | expired), `findings` (how many it silenced). Of `where`, run.json tells names only.
    `code_titles`
        titles of the suggested codes, keyed by dotted code.
    `code_cards`
        dotted code -> its card in words, of the codes found wrong most often: see card_text.told.
    `risk_formula`
        one sentence with the formula and weights of the risk score.
    `warnings`
        sentences for the first screen, such as "The reference ends in 48 days".
    `timings`
        seconds by step; in run.json only, so that all other files stay the same for the same input.
    `compared_with`
        the last earlier batch date that the ledger knew, None when there was none.
    `memory`
        what the ledger knows of the nights before: see the ledger's Memory.
    `gone`
        {word: how many} of the open findings of earlier nights that tonight does not have, by the ledger's
        words (resolved, not seen, not judged). Empty when no earlier night is known.
    """

    batch_date: date
    tool_version: str
    run_hash: str
    whole: bool
    inputs: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    reference: Mapping[str, Any]
    rules: tuple[RuleText, ...]
    findings: pl.DataFrame
    claims_at_risk: pl.DataFrame
    rule_counts: pl.DataFrame
    rejected_rows: pl.DataFrame
    superseded_claims: pl.DataFrame
    totals: Mapping[str, Any]
    exit_code: int
    standing: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(STANDING)))
    suppressions: Sequence[Mapping[str, Any]] = ()
    code_titles: Mapping[str, str] = field(default_factory=dict)
    code_cards: Mapping[str, Any] = field(default_factory=dict)
    risk_formula: str = ""
    warnings: Sequence[str] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    compared_with: date | None = None
    claim_codes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(CLAIM_CODES)))
    memory: Memory = field(default_factory=Memory)
    asked: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, schema in (
            ("findings", FINDINGS),
            ("standing", STANDING),
            ("claims_at_risk", CLAIMS_AT_RISK),
            ("rule_counts", RULE_COUNTS),
        ):
            missing = [column for column in schema if column not in getattr(self, name).columns]
            if missing:
                raise ValueError(f"{name} lacks the columns {', '.join(missing)}")


class WorkToDo(Protocol):
    """What a worklist is written from: a run that just ended, or one that stands on disk."""

    @property
    def batch_date(self) -> date: ...
    @property
    def run_hash(self) -> str: ...
    @property
    def tool_version(self) -> str: ...
    @property
    def whole(self) -> bool: ...
    @property
    def findings(self) -> pl.DataFrame: ...
    @property
    def standing(self) -> pl.DataFrame: ...
    @property
    def claims_at_risk(self) -> pl.DataFrame: ...
    @property
    def risk_formula(self) -> str: ...
    @property
    def memory(self) -> Memory: ...


def is_history(given: Mapping[str, Any]) -> bool:
    """Whether the file of this input holds earlier claims, which count in no total."""
    return given.get("role") == "history"


def known(given: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Exactly `keys`, None where nothing is given: a key that nobody expects cannot slip into a file."""
    return {key: given.get(key) for key in keys}
