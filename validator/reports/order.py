"""The order in which people read findings: claims with most at stake first, each claim together."""

import polars as pl

from validator.findings.schema import STANDING
from validator.ledger.schema import DECISION
from validator.reports.content import WorkToDo
from validator.reports.words import TO_DO

# With its type: Polars 2.1 plans fill_null("new") of an enumeration as text and runs it as an enumeration,
# and sorting what it planned wrongly breaks down from about 200,000 rows on.
_NEW = pl.lit("new", dtype=STANDING["standing"])


def riskiest_first(
    work: WorkToDo, *, rows_at_most: int, to_do_only: bool = False
) -> tuple[pl.DataFrame, int]:
    """The findings to show, and how many there are in all.

    One row per finding with `expected_loss` and `due_date` of its claim, `standing`, `first_seen`, and its
    `history` and last decision from the ledger added: by expected loss, then due date, claim, worst severity,
    amount and id. A finding that no ledger knows counts as new.
    """
    losses = work.claims_at_risk.lazy().select("claim_key", "expected_loss", "due_date")
    standing = work.standing.lazy().select("finding_id", "standing", "first_seen")
    keys = (
        work.findings.lazy()
        .select("finding_id", "claim_key", "severity", "amount_at_risk")
        .with_row_index("row_no")
        .join(losses, on="claim_key", how="left")
        .join(standing, on="finding_id", how="left")
        .with_columns(pl.col("standing").fill_null(_NEW), pl.col("expected_loss").fill_null(0))
    )
    if to_do_only:
        keys = keys.filter(pl.col("standing").is_in(TO_DO))
    ordered = keys.sort(
        "expected_loss", "due_date", "claim_key", "severity", "amount_at_risk", "finding_id",
        descending=[True, False, False, False, True, False], nulls_last=True,
    ).collect()  # fmt: skip
    chosen = ordered.head(rows_at_most)
    rows = work.findings[chosen["row_no"]]
    rows = rows.hstack(chosen.select("expected_loss", "due_date", "standing", "first_seen"))
    remembered = work.memory.past.findings.select("finding_id", "history", *DECISION)
    return rows.join(remembered, on="finding_id", how="left", maintain_order="left"), ordered.height
