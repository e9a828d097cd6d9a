"""The same claims in another order, or cut into partitions of whole patients, as a batch may be."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from validator.claims.schema import ClaimTables


def reordered(tables: ClaimTables, order: Sequence[int]) -> ClaimTables:
    """The claims with these numbers, numbered anew in this order, and their rows turned round."""
    numbers = pl.DataFrame(
        {"claim_no": list(order), "new": range(len(order))}, schema={"claim_no": pl.UInt32, "new": pl.UInt32}
    )

    def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.reverse().join(numbers, on="claim_no", how="inner", maintain_order="left")
        return kept.with_columns(claim_no="new").drop("new").select(frame.columns)

    return replace(
        tables,
        claims=renumbered(tables.claims).sort("claim_no"),
        diagnoses=renumbered(tables.diagnoses),
        procedures=renumbered(tables.procedures),
        lines=renumbered(tables.lines),
    )


def partitions(tables: ClaimTables) -> list[ClaimTables]:
    """One partition for each patient, and one for each claim that says nothing of its patient."""
    groups: dict[object, list[int]] = {}
    for number, patient in tables.claims.select("claim_no", "patient_id").rows():
        groups.setdefault(patient if patient is not None else ("claim", number), []).append(number)
    return [reordered(tables, group) for group in groups.values()]
