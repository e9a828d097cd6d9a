"""The compiled form of a rule, for people who want to see what the machine understood."""

from validator.engine.compile import compile_condition
from validator.engine.outcomes import implied_scope
from validator.rules.model import Condition, Rule
from validator.rules.reads import searches


def polars_text(rule: Rule) -> str:
    """Scope and condition of a rule as Polars expressions; `there_is` appears as a named column."""
    return "\n".join(
        [
            f"scope:     {_text(rule.only_for)}",
            *(f"       and {expression}" for expression in implied_scope(rule)),
            f"condition: {_text(rule.flag_when)}",
        ]
    )


def _text(condition: Condition) -> str:
    columns = {exists: f"exists:{n}" for n, exists in enumerate(dict.fromkeys(searches(condition)))}
    return str(compile_condition(condition, lambda _: True, columns))
