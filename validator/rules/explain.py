"""A rule in English, made from its tree, so that a coder can confirm that the machine understood."""

from collections.abc import Sequence
from dataclasses import dataclass

from validator.rules.clauses import clause
from validator.rules.counted_clauses import PLURAL
from validator.rules.model import ALWAYS, Field, Rule, RuleSet, SeverityCase
from validator.rules.problems import listed
from validator.rules.reads import Reads, meaning_facts, reads, row_of
from validator.rules.words import noun

_DATES = {"diagnosis": "coding dates", "line": "dates of service", "claim": "first days"}


@dataclass(frozen=True)
class Explanation:
    """Who is judged, what is flagged, how much it weighs, and what the rule reads."""

    judged: tuple[str, ...]
    flagged: str
    severity: str
    inputs: Reads

    def text(self) -> str:
        """The sentences, one a line; groups of conditions as indented lists."""
        return "\n".join([*self.judged, self.flagged, self.severity])


def explain(rule: Rule, rule_set: RuleSet | None = None) -> Explanation:
    """The rule in English; with the rule set, also which rules silence it on the same row."""
    flagged = f"It is flagged when {_ended(clause(rule.flag_when, row_of(rule)))}"
    return Explanation(tuple(_judged(rule, rule_set)), flagged, severity_in_words(rule.severity), reads(rule))


def _judged(rule: Rule, rule_set: RuleSet | None) -> list[str]:
    """Who is judged at all: the denominator."""
    grain = row_of(rule)
    done = "counted" if rule.count_each else "judged"
    said = [f"Each {grain} is {done}."]
    if rule.only_for != ALWAYS:
        said = [f"{done.capitalize()} is each {grain} for which {_ended(clause(rule.only_for, grain))}"]
    if rule.provider:
        said = [_providers(rule, rule.provider), *said]
    if facts := meaning_facts(rule):
        said.append(
            f"Only codes in force on their coding date are {done}, because the rule reads what a code means "
            f"({listed(facts, 'and')})."
        )
    first, last = rule.in_force_from, rule.in_force_until
    if first or last:
        since = f" from {first}" if first else ""
        until = f" until {last}" if last else ""
        said.append(f"The rule holds for {_DATES[grain]}{since}{until}; other dates are out of scope.")
    if before := silenced_by(rule, rule_set):
        said.append(f"It is silent on a {grain} that {listed(before)} flags.")
    return said


def _providers(rule: Rule, provider: Field) -> str:
    """Whose rows are counted, and with whom a provider is compared."""
    peers = f" Its peers have the same {noun(rule.peers).removeprefix('the ')}." if rule.peers else ""
    return f"Each provider is judged by its own {PLURAL[row_of(rule)]}: {noun(provider)} names it.{peers}"


def _ended(said: str) -> str:
    """With a full stop, unless it ends in a list."""
    return said if "\n" in said else f"{said}."


def silenced_by(rule: Rule, rule_set: RuleSet | None) -> tuple[str, ...]:
    """The rules that stand before this one in an order of precedence."""
    found: dict[str, None] = {}
    for order in rule_set.precedence if rule_set else ():
        if rule.rule_id in order.order:
            found |= dict.fromkeys(order.order[: order.order.index(rule.rule_id)])
    return tuple(found)


def severity_in_words(cases: Sequence[SeverityCase]) -> str:
    """The severity, by condition where it differs."""
    said = [f"{case.severity} when {clause(case.when, '')}" for case in cases if case.when is not None]
    last = cases[-1].severity
    return f"Severity: {'; '.join([*said, f'{last} otherwise' if said else last])}."
