"""Every rule on every row of its grain: flagged, clear, not evaluated or out of scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from validator.engine.absent import can_hold
from validator.engine.blanks import BLANKS, blanks_of
from validator.engine.candidates import conjuncts, not_ruled_out, plain
from validator.engine.compile import ExistsColumns, compile_condition
from validator.engine.exists import Existence, judge_existence, own_fields
from validator.engine.frames import Frames, recorded_name
from validator.engine.keyed import KEYED_FACTS, known_name
from validator.engine.listing import needs_meaning
from validator.engine.marks import answers, every
from validator.engine.value_sets import with_value_sets
from validator.rules.model import (
    OUTCOMES,
    All,
    Compare,
    Condition,
    Exists,
    Field,
    Outcome,
    Precedence,
    Rule,
)
from validator.rules.reads import OWN_DATE, comparisons, fields_of, found_searches, meaning_facts, searches

OUTCOME = pl.Enum(OUTCOMES)
_FLAGGED, _CLEAR, _NOT_EVALUATED, _OUT_OF_SCOPE = OUTCOMES
_FEW = 2_000  # up to so many rows are judged as fast as they are sifted
IN_SCOPE: Mapping[str, pl.DataType | type[pl.DataType]] = {"row": pl.UInt32, "outcome": OUTCOME}


@dataclass(frozen=True)
class Match:
    """What a `there_is` found: the table, and (row, other.row, note) of the first row found for each."""

    table: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class GrainOutcomes:
    """The outcomes of all rules of one grain.

    `rows`: positions of the rows judged. `by_rule`: rule id -> (row, outcome) of those in scope, the others
    are out of scope. `matches`: rule id -> what its first `there_is` found. `blanks`: BLANKS, what the rules
    missed on the rows that they could not judge.
    """

    grain: str
    rows: pl.Series
    by_rule: Mapping[str, pl.DataFrame]
    matches: Mapping[str, Match] = field(default_factory=dict)
    blanks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BLANKS))

    def flagged(self, rule: Rule) -> pl.Series:
        """Positions of the rows that the rule flags."""
        return rows_flagged(self.by_rule[rule.rule_id])

    def counts(self) -> pl.DataFrame:
        """rule_id and the four counts."""
        return pl.DataFrame(
            [
                {
                    "rule_id": name,
                    **{o: int((told["outcome"] == o).sum()) for o in OUTCOMES[:3]},
                    _OUT_OF_SCOPE: self.rows.len() - told.height,
                }
                for name, told in self.by_rule.items()
            ],
            schema={"rule_id": pl.String, **dict.fromkeys(OUTCOMES, pl.UInt64)},
        )


def judge_grain(
    grain: str, rules: Sequence[Rule], precedence: Iterable[Precedence], frames: Frames
) -> GrainOutcomes:
    """Judge all rows of one grain by all its rules, then let the stronger rule silence the weaker."""
    rows = frames.judged(grain)
    verdicts: dict[str, pl.DataFrame] = {}
    matches = {}
    for rule in rules:
        verdicts[rule.rule_id], found = judge_rule(rule, rows, frames)
        if found is not None:
            matches[rule.rule_id] = found
    verdicts = silence(verdicts, rules, [p for p in precedence if p.per == grain])
    blanks = pl.concat([blanks_of(rule, verdicts[rule.rule_id], frames) for rule in rules])
    return GrainOutcomes(grain, rows, verdicts, matches, blanks)


def judge_rule(rule: Rule, rows: pl.Series, frames: Frames) -> tuple[pl.DataFrame, Match | None]:
    """(row, outcome) of the rows in scope of one rule, before precedence, and what its `there_is` found.

    Rows are ruled out as early and as cheaply as can be: by their code, then by what stands on the row and
    its claim, and only what is left is asked about other rows.
    """
    grain = rule.check_each
    scope = (*conjuncts(rule.only_for), *implied_scope(rule))
    rows = not_ruled_out(rows, grain, plain(scope), frames)
    silent = _cannot_be_told(scope, frames)
    if silent or rows.len() > _FEW:
        rows = _in_cheap_scope(rule, plain(scope), rows, frames)
    if rows.is_empty():
        return pl.DataFrame(schema=IN_SCOPE), None
    if silent:
        return pl.DataFrame([rows.alias("row")]).select("row", _said(_NOT_EVALUATED).alias("outcome")), None

    frame = _with_fields(rule, [*scope, rule.flag_when], rows, frames)
    frame, columns, _ = _with_existences(All(scope), rule, frame, frames)
    in_scope = [compile_condition(All(scope), frames.recorded, columns), *dates_in_force(rule)]
    standing = answers(frame, pl.all_horizontal(in_scope))
    frame = frame.hstack([standing.alias("scope")])
    if not standing.all(ignore_nulls=False):
        frame = frame.filter(standing.ne_missing(False))
    frame, columns, found = _with_existences(rule.flag_when, rule, frame, frames)
    holds = answers(frame, compile_condition(rule.flag_when, frames.recorded, columns))
    fits = frame["scope"]
    outcome = every(_NOT_EVALUATED, frame.height, OUTCOME)
    outcome = outcome.set(fits & ~holds, _CLEAR).set(fits & holds, _FLAGGED)
    told = pl.DataFrame([frame["row"], outcome.alias("outcome")])
    return told, _first_found(found, rows_flagged(told))


def rows_flagged(told: pl.DataFrame) -> pl.Series:
    """The flagged among (row, outcome)."""
    return told["row"].filter(told["outcome"] == _FLAGGED)


def _in_cheap_scope(rule: Rule, scope: Sequence[Condition], rows: pl.Series, frames: Frames) -> pl.Series:
    """Those of the rows that what stands on them and on their claim does not rule out."""
    cheap = [part for part in scope if not _reads_keyed(part)]
    asks = [compile_condition(part, frames.recorded, {}) for part in cheap] + dates_in_force(rule)
    if not asks:
        return rows
    frame = _with_fields(rule, cheap, rows, frames)
    return rows.filter(frame.select(pl.all_horizontal(asks).ne_missing(False).alias("in")).to_series())


def _cannot_be_told(scope: Sequence[Condition], frames: Frames) -> bool:
    """Whether an official file that nobody added leaves the scope of every row open."""
    if any(any(searches(part)) for part in scope):
        return False
    return not all(can_hold(part, frames.reference) for part in scope)


def _with_fields(
    rule: Rule, conditions: Sequence[Condition], rows: pl.Series, frames: Frames
) -> pl.DataFrame:
    """The rows with the fields that the conditions read on them, and their value sets."""
    names: set[str] = set(OWN_DATE[rule.check_each])
    for condition in conditions:
        names |= fields_on_row(condition, rule.check_each)
    frame = frames.fields(rule.check_each, names, rows)
    return with_value_sets(frame, rule.check_each, conditions, frames)


def fields_on_row(condition: Condition, grain: str) -> set[str]:
    """The fields that a condition reads on the judged row, also inside `there_is`."""
    names = {f.name for c in comparisons(condition) for f in fields_of(c) if not f.other}
    for search in searches(condition):
        names |= own_fields(search, grain)
    return names - {"batch.date"}


def _reads_keyed(part: Condition) -> bool:
    return any(f.name in KEYED_FACTS for c in comparisons(part) for f in fields_of(c))


def _said(outcome: Outcome) -> pl.Expr:
    return pl.lit(outcome, dtype=OUTCOME)


def implied_scope(rule: Rule) -> tuple[Condition, ...]:
    """What a rule about the meaning of a code asks without saying so: a code that is in force."""
    if not reads_meaning(rule):
        return ()
    return (
        Compare(Field("icd10.status"), "equals", "in_force"),
        Compare(Field("diagnosis.code_system"), "is_not", "icd9cm"),
    )


def dates_in_force(rule: Rule) -> list[pl.Expr]:
    """The rule judges rows of the days on which it is in force; they are blank where a row has no date."""
    on = pl.coalesce(*(pl.col(name) for name in OWN_DATE[rule.check_each]))
    dated = [on >= pl.lit(rule.in_force_from)] if rule.in_force_from else []
    return [*dated, *([on <= pl.lit(rule.in_force_until)] if rule.in_force_until else [])]


def reads_meaning(rule: Rule) -> bool:
    """Whether the rule is about what the judged diagnosis code means, so that it has to be in force."""
    if rule.check_each != "diagnosis":
        return False
    listings = [s.listed_in for c in (rule.only_for, rule.flag_when) for s in searches(c) if s.listed_in]
    return bool(meaning_facts(rule)) or any(needs_meaning(listed) for listed in listings)


def _with_existences(
    condition: Condition, rule: Rule, frame: pl.DataFrame, frames: Frames
) -> tuple[pl.DataFrame, ExistsColumns, list[tuple[str, Existence]]]:
    """Add a column with the answer of each `there_is` of the condition; those that found rows, with their
    tables.

    Only rows are asked about for which the answer can matter: those that the plain parts of the condition
    and the searches before have not decided already.
    """
    columns: dict[Exists, str] = {}
    shown = list(dict.fromkeys(found_searches(condition)))
    matches: dict[Exists, Existence] = {}
    parts = conjuncts(condition)
    for number, exists in enumerate(sorted(dict.fromkeys(searches(condition)), key=_effort)):
        decided = [
            compile_condition(part, frames.recorded, columns)
            for part in parts
            if all(search in columns for search in searches(part))
        ]
        name = f"exists:{number}:{'scope' if 'scope' not in frame.columns else 'flag'}"
        is_open = None
        if decided:
            is_open = answers(frame, pl.all_horizontal([part.ne_missing(False) for part in decided]))
        needed = [n for n in frame.columns if n in _company_of(own_fields(exists, rule.check_each))]
        asked = frame[["row", "claim_no", "batch.date", *needed]]
        found = judge_existence(
            exists,
            rule.check_each,
            asked if is_open is None or is_open.all() else asked.filter(is_open),
            frames,
        )
        columns[exists] = name
        found_there = found.outcome
        if is_open is not None and found_there.len() < frame.height:
            found_there = every(None, frame.height).scatter(is_open.arg_true(), found_there)
        frame = frame.hstack([found_there.alias(name)])
        if exists in shown:
            matches[exists] = found
    return frame, columns, [(exists.table, matches[exists]) for exists in shown]


def _effort(exists: Exists) -> int:
    """Searches that cost little come first: they leave fewer rows for the others."""
    return 2 if exists.listed_in else 0 if "claim" in exists.same else 1


def _first_found(searches_made: Sequence[tuple[str, Existence]], rows: pl.Series) -> Match | None:
    """What is shown beside a row: what the first search found, or a later one into the same table."""
    if not searches_made:
        return None
    table, first = searches_made[0]
    shown = first.matches(rows)
    for other_table, later in searches_made[1:]:
        if other_table == table:
            left = rows.filter(~rows.is_in(shown["row"].implode()))
            shown = pl.concat([shown, later.matches(left)])
    return Match(table, shown)


def _company_of(names: set[str]) -> set[str]:
    """The fields, and what stands beside them to tell what their blanks mean."""
    return (
        names
        | {recorded_name(name) for name in names}
        | {known_name(name) for name in names if name in KEYED_FACTS}
        | {"icd10.status", "icd10.in_tabular"}
    )


def silence(
    verdicts: dict[str, pl.DataFrame], rules: Sequence[Rule], precedence: Iterable[Precedence]
) -> dict[str, pl.DataFrame]:
    """One mistake is one finding: where a stronger rule flags, the weaker of its order are out of scope."""
    speaking = {rule.rule_id for rule in rules if rule.status == "active"}
    silenced = dict(verdicts)
    for order in precedence:
        louder: list[pl.Series] = []
        for rule_id in order.order:
            if rule_id not in silenced:
                continue
            told = silenced[rule_id]
            if louder and told.height:
                taken = pl.concat(louder).implode()
                told = told.filter(~pl.col("row").is_in(taken))
                silenced[rule_id] = told
            if rule_id in speaking and (flagged := rows_flagged(told)).len():
                louder.append(flagged)
    return silenced
