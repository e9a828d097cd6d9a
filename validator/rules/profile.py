"""A profile: which rules run, and where a rule's findings weigh more or less than the rule itself says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from validator.rules.model import NO_LIMIT, SEVERITIES, Filing, Rule, Severity, SeverityCase
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.parts import read_case
from validator.rules.problems import Problems
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys, read_choice, read_rule_id, read_text

RUNNING = ("active", "shadow")
_LONGEST_LIMIT = 3_660


@dataclass(frozen=True)
class Override:
    """For one rule: this severity, everywhere or where the condition holds."""

    rule_id: str
    case: SeverityCase
    reason: str = ""


@dataclass(frozen=True)
class Profile:
    """`chosen` is None for every rule; `left_out` is taken away from it."""

    name: str
    chosen: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = field(default=())
    filing: Filing = NO_LIMIT

    def runs(self, rule: Rule) -> bool:
        if rule.status not in RUNNING or rule.rule_id in self.left_out:
            return False
        return self.chosen is None or rule.rule_id in self.chosen

    def apply(self, rule: Rule) -> Rule:
        """The rule with the profile's cases before its own; one without condition takes their place."""
        cases: list[SeverityCase] = []
        for override in self.overrides:
            if override.rule_id != rule.rule_id:
                continue
            cases.append(override.case)
            if override.case.when is None:
                return replace(rule, severity=tuple(cases))
        return replace(rule, severity=(*cases, *rule.severity)) if cases else rule


def read_profile(node: Node, name: str, rules: Mapping[str, Rule], problems: Problems) -> Profile:
    """The profile that a document holds; `rules` are all rules of the folder by id."""
    if isinstance(node, Text) and node.blank:
        return Profile(name)
    keys = known_keys(
        node,
        here="a profile",
        keys=("why", "rules", "except", "severity", "timely_filing"),
        problems=problems,
    )
    if keys is None:
        return Profile(name)
    if "why" in keys:
        read_text(keys["why"], problems, key="why")
    chosen = keys.get("rules")
    every = chosen is None or (isinstance(chosen, Text) and chosen.text == "all")
    return Profile(
        name,
        None if every or chosen is None else frozenset(_rule_ids(chosen, "rules", rules, problems)),
        frozenset(_rule_ids(keys["except"], "except", rules, problems)) if "except" in keys else frozenset(),
        tuple(_overrides(keys["severity"], rules, problems)) if "severity" in keys else (),
        _filing(keys["timely_filing"], problems) if "timely_filing" in keys else NO_LIMIT,
    )


def _filing(node: Node, problems: Problems) -> Filing:
    """`{days: 365, payers: {P100: 90}}`: limits for filing a claim, by payer where it has its own."""
    keys = known_keys(node, here="timely_filing", keys=("days", "payers"), problems=problems) or {}
    days = _days(keys["days"], "timely_filing", problems) if "days" in keys else None
    payers = keys.get("payers")
    if payers is not None and not isinstance(payers, Block):
        fix = "write payers: {P100: 90}"
        problems.add("R007", "payers is written as `payer: days`", fix=fix, at=payers.span)
        return Filing(days)
    limits = [(key.text, _days(value, key.text, problems)) for key, value in payers or ()]
    return Filing(days, tuple((payer, limit) for payer, limit in limits if limit is not None))


def _days(node: Node, of: str, problems: Problems) -> int | None:
    text = node.text if isinstance(node, Text) else ""
    if text.isascii() and text.isdigit() and 0 < int(text) <= _LONGEST_LIMIT:
        return int(text)
    what = f"{of} is a whole number of days from 1 to {_LONGEST_LIMIT}"
    problems.add("R014", what, fix="write digits: days: 365", at=node.span)
    return None


def _rule_ids(node: Node, key: str, rules: Mapping[str, Rule], problems: Problems) -> list[str]:
    if not isinstance(node, Items):
        fix = "write [DX002, DX004]" + (", or all" if key == "rules" else "")
        problems.add("R007", f"{key} is a list of rule ids", fix=fix, at=node.span)
        return []
    return [found for item in node if (found := read_rule_id(item, problems, known=rules))]


def _overrides(node: Node, rules: Mapping[str, Rule], problems: Problems) -> list[Override]:
    if not isinstance(node, Items):
        problems.add(
            "R007",
            "severity is a list of overrides",
            fix="write - {rule: DX205, when: {claim.type: dental}, is: audit}",
            at=node.span,
        )
        return []
    overrides = []
    for item in node:
        keys = known_keys(
            item,
            here="an override",
            keys=("rule", "when", "is", "reason"),
            required=("rule", "is"),
            problems=problems,
        )
        if keys is None or "rule" not in keys or "is" not in keys:
            continue
        rule_id = read_rule_id(keys["rule"], problems, known=rules)
        word = read_choice(keys["is"], problems, key="severity", words=SEVERITIES)
        reason = read_text(keys["reason"], problems, key="reason") if "reason" in keys else ""
        if rule_id is None or word is None or reason is None:
            continue
        when = None
        if "when" in keys:
            rule = rules[rule_id]
            row = rule.count_each or rule.check_each
            when = read_case(keys["when"], Scope(row, problems, counting=rule.count_each is not None))
            if when is None:
                continue
        severity: Severity = word  # type: ignore[assignment]
        overrides.append(Override(rule_id, SeverityCase(when, severity), reason))
    return overrides
