"""Explain one claim: every rule with its outcome on each row, and the values that it read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from validator.audit.runs import FinishedRun
from validator.claims.netting import net
from validator.claims.numbering import only
from validator.claims.schema import ClaimTables
from validator.engine.conclude import why_not_evaluated
from validator.engine.evaluate import judge
from validator.engine.frames import Frames
from validator.engine.messages import value_text
from validator.engine.outcomes import GrainOutcomes, Match, fields_on_row
from validator.errors import UsageError
from validator.reference.dotted import dotted_text
from validator.rules.explain import explain as explain_rule
from validator.rules.model import All, Rule
from validator.run import (
    Progress,
    Request,
    open_inputs,
    partitions_of,
    rules_and_reference,
    settings_of,
)

# In this order they are told: what asks for work, what could not be judged, then the rest.
_ORDER = ("flagged", "not_evaluated", "clear", "out_of_scope")
_FACTS = (
    *("claim_type", "type_of_bill", "frequency_code", "from_date", "through_date", "received_date"),
    "total_charge",
)


@dataclass(frozen=True)
class Row:
    """A rule on one row of the claim: `at` names the row, `read` is each name and the value it had."""

    at: str
    outcome: str
    read: Mapping[str, str] = field(default_factory=dict)
    found: str = ""  # the other row that a `there_is` found


@dataclass(frozen=True)
class RuleTold:
    """One rule on the claim; `outcome` is the first of _ORDER that one of its rows has."""

    rule_id: str
    title: str
    meaning: str
    outcome: str
    rows: tuple[Row, ...]
    missing: str = ""  # what it would need where it could not judge


@dataclass(frozen=True)
class ClaimTold:
    """One delivered claim of the number asked for; `superseded` says why it is not judged, if it is not."""

    source_file: str
    source_row: int
    facts: Mapping[str, str]
    diagnoses: tuple[str, ...]
    lines: tuple[str, ...]
    rules: tuple[RuleTold, ...]
    superseded: str = ""


def explain_claim(
    run: FinishedRun, request: Request, asked: str, progress: Progress = lambda *_: None
) -> list[ClaimTold]:
    """Every rule on the claims of a number, or one on the claim of a finding id; inputs are read again.

    Rules about providers look at the whole batch and are not among them. Raises UsageError where no claim
    has the number.
    """
    of_finding = run.findings.filter(pl.col("finding_id") == asked)
    place = of_finding.select("source_file", "source_row").row(0) if of_finding.height else None
    only_rule = of_finding["rule_id"][0] if of_finding.height else None
    wanted = of_finding["claim_id"][0] if of_finding.height else asked
    mask = request.mask()
    wanted = [wanted, mask.claim_id(wanted)] if mask else [wanted]  # as the report shows it, or as it is
    rules, reference = rules_and_reference(request, progress=progress)
    told: list[ClaimTold] = []
    with open_inputs(request, progress) as batch:
        settings = settings_of(request, batch)
        for partition in partitions_of(batch, mask):
            named = pl.col("claim_id").is_in(wanted)
            if place:
                named &= (pl.col("source_file") == place[0]) & (pl.col("source_row") == place[1])
            if partition.claims.filter(named).is_empty():
                continue
            standing, gone = net(_of_the_patients(partition, named))
            for row in gone.filter(named).iter_rows(named=True):
                why = f"{row['why']}{' by claim ' + row['by'] if row['by'] else ''}"
                told.append(ClaimTold(row["source_file"], row["source_row"], {}, (), (), (), why))
            if standing.claims.filter(named).height:
                frames, judged = judge(standing, rules, reference, settings)
                for claim in standing.claims.filter(named).iter_rows(named=True):
                    chosen = [r for r in rules.rules if only_rule in (None, r.rule_id)]
                    told.append(_told(claim, standing, frames, judged, chosen))
    if not told:
        raise UsageError(
            "no claim of these inputs has this number, and no finding of the run this id",
            fix="Write the number as findings.csv shows it.",
        )
    return told


def _of_the_patients(partition: ClaimTables, named: pl.Expr) -> ClaimTables:
    """The claims of the number, and all others of their patients: rules look at those too."""
    claims = partition.claims
    patients = claims.filter(named)["patient_id"].drop_nulls().unique()
    kept = claims.filter(named | pl.col("patient_id").is_in(patients.implode()))
    return only(partition, kept["claim_no"])


def _told(
    claim: Mapping[str, Any],
    tables: ClaimTables,
    frames: Frames,
    judged: Sequence[GrainOutcomes],
    rules: Sequence[Rule],
) -> ClaimTold:
    by_grain = {grain.grain: grain for grain in judged}
    places = {
        grain: frames.base(grain).with_row_index("row").filter(pl.col("claim_no") == claim["claim_no"])
        for grain in by_grain
    }
    why = why_not_evaluated(pl.concat([grain.blanks for grain in judged]), tables.carried)
    missing = dict(why.select("rule_id", "why_not_evaluated").iter_rows())
    told = [
        _rule_told(
            rule, by_grain[rule.check_each], places[rule.check_each], frames, missing.get(rule.rule_id)
        )
        for rule in rules
        if rule.check_each in by_grain
    ]
    told.sort(key=lambda each: (_ORDER.index(each.outcome), each.rule_id))
    facts = {name: str(claim[name]) for name in _FACTS if claim[name] is not None}
    return ClaimTold(
        claim["source_file"],
        claim["source_row"],
        facts,
        tuple(_diagnoses(frames, claim["claim_no"])),
        tuple(_lines(tables, claim["claim_no"])),
        tuple(told),
    )


def _rule_told(
    rule: Rule, grain: GrainOutcomes, places: pl.DataFrame, frames: Frames, missing: str | None
) -> RuleTold:
    tables = frames.tables
    said = places.select("row").join(grain.by_rule[rule.rule_id], on="row", how="left", maintain_order="left")
    outcomes = said["outcome"].cast(pl.String).fill_null("out_of_scope").to_list()
    names = sorted(fields_on_row(All((rule.only_for, rule.flag_when)), rule.check_each))
    values = frames.fields(rule.check_each, names, said["row"])
    names = [name for name in names if name in values.columns]
    texts = values.select(value_text(name, values.schema).alias(name) for name in names)
    match = grain.matches.get(rule.rule_id)
    others = dict(match.rows.select("row", "other.row").iter_rows()) if match else {}
    rows = []
    for number, (place, outcome) in enumerate(zip(places.iter_rows(named=True), outcomes, strict=True)):
        other = others.get(place["row"])
        found = _found(match, other, frames) if match and other is not None else ""
        read = dict(zip(names, texts.row(number), strict=True)) if names else {}
        rows.append(Row(_at(rule.check_each, place, tables), outcome, read, found))
    strongest = next((word for word in _ORDER if word in outcomes), "out_of_scope")
    return RuleTold(
        rule.rule_id, rule.title, explain_rule(rule).text(), strongest, tuple(rows), missing or ""
    )


def _found(match: Match, row: int, frames: Frames) -> str:
    return _at(match.table, frames.base(match.table).row(row, named=True), frames.tables)


def _at(table: str, row: Mapping[str, Any], tables: ClaimTables) -> str:
    """A row as people name it."""
    claim = tables.claims.row(row["claim_no"], named=True)["claim_id"]
    if table == "diagnosis":
        role = row["role"].replace("_", " ")
        return f"{role} diagnosis {row['position']} ({_shown(row['code'])}) of claim {claim}"
    if table == "line":
        return f"line {row['line_number']} ({row['procedure_code'] or 'no code'}) of claim {claim}"
    if table == "procedure":
        return f"procedure {row['position']} ({row['code']}) of claim {claim}"
    return f"claim {claim}"


def _shown(code: str | None) -> str:
    return dotted_text(code) if code else "blank"


def _diagnoses(frames: Frames, claim_no: int) -> Iterator[str]:
    """The codes of a claim in order: role, code, status and title on its date."""
    told = frames.fields("diagnosis", ["icd10.status"]).select("row", pl.col("icd10.status").cast(pl.String))
    rows = frames.base("diagnosis").with_row_index("row").join(told, on="row", maintain_order="left")
    rows = rows.filter(pl.col("claim_no") == claim_no)
    titles = frames.reference.titles(rows.select("code", pl.col("coding_date").alias("on")))["title"]
    rows = rows.with_columns(titles.alias("title")).sort("role", "position")
    for row in rows.iter_rows(named=True):
        parts = [f"{row['role'].replace('_', ' ')} {row['position']}: {_shown(row['code'])}"]
        parts += [row["title"]] if row["title"] else []
        on = f" on {row['coding_date']}" if row["coding_date"] else ""
        parts.append(f"{(row['icd10.status'] or 'not known').replace('_', ' ')}{on}")
        parts += (
            [f"present on admission {row['present_on_admission']}"] if row["present_on_admission"] else []
        )
        parts += [f"sent as {row['code_as_sent']}"] if row["code_as_sent"] != _shown(row["code"]) else []
        yield ", ".join(parts)


def _lines(tables: ClaimTables, claim_no: int) -> Iterator[str]:
    rows = tables.lines.filter(pl.col("claim_no") == claim_no).sort("line_number", nulls_last=True)
    for row in rows.iter_rows(named=True):
        modifiers = "".join(f"-{each}" for each in row["modifiers"] or ())
        pointers = ", ".join(map(str, row["diagnosis_pointers"] or ())) or "none"
        yield (
            f"{row['line_number']}: {row['procedure_code'] or 'no code'}{modifiers} on {row['from_date']}, "
            f"units {row['units']}, charge {row['charge']}, points at {pointers}"
        )


def in_words(claims: Sequence[ClaimTold], *, every: bool = False) -> str:
    """The claims for a person; rules that are clear or out of scope by their ids, or all with `every`."""
    lines: list[str] = []
    for claim in claims:
        lines.append(f"{claim.source_file}, row {claim.source_row}")
        if claim.superseded:
            lines.append(f"  not judged: {claim.superseded}")
            continue
        lines.append(
            "  " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in claim.facts.items())
        )
        lines += [f"  {text}" for text in claim.diagnoses]
        lines += [f"  line {text}" for text in claim.lines]
        for rule in claim.rules:
            if every or rule.outcome in _ORDER[:2]:
                lines += _rule_in_words(rule, every=every)
        for word in () if every else _ORDER[2:]:
            ids = [rule.rule_id for rule in claim.rules if rule.outcome == word]
            if ids:
                lines.append(f"{word.replace('_', ' ')} ({len(ids)}): {', '.join(ids)}")
    return "\n".join(lines)


def _rule_in_words(rule: RuleTold, *, every: bool) -> Iterator[str]:
    yield f"{rule.rule_id} {rule.outcome.replace('_', ' ')}: {rule.title}"
    for row in rule.rows:
        if not every and row.outcome != rule.outcome:
            continue
        found = f"; found {row.found}" if row.found else ""
        yield f"    {row.at}: {row.outcome.replace('_', ' ')}{found}"
        if row.read:
            yield "      read " + "; ".join(f"{name} = {value}" for name, value in row.read.items())
    if rule.outcome == "not_evaluated" and rule.missing:
        yield f"      missing: {rule.missing}"
    if rule.outcome == "flagged" or every:
        yield from (f"    | {sentence}" for sentence in rule.meaning.splitlines())
