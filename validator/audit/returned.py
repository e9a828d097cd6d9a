"""Read a worklist that came back: every filled row is checked, and the file counts whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from validator.audit.runs import FinishedRun
from validator.audit.sheets import Check, filled_rows, refuse
from validator.ledger.book import DECISIONS
from validator.ledger.schema import DISPOSITIONS, SNOOZED, TO_DO
from validator.reports.text import shown

_LONGEST = 2_000
# Heading of the worklist -> column here. The first two must be there; nobody may change the next two.
_HEADINGS = {
    "Finding id": "finding_id",
    "Disposition": "disposition",
    "Rule": "rule_id",
    "Claim": "claim_id",
    "Snoozed until": "snoozed_until",
    "Owner": "owner",
    "Note": "note",
}
_NEEDED = ("Finding id", "Disposition")
_FILLED = ("disposition", "snoozed_until", "owner", "note")
_FIX = "Give the worklist of the run, filled in; `validator review export` writes a fresh one."
_DAY = r"^\d{4}-\d{2}-\d{2}(?: 00:00:00)?$"


@dataclass(frozen=True)
class Returned:
    """`decisions` has columns DECISIONS; `untouched` rows were left as the worklist was written."""

    decisions: pl.DataFrame
    untouched: int


def read_worklist(run: FinishedRun, file: Path) -> Returned:
    """The decisions of a filled worklist (xlsx or csv) of this run, whose memory is as of this run.

    Raises UsageError with the place of everything that is wrong; no cell is repeated.
    """
    rows = filled_rows(file, _HEADINGS, _NEEDED, _FIX).with_columns(
        pl.col("disposition").str.to_lowercase().str.replace_all(r"\s+", " "),
        *(pl.col(name).fill_null("") for name in _FILLED[1:]),
    )
    given = _known(rows, run)
    touched = given.filter(pl.any_horizontal(pl.col(_FILLED) != ""))
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in ("owner", "note"))
    asked = touched.filter(~((pl.col("disposition") == "") & (pl.col("snoozed_until") == "") & same))
    asked = asked.with_columns(
        pl.when((pl.col("disposition") == "") & (pl.col("snoozed_until") == ""))
        .then(pl.lit(TO_DO))
        .otherwise("disposition")
        .alias("disposition"),
        pl.col("snoozed_until").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).alias("day"),
    )
    refuse(asked, _checks(run), file)
    decided = asked.select(
        "finding_id",
        "disposition",
        pl.when(pl.col("disposition") == SNOOZED).then("day").alias("snoozed_until"),
        *(pl.when(pl.col(name) != "").then(name).alias(name) for name in ("owner", "note")),
    )
    return Returned(decided.select(*DECISIONS).unique().sort("finding_id"), rows.height - asked.height)


def _known(rows: pl.DataFrame, run: FinishedRun) -> pl.DataFrame:
    """The rows with what the run and the ledger say of their finding."""
    there = shown(run.findings.select("finding_id", "rule_id", "claim_id"))
    there = there.with_columns(pl.col("rule_id", "claim_id").str.strip_chars().fill_null(""))
    before = run.memory.past.findings.select("finding_id", "owner", "note")
    joined = rows.join(there, on="finding_id", how="left", suffix="_there", maintain_order="left")
    joined = joined.join(before, on="finding_id", how="left", suffix="_before", maintain_order="left")
    return joined.with_columns(pl.col("owner_before", "note_before").fill_null(""))


def _checks(run: FinishedRun) -> list[Check]:
    finding, word, until = pl.col("finding_id"), pl.col("disposition"), pl.col("snoozed_until")
    known, snoozed = pl.col("rule_id_there").is_not_null(), word == SNOOZED
    is_day = pl.col("day").is_not_null() & until.str.contains(_DAY)
    several = pl.struct("disposition", "day", "owner", "note").n_unique().over("finding_id") > 1
    later = finding.is_in(run.decided_later.implode())
    changed = "does not belong to the finding id of this row; sort whole rows only"
    return [
        Check("finding_id", ~known, "no finding of this run has this id"),
        Check("rule_id", known & (pl.col("rule_id") != pl.col("rule_id_there")), changed),
        Check("claim_id", known & (pl.col("claim_id") != pl.col("claim_id_there")), changed),
        Check("disposition", ~word.is_in(list(DISPOSITIONS)), f"is none of: {', '.join(DISPOSITIONS)}"),
        Check("snoozed_until", (until != "") & ~is_day, "is no date; write it as 2026-03-31"),
        Check(
            "snoozed_until",
            snoozed & ~(pl.col("day") > run.batch_date).fill_null(value=False),
            f"needs a date after the night of the run, {run.batch_date}",
        ),
        Check("disposition", (until != "") & ~snoozed, f'must be "{SNOOZED}" where a date is given'),
        Check("disposition", several, "another row decides otherwise about the same finding"),
        Check("finding_id", later, "was decided on a later run already; use the worklist of that run"),
        *(
            Check(name, pl.col(name).str.len_chars() > _LONGEST, f"is longer than {_LONGEST:,} characters")
            for name in ("owner", "note")
        ),
    ]
