"""Count the NPI fields of a claim that are filled and name those that cannot be NPIs."""

import polars as pl

from validator.claims.main_list import by_claim


def malformed_npis(npis: pl.Series) -> pl.Series:
    """Those of the given texts that cannot be NPIs: not 10 digits starting 1 or 2, or a wrong check digit.

    The check digit is Luhn's over 80840 and the number (45 CFR 162.406); the prefix adds 24 to every sum.
    """
    distinct = npis.drop_nulls().unique()
    digits = [distinct.str.slice(place, 1).cast(pl.Int16, strict=False) for place in range(10)]
    total = pl.Series([24], dtype=pl.Int16).new_from_index(0, distinct.len())
    for place, digit in enumerate(digits):
        doubled = digit * 2
        total = total + (doubled - 9 * (digit > 4).cast(pl.Int16) if place % 2 == 0 else digit)
    well_formed = distinct.str.contains(r"^[12][0-9]{9}$") & (total % 10 == 0).fill_null(False)
    return distinct.filter(~well_formed)


def with_npis(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Count the NPI fields that are filled and name those that cannot be NPIs; blank where none is wrong."""
    fields = {"billing": "billing_npi", "facility": "facility_npi", "attending": "attending_npi"}
    columns = [*(claims[column] for column in fields.values()), lines["rendering_npi"]]
    wrong = malformed_npis(pl.concat([column.unique() for column in columns])).implode()
    wrong_fields = [
        claims.lazy()
        .filter(pl.col(column).is_in(wrong))
        .select("claim_no", pl.lit(order, pl.UInt32).alias("order"), pl.lit(name).alias("field"))
        for order, (name, column) in enumerate(fields.items())
    ]
    wrong_lines = (
        lines.lazy()
        .filter(pl.col("rendering_npi").is_in(wrong))
        .select(
            "claim_no",
            (pl.col("line_number").cast(pl.UInt32) + len(fields)).alias("order"),
            pl.format("rendering on line {}", "line_number").alias("field"),
        )
    )
    named = (
        pl.concat([*wrong_fields, wrong_lines])
        .sort("claim_no", "order")
        .group_by("claim_no", maintain_order=True)
        .agg(pl.col("field").alias("npis_malformed"))
        .collect()
    )
    on_lines = by_claim(lines).agg(sent_on_lines=pl.col("rendering_npi").count().cast(pl.Int16))
    on_claim = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.Int16) for column in fields.values())
    return (
        claims.drop("npis_malformed", strict=False)
        .join(on_lines, on="claim_no", how="left", maintain_order="left")
        .join(named, on="claim_no", how="left", maintain_order="left")
        .with_columns((on_claim + pl.col("sent_on_lines").fill_null(0)).cast(pl.Int16).alias("npis_sent"))
        .drop("sent_on_lines")
    )
