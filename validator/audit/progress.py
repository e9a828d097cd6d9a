"""How far the work on a run is: decided and undecided, by age, and how often each rule was wrong."""

from decimal import Decimal
from typing import Any

import polars as pl

from validator.audit.runs import FinishedRun
from validator.findings.schema import MONEY
from validator.ledger.schema import DISPOSITIONS, TO_DO
from validator.reports.summary import false_alarms
from validator.reports.text import records
from validator.reports.words import TO_DO as OPEN_WORDS

_AGES = ((0, 7), (8, 30), (31, 90), (91, None))  # days since a finding was first seen


def progress_of(run: FinishedRun) -> dict[str, Any]:
    """Counts and amounts: `asked` is what the night asked people to do."""
    asked = run.standing.filter(pl.col("standing").is_in(OPEN_WORDS))
    decided = run.memory.past.findings.filter(
        pl.col("decided_after") == run.batch_date, pl.col("disposition") != TO_DO
    )
    findings = (
        run.findings.select("finding_id", "rule_id", "amount_at_risk")
        .join(asked.select("finding_id", "first_seen"), on="finding_id")
        .join(decided.select("finding_id", "disposition"), on="finding_id", how="left")
    )
    left = findings.filter(pl.col("disposition").is_null()).with_columns(
        (run.batch_date - pl.col("first_seen")).dt.total_days().alias("age")
    )
    done = findings.drop_nulls("disposition")
    counts = dict(done["disposition"].value_counts().iter_rows())
    return {
        "run": run.path.name,
        "asked": findings.height,
        "decided": {word: counts.get(word, 0) for word in DISPOSITIONS if word != TO_DO},
        "left": left.height,
        "left_amount": str(left["amount_at_risk"].cast(MONEY).sum()),
        "left_by_age": {_words_of(first, last): _aged(left, first, last) for first, last in _AGES},
        "rules": records(false_alarms(run.memory.past.findings)),
    }


def in_words(progress: dict[str, Any]) -> str:
    """The same for a person."""
    decided = sum(progress["decided"].values())
    share = f" ({decided / progress['asked']:.0%})" if progress["asked"] else ""
    lines = [f"{progress['run']}: {decided:,} of {progress['asked']:,} findings decided{share}"]
    lines += [f"  {word}: {count:,}" for word, count in progress["decided"].items() if count]
    left = Decimal(progress["left_amount"])
    lines.append(f"{progress['left']:,} left, ${left:,} at risk (amounts of one claim overlap)")
    lines += [f"  first seen {age}: {count:,}" for age, count in progress["left_by_age"].items() if count]
    wrong = [rule for rule in progress["rules"] if rule["false_alarms"]]
    if wrong:
        lines.append("called false alarms, of all decided by anybody:")
        lines += [
            f"  {rule['rule_id']}: {rule['false_alarms']:,} of {rule['decided']:,} ({rule['rate']:.0%})"
            for rule in wrong
        ]
    return "\n".join(lines)


def _aged(left: pl.DataFrame, first: int, last: int | None) -> int:
    age = pl.col("age")
    return left.filter(age >= first, age <= last if last is not None else pl.lit(True)).height


def _words_of(first: int, last: int | None) -> str:
    return f"{first} to {last} days before" if last is not None else f"more than {first - 1} days before"
