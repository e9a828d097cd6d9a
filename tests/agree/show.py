"""A failing case as a person can read it: the rules in one line each, the rows with their filled cells only."""

from tests.agree.build import deliverable_columns
from validator.claims.schema import ClaimTables
from validator.engine.settings import Settings
from validator.rules.model import All, Any_, Compare, Condition, DayTotal, Exists, None_, Rule, RuleSet, Share

WORD_OF = {All: "all", Any_: "any", None_: "none"}


class Case:
    """Claims, and the rules that judge them; no rules stand for the shipped ones.

    No dataclass: Hypothesis would print its fields one by one instead of this text.
    """

    def __init__(self, tables: ClaimTables, settings: Settings, rules: RuleSet | None = None) -> None:
        self.tables = tables
        self.settings = settings
        self.rules = rules

    def __repr__(self) -> str:
        made = self.rules.rules if self.rules else ()
        orders = [f"precedence {order.order}" for order in (self.rules.precedence if self.rules else ())]
        return "\n" + "\n".join(
            [*(in_words(rule) for rule in made), *orders, str(self.settings), *rows(self.tables)]
        )


def in_words(rule: Rule) -> str:
    """Everything of a rule that decides."""
    cases = [
        f"{condition(case.when)} -> {case.severity}" if case.when else case.severity for case in rule.severity
    ]
    bounds = f" in force {rule.in_force_from}..{rule.in_force_until}"
    scope, flag = condition(rule.only_for), condition(rule.flag_when)
    each = rule.check_each
    if rule.provider is not None:
        each = f"{rule.provider} of {rule.count_each} among {rule.peers}"  # type: ignore[assignment]
    return f"{rule.rule_id} each {each}{bounds} only for {scope} flag {flag} severity {cases}"


def condition(tree: Condition) -> str:
    """A condition in one line."""
    if isinstance(tree, Compare):
        return f"{tree.field} {tree.operator} {tree.value}"
    if isinstance(tree, Exists):
        parts = {
            "same": tree.same,
            "equal": [str(field) for field in tree.equal],
            "where": condition(tree.where),
            "days": tree.days_apart,
            "year": tree.same_year and str(tree.same_year),
            "years": tree.years_apart,
            "listed": tree.listed_in,
            "how many": tree.how_many,
            "total": tree.total,
            "earlier": tree.reported_earlier,
        }
        asked = ", ".join(f"{name}: {part}" for name, part in parts.items() if part)
        return f"{'there_is_no' if tree.negated else 'there_is'} {tree.table} ({asked})"
    if isinstance(tree, Share):
        return f"share of {condition(tree.that)}: {tree.at_least}, {tree.minimum}, {tree.times_peers} peers"
    if isinstance(tree, DayTotal):
        return f"day total {tree}"
    return f"{WORD_OF[type(tree)]}({'; '.join(condition(part) for part in tree.conditions)})"


def rows(tables: ClaimTables) -> list[str]:
    """One line for each row, and what each feed lacks."""
    lines = [
        f"{name}: { ({column: str(cell) for column, cell in row.items() if cell not in (None, [])}) }"
        for name, frame in tables
        for row in frame.to_dicts()
    ]
    whole = deliverable_columns()
    lines += [f"earlier: {sorted(tables.earlier)}"] if tables.earlier else []
    return [*lines, *(f"{file} lacks {sorted(whole - has)}" for file, has in tables.carried.items())]
