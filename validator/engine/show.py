"""The compiled form of a rule, for people who want to see what the machine understood."""

from validator.engine.compile import compile_condition
from validator.engine.outcomes import dates_in_force, implied_scope
from validator.rules.model import Condition, DayTotal, Rule, Share
from validator.rules.reads import searches


def polars_text(rule: Rule) -> str:
    """Scope and condition of a rule as Polars expressions; `there_is` appears as a named column."""
    if isinstance(rule.flag_when, DayTotal):
        return f"counted:   {_text(rule.only_for)}"
    if isinstance(rule.flag_when, Share):
        return f"counted:   {_text(rule.only_for)}\nof these:  {_text(rule.flag_when.that)}"
    return "\n".join(
        [
            f"scope:     {_text(rule.only_for)}",
            *(f"       and {_text(condition)}" for condition in implied_scope(rule)),
            *(f"       and {expression}" for expression in dates_in_force(rule)),
            f"condition: {_text(rule.flag_when)}",
        ]
    )


def _text(condition: Condition) -> str:
    columns = {exists: f"exists:{n}" for n, exists in enumerate(dict.fromkeys(searches(condition)))}
    return str(compile_condition(condition, lambda _: True, columns))
