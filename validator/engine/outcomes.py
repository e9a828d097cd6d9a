"""Every rule on every row of its grain: flagged, clear, not evaluated or out of scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from validator.engine.blanks import BLANKS, blanks_of
from validator.engine.compile import ExistsColumns, compile_condition
from validator.engine.exists import judge_existence
from validator.engine.frames import Frames, recorded_name
from validator.engine.value_sets import with_value_sets
from validator.rules.model import ALWAYS, OUTCOMES, All, Condition, Exists, Outcome, Precedence, Rule
from validator.rules.reads import (
    OWN_DATE,
    comparisons,
    fields_of,
    joining_fields,
    meaning_facts,
    searches,
)

OUTCOME = pl.Enum(OUTCOMES)
_FLAGGED, _CLEAR, _NOT_EVALUATED, _OUT_OF_SCOPE = OUTCOMES


@dataclass(frozen=True)
class GrainOutcomes:
    """The outcomes of all rules of one grain.

    `outcomes`: one column per rule id (OUTCOME), in the order of `frame`, the grain's rows with their
    fields. `matches`: rule id -> (row, other.table, other.row) of the first row that a `there_is` found.
    `blanks`: BLANKS, what the rules missed on the rows that they could not judge.
    """

    grain: str
    frame: pl.DataFrame
    outcomes: pl.DataFrame
    matches: Mapping[str, tuple[str, pl.DataFrame]] = field(default_factory=dict)
    blanks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BLANKS))

    def flagged(self, rule: Rule) -> pl.DataFrame:
        """The rows that the rule flags, with their fields."""
        return self.frame.filter(self.outcomes[rule.rule_id] == _FLAGGED)

    def counts(self) -> pl.DataFrame:
        """rule_id and the four counts."""
        return pl.DataFrame(
            [
                {"rule_id": name, **{o: int((column == o).sum()) for o in OUTCOMES}}
                for name, column in zip(self.outcomes.columns, self.outcomes.get_columns(), strict=True)
            ],
            schema={"rule_id": pl.String, **dict.fromkeys(OUTCOMES, pl.UInt64)},
        )


def judge_grain(
    grain: str, rules: Sequence[Rule], precedence: Iterable[Precedence], frames: Frames
) -> GrainOutcomes:
    """Judge all rows of one grain by all its rules, then let the stronger rule silence the weaker."""
    frame = with_value_sets(frames.frame(grain), grain, rules, frames)
    verdicts = []
    matches = {}
    for rule in rules:
        verdict, found = judge_rule(rule, frame, frames)
        verdicts.append(verdict.alias(rule.rule_id))
        if found is not None:
            matches[rule.rule_id] = found
    outcomes = silence(pl.DataFrame(verdicts), rules, [p for p in precedence if p.per == grain])
    blanks = pl.concat([blanks_of(rule, frame, outcomes[rule.rule_id]) for rule in rules])
    return GrainOutcomes(grain, frame, outcomes, matches, blanks)


def judge_rule(
    rule: Rule, frame: pl.DataFrame, frames: Frames
) -> tuple[pl.Series, tuple[str, pl.DataFrame] | None]:
    """The outcome of one rule on each row, before precedence, and what its `there_is` found."""
    scoped, columns, _ = _with_existences(rule.only_for, ALWAYS, rule, frame, frames)
    scope = pl.all_horizontal(
        compile_condition(rule.only_for, frames.recorded, columns), *implied_scope(rule)
    )
    asked = frame.with_columns(scoped.with_columns(scope.alias("scope"))["scope"])
    asked, columns, matches = _with_existences(rule.flag_when, rule.flag_when, rule, asked, frames)
    condition = compile_condition(rule.flag_when, frames.recorded, columns)
    outcome = (
        pl.when(~pl.col("scope"))
        .then(_said(_OUT_OF_SCOPE))
        .when(pl.col("scope") & condition)
        .then(_said(_FLAGGED))
        .when(pl.col("scope") & ~condition)
        .then(_said(_CLEAR))
        .otherwise(_said(_NOT_EVALUATED))
    )
    return asked.select(outcome.alias("outcome")).to_series(), matches


def _said(outcome: Outcome) -> pl.Expr:
    return pl.lit(outcome, dtype=OUTCOME)


def implied_scope(rule: Rule) -> list[pl.Expr]:
    """What a rule asks without saying so: a code in force where it reads its meaning, a date in force."""
    implied = []
    if meaning_facts(rule):
        implied.append(pl.col("icd10.status") == "in_force")
        implied.append(pl.col("diagnosis.code_system") != "icd9cm")
    on = pl.coalesce(*(pl.col(name) for name in OWN_DATE[rule.check_each]))
    if rule.in_force_from:
        implied.append(on >= pl.lit(rule.in_force_from))
    if rule.in_force_until:
        implied.append(on <= pl.lit(rule.in_force_until))
    return implied


def _with_existences(
    condition: Condition, cheap_part: Condition, rule: Rule, frame: pl.DataFrame, frames: Frames
) -> tuple[pl.DataFrame, ExistsColumns, tuple[str, pl.DataFrame] | None]:
    """Add a column with the answer of each `there_is` of the condition.

    Only rows are asked about for which the answer can matter: those in scope that the plain comparisons of
    the condition have not decided already.
    """
    columns: dict[Exists, str] = {}
    matches = None
    for number, exists in enumerate(dict.fromkeys(searches(condition))):
        open_rows = compile_condition(_plain_part(cheap_part), frames.recorded, {})
        if "scope" in frame.columns:
            open_rows = open_rows & pl.col("scope")
        is_open = frame.with_columns(open_rows.ne_missing(False).alias("open"))["open"]
        asked = frame.select(_columns_for(exists, frame)).filter(is_open)
        found = judge_existence(exists, rule.check_each, asked, frames)
        name = f"exists:{number}"
        columns[exists] = name
        unasked = pl.repeat(None, frame.height, dtype=pl.Boolean, eager=True)
        answers = unasked.scatter(found.outcome["row"], found.outcome["exists"])
        frame = frame.with_columns(answers.alias(name))
        if not exists.negated and matches is None:
            matches = (exists.table, found.matches)
    return frame, columns, matches


def _columns_for(exists: Exists, frame: pl.DataFrame) -> list[str]:
    """The columns of this row that a search reads; the others would only be carried along."""
    read = {f.name for f in joining_fields(exists)}
    read |= {f.name for compare in comparisons(exists.where) for f in fields_of(compare)}
    read |= {recorded_name(name) for name in read} | {"row", "claim_no", "icd10.status", "batch.date"}
    return [name for name in frame.columns if name in read]


def _plain_part(condition: Condition) -> Condition:
    """The conjuncts without `there_is`: what can be decided from the row alone."""
    parts = condition.conditions if isinstance(condition, All) else (condition,)
    return All(tuple(part for part in parts if not any(searches(part))))


def silence(outcomes: pl.DataFrame, rules: Sequence[Rule], precedence: Iterable[Precedence]) -> pl.DataFrame:
    """One mistake is one finding: where a stronger rule flags, the weaker of its order are out of scope."""
    speaking = {rule.rule_id for rule in rules if rule.status == "active"}
    for order in precedence:
        louder: list[str] = []
        changes = []
        for rule_id in order.order:
            if rule_id not in outcomes.columns:
                continue
            if louder:
                silenced = pl.any_horizontal([pl.col(name) == _FLAGGED for name in louder])
                quiet = (
                    pl.when(silenced).then(pl.lit(_OUT_OF_SCOPE, dtype=OUTCOME)).otherwise(pl.col(rule_id))
                )
                changes.append(quiet.alias(rule_id))
            if rule_id in speaking:
                louder.append(rule_id)
        outcomes = outcomes.with_columns(changes)
    return outcomes
