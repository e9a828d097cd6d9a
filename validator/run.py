"""The night: claim files in, dated reference, rules, findings, run folder out."""

import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from validator import __version__
from validator.claims.batch import Batch, open_batch
from validator.claims.kept import Keeper
from validator.claims.masking import Mask, make_mask_key, read_mask
from validator.claims.netting import net
from validator.claims.schema import SUPERSEDED, ClaimTables, no_claims
from validator.claims.sources import KEPT_FOLDER
from validator.engine.conclude import Judgement, conclude
from validator.engine.evaluate import Evaluation, evaluate
from validator.engine.findings import citation
from validator.engine.settings import Settings
from validator.errors import ExitCode, UsageError
from validator.findings.risk import FORMULA
from validator.findings.schema import FINDINGS
from validator.ledger.book import Ledger
from validator.ledger.book import Night as LedgerNight
from validator.ledger.schema import Memory, Past
from validator.ledger.standing import Presence, gone, standing_of
from validator.proof import prove_examples
from validator.reference.card_text import told
from validator.reference.dotted import dotted
from validator.reference.lookup import Reference, open_reference
from validator.reports.content import RuleText, RunContent
from validator.reports.lock import as_output_error, output_lock
from validator.reports.run_folder import Published, publish, run_name
from validator.reports.store import keep
from validator.rules.folder import read_rule_set
from validator.rules.model import SEVERITIES, Rule, RuleSet, Severity, SeverityCase
from validator.rules.reads import reads
from validator.shipped import rules_folder

# How many codes the page has a card of.
CARDS = 300

# An operator is warned so many days before the loaded releases end.
WARN_DAYS = 60

# How many partitions are judged at once: Polars works outside Python's lock, the memory is for two.
AT_ONCE = 2

# (step, done, of how many); `done == total == 0` announces a step of unknown length.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What the night is asked to do."""

    files: Sequence[str]
    batch_date: date
    out: Path = Path("reports")
    layout: str | None = None
    rules: Path | None = None
    profile: str = "default"
    reference: Path | None = None
    fail_on: str = "reject"
    group: str | None = None
    memory_bytes: int | None = None
    history: Sequence[str] = ()
    claims_from: date | None = None
    keep_claims: bool = False
    strict: bool = False
    fail_on_all: bool = False
    jobs: int = 1
    mask_key: Path | None = None  # mask the numbers of patients and claims under the key in this file
    severities: Mapping[str, Severity] = field(default_factory=dict)  # rule id -> what its severity would be

    def mask(self) -> Mask | None:
        """What masks the claims, if anything does."""
        return read_mask(self.mask_key) if self.mask_key else None

    def with_severities(self, rules: RuleSet) -> RuleSet:
        """The rules as if those named had another severity. UsageError for a rule that does not run."""
        strange = sorted(self.severities.keys() - {rule.rule_id for rule in rules.rules})
        if strange:
            raise UsageError(f"no rule of the profile is called {', '.join(strange)}")
        changed = (
            replace(rule, severity=(SeverityCase(None, self.severities[rule.rule_id]),))
            if rule.rule_id in self.severities
            else rule
            for rule in rules.rules
        )
        return replace(rules, rules=tuple(changed)) if self.severities else rules


@dataclass(frozen=True)
class Night:
    """What came out: the run folder, the exit code, and what it says."""

    published: Published
    exit_code: ExitCode
    content: RunContent


@dataclass
class _Clock:
    """Seconds per step; they stand in run.json only."""

    timings: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self.timings[step] = round(self.timings.get(step, 0.0) + now - self.started, 3)
        self.started = now


def run_night(request: Request, progress: Progress = lambda *_: None) -> Night:
    """Judge the files and write the run folder. Raises a ValidatorError when no run folder can be written."""
    clock = _Clock()
    rules, reference = rules_and_reference(request, clock, progress)
    with (
        output_lock(request.out),
        ThreadPoolExecutor(max_workers=1) as aside,
        open_inputs(request, progress) as batch,
    ):
        if request.mask_key:
            make_mask_key(request.mask_key)
        copies = aside.submit(_keep, request, reference)
        ledger = Ledger(request.out)
        memory = ledger.memory(request.batch_date)
        keeper = Keeper(batch.scratch / KEPT_FOLDER) if request.keep_claims else None
        judged = judge_batch(request, batch, rules, reference, memory.past, clock, keeper)
        content = _content(request, batch, rules, reference, judged, memory, copies.result(), clock)
        progress("reports", 0, 0)
        kept = {f"{KEPT_FOLDER}/{name}": path for name, path in keeper.finish().items()} if keeper else {}
        published = publish(request.out, content, group=request.group, beside=kept)
        ledger.record(_told_to_the_ledger(content, judged.away))
    return Night(published, ExitCode(content.exit_code), content)


def rules_and_reference(
    request: Request, clock: "_Clock | None" = None, progress: Progress = lambda *_: None
) -> tuple[RuleSet, Reference]:
    """The rules of the profile, their examples proven, and the reference that they are judged by."""
    clock = clock or _Clock()
    progress("reference", 0, 0)
    reference = open_reference(request.reference)
    clock.mark("reference")
    progress("rules", 0, 0)
    with ThreadPoolExecutor(max_workers=1) as aside:
        aside.submit(reference.read_ahead)  # what goes wrong there is met again, and told, by who asks
        rules = read_rule_set(
            request.rules or rules_folder(), profile=request.profile, value_sets=reference.value_sets
        )
        prove_examples(rules, reference)
    clock.mark("rules")
    return rules, reference


@dataclass(frozen=True)
class Judged:
    """A batch judged by all rules: `superseded` are the claims that others replaced or voided, `away` what
    became of the open findings of earlier nights, `mask` the name of the key that masked the claims.
    """

    settings: Settings
    judgement: Judgement
    superseded: pl.DataFrame
    away: pl.DataFrame
    mask: str | None


def judge_batch(
    request: Request,
    batch: Batch,
    rules: RuleSet,
    reference: Reference,
    past: Past,
    clock: "_Clock",
    keeper: Keeper | None = None,
) -> Judged:
    """Read and judge a batch."""
    settings, mask, presence = settings_of(request, batch), request.mask(), Presence(past)
    partitions = partitions_of(batch, mask)
    judgement, superseded = judge(partitions, rules, reference, settings, clock, keeper, presence)
    away = _gone(past, judgement, presence)
    return Judged(settings, judgement, superseded, away, mask.name if mask else None)


def settings_of(request: Request, batch: Batch) -> Settings:
    """What the rules are told of the night, and how far back its claims reach."""
    reach = batch.coverage(request.batch_date)
    return Settings(request.batch_date, request.claims_from or reach.claims_from, reach.delivered)


def partitions_of(batch: Batch, mask: Mask | None) -> Iterator[ClaimTables]:
    """The claims as they are judged: with masked numbers where there is a mask."""
    for delivered in batch.partitions():
        yield mask.tables(delivered) if mask else delivered


def judge_again(request: Request, progress: Progress = lambda *_: None) -> RunContent:
    """The same as a night, without a ledger and without writing anything."""
    clock = _Clock()
    rules, reference = rules_and_reference(request, clock, progress)
    rules = request.with_severities(rules)
    with open_inputs(request, progress) as batch:
        judged = judge_batch(request, batch, rules, reference, Past(), clock)
        return _content(request, batch, rules, reference, judged, Memory(), {}, clock)


def open_inputs(request: Request, progress: Progress) -> Batch:
    """The batch that a request names; use it as a context manager."""
    return open_batch(
        request.files,
        history=request.history,
        layout=request.layout,
        memory_bytes=request.memory_bytes,
        on_progress=progress,
        strict=request.strict,
        jobs=request.jobs,
    )


def _keep(request: Request, reference: Reference) -> dict[str, str]:
    """Copies of what decides, for whoever runs the night again."""
    own = Path(request.layout) if request.layout and Path(request.layout).is_file() else None
    rules = request.rules or rules_folder()
    with as_output_error(request.out):
        return keep(request.out, rules=rules, reference=reference.path, layout=own)


def judge(
    partitions: Iterable[ClaimTables],
    rules: RuleSet,
    reference: Reference,
    settings: Settings,
    clock: _Clock,
    keeper: Keeper | None,
    presence: Presence,
) -> tuple[Judgement, pl.DataFrame]:
    """Every partition by itself, then all together; and the claims that others replaced or voided."""
    evaluations: list[Evaluation] = []
    carried: dict[str, frozenset[str]] = {}
    superseded = [pl.DataFrame(schema=dict(SUPERSEDED))]

    def judged(partition: ClaimTables) -> tuple[Evaluation, pl.DataFrame]:
        standing, gone = net(partition)
        return evaluate(standing, rules, reference, settings), gone

    with ThreadPoolExecutor(max_workers=AT_ONCE) as workers:
        waiting: deque[Future[tuple[Evaluation, pl.DataFrame]]] = deque()

        def collect(left: int) -> None:
            while len(waiting) > left:
                evaluation, gone = waiting.popleft().result()
                evaluations.append(evaluation)
                superseded.append(gone)
            clock.mark("judging")

        for partition in partitions:
            clock.mark("claims")
            if keeper:
                keeper.add(partition)
            _meet(presence, partition)
            carried |= partition.carried
            waiting.append(workers.submit(judged, partition))
            collect(AT_ONCE - 1)
        collect(0)
    clock.mark("claims")
    if not evaluations:  # an empty night, or every row rejected: nothing to judge is a result too
        evaluations.append(evaluate(no_claims(), rules, reference, settings))
    judgement = conclude(evaluations, rules, carried, settings)
    clock.mark("judging")
    return judgement, pl.concat(superseded).sort("source_file", "source_row", "claim_key")


def _meet(presence: Presence, partition: ClaimTables) -> None:
    """Note which claims are there tonight, also those that others replace; the history does not count."""
    tonight, lines = partition.claims, partition.lines
    if partition.earlier:
        tonight = tonight.filter(~pl.col("source_file").is_in(sorted(partition.earlier)))
        lines = lines.join(tonight.select("claim_no"), on="claim_no", how="semi")
    presence.add(tonight, lines)


def _gone(past: Past, judgement: Judgement, presence: Presence) -> pl.DataFrame:
    """What became of the open findings that are not there; a rule that could judge nothing resolves none."""
    mute = (pl.col("not_evaluated") > 0) & (pl.col("flagged") + pl.col("clear") == 0)
    speaking = judgement.rule_counts.filter(pl.col("status") == "active", ~mute)["rule_id"]
    return gone(past, judgement.findings, presence.finding_ids(), speaking.to_list())


def _told_to_the_ledger(content: RunContent, away: pl.DataFrame) -> LedgerNight:
    return LedgerNight(
        batch_date=content.batch_date,
        run_name=run_name(content),
        run_hash=content.run_hash,
        tool_version=content.tool_version,
        whole=content.whole,
        claims=content.totals["claims"],
        findings=content.findings,
        standing=content.standing,
        gone=away,
        rule_counts=content.rule_counts,
    )


def _content(
    request: Request,
    batch: Batch,
    rules: RuleSet,
    reference: Reference,
    judged: Judged,
    memory: Memory,
    kept: Mapping[str, str],
    clock: _Clock,
) -> RunContent:
    """What the reports show, in the shapes they ask for."""
    reach, judgement, superseded, away = judged.settings, judged.judgement, judged.superseded, judged.away
    inputs = [asdict(account) for account in batch.accounts()]
    whole = not any(account["error"] for account in inputs)
    findings = judgement.findings
    past = memory.past
    standing = standing_of(findings, past, request.batch_date)
    settings = {
        "profile": request.profile,
        "layout": request.layout,
        "fail_on": request.fail_on,
        "fail_on_all": request.fail_on_all,
        "batch_date": request.batch_date.isoformat(),
        "claims_from": request.claims_from.isoformat() if request.claims_from else None,
        # A day of a claim is a patient's; its year is not.
        "claims_reach_back_to": reach.claims_from.year if reach.claims_from else None,
        "delivered": sorted(reach.delivered or ()),
        "keep_claims": request.keep_claims,
        "mask": judged.mask,
    }
    amounts = dict(judgement.amount_by_severity)
    content = RunContent(
        batch_date=request.batch_date,
        tool_version=__version__,
        run_hash=_run_hash(inputs, rules, reference, settings),
        whole=whole,
        inputs=inputs,
        settings=settings,
        asked={
            name: [os.path.abspath(file) for file in getattr(request, name)] for name in ("files", "history")
        },
        kept=kept,
        reference={
            "sha256": reference.sha256,
            "covers_from": reference.covers_from,
            "covers_to": reference.covers_to,
            "releases": reference.releases,
        },
        rules=_rule_texts(rules, reference),
        findings=findings.select(*FINDINGS),
        standing=standing,
        claims_at_risk=judgement.claims_at_risk,
        claim_codes=judgement.claim_codes,
        rule_counts=judgement.rule_counts,
        rejected_rows=batch.rejected(),
        superseded_claims=superseded,
        totals={
            "claims": judgement.claims + superseded.height,
            "superseded": superseded.height,
            "judged": judgement.claims,
            "findings": findings.height,
            "charged": judgement.charged,
            "amount_by_severity": amounts,
        },
        suppressions=_suppressions(rules, judgement, request.batch_date),
        code_titles=_titles(findings, judgement.claim_codes, reference),
        code_cards=_cards(findings, reference, request.batch_date),
        risk_formula=FORMULA,
        warnings=_warnings(reference, request.batch_date),
        timings=clock.timings,
        compared_with=past.night,
        memory=memory,
        gone=dict(away["word"].cast(pl.String).value_counts().sort("word").iter_rows()) if past.night else {},
        exit_code=exit_code(findings, standing, request.fail_on, whole=whole, every=request.fail_on_all),
    )
    clock.mark("concluding")
    return content


def exit_code(
    findings: pl.DataFrame, standing: pl.DataFrame, fail_on: str, *, whole: bool, every: bool = False
) -> ExitCode:
    """0 nothing at or above `fail_on`, 1 findings, 15 when a file could not be read (which wins).

    What an earlier night told already and is still open counts only where `every` finding counts.
    """
    if not whole:
        return ExitCode.NOT_WHOLE
    if fail_on == "never":
        return ExitCode.NOTHING_FOUND
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    words = ("new", "open", "reopened") if every else ("new", "reopened")
    telling = standing.filter(pl.col("standing").cast(pl.String).is_in(words))
    counting = findings.filter(pl.col("severity").is_in(bad)).join(telling, on="finding_id", how="semi")
    return ExitCode.FINDINGS if counting.height else ExitCode.NOTHING_FOUND


def _run_hash(
    inputs: Sequence[Mapping[str, Any]], rules: RuleSet, reference: Reference, settings: Mapping[str, Any]
) -> str:
    """One hash of everything that decides: the same night twice has the same name."""
    decides = {
        "inputs": [[each["path"], each["role"], each["sha256"]] for each in inputs],
        "rules": rules.set_hash,
        "reference": reference.sha256,
        "settings": settings,
        "tool": __version__,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _stand_ins(rule: Rule, reference: Reference) -> tuple[str, ...]:
    """What the value sets of a rule stand in for, where the authoritative list is not at hand."""
    held = [reference.value_set(name) for name in reads(rule).value_sets]
    return tuple(dict.fromkeys(one.note for one in held if one is not None and one.note))


def _rule_texts(rules: RuleSet, reference: Reference) -> tuple[RuleText, ...]:
    return tuple(
        RuleText(
            rule_id=rule.rule_id,
            title=rule.title,
            why=rule.why,
            citation=citation(rule),
            severity=rule.severity[-1].severity,
            confidence=rule.confidence,
            status=rule.status,
            version=rule.version,
            logic_hash=rule.logic_hash,
            false_alarms=rule.false_alarms,
            stand_ins=_stand_ins(rule, reference),
            tags=rule.tags,
        )
        for rule in rules.rules
    )


def _suppressions(rules: RuleSet, judgement: Judgement, batch_date: date) -> list[dict[str, Any]]:
    """Every decision with what it hid tonight; an unused or expired one is reported, not forgotten."""
    told = []
    for position, decision in enumerate(rules.suppressions):
        hidden = judgement.suppressed.get(position, 0)
        state = "expired" if batch_date > decision.until else "used" if hidden else "unused"
        told.append(
            {
                "rule_id": decision.rule_id,
                "where": dict(decision.where),
                "reason": decision.reason,
                "by": decision.by,
                "until": decision.until,
                "state": state,
                "findings": hidden,
            }
        )
    return told


def _cards(findings: pl.DataFrame, reference: Reference, batch_date: date) -> dict[str, Any]:
    """Cards of the diagnosis codes found wrong most often, by dotted code, on the latest day of each."""
    coded = findings.filter(pl.col("diagnosis_role").is_not_null()).drop_nulls("code")
    most = coded.group_by("code").agg(pl.len().alias("found"), pl.col("coding_date").max())
    most = most.sort("found", "code", descending=[True, False]).head(CARDS)
    days = most.select("code", pl.col("coding_date").fill_null(batch_date)).sort("code")
    covers = (reference.covers_from, reference.covers_to)
    cards = reference.cards(dict(days.iter_rows()))
    return {card.code: told(card, covers) for card in cards if card.listed}


def _titles(findings: pl.DataFrame, codes: pl.DataFrame, reference: Reference) -> dict[str, str]:
    """Titles of the suggested codes and of all codes of the claims, by dotted code, on the latest date."""
    offered = findings.select(pl.col("suggestions").alias("code"), pl.col("coding_date").alias("on"))
    offered = pl.concat([offered.explode("code"), codes.select("code", pl.col("coding_date").alias("on"))])
    offered = offered.drop_nulls().group_by("code").agg(pl.col("on").max())
    pairs = offered.with_columns(pl.col("code").str.replace(".", "", literal=True))
    titles = reference.titles(pairs).drop_nulls("title").sort("code")
    return dict(titles.select(dotted(pl.col("code")), "title").iter_rows())


def _warnings(reference: Reference, batch_date: date) -> list[str]:
    left = (reference.covers_to - batch_date).days
    if left < 0:
        return [f"The loaded releases ended on {reference.covers_to}: later codes are not evaluated."]
    if left <= WARN_DAYS:
        return [f"The loaded releases end on {reference.covers_to}, in {left} days: load the next release."]
    return []
