"""A finding's lasting identity: the same mistake has the same id tomorrow."""

from hashlib import sha256

import polars as pl

# What makes a finding itself, by grain: never version, wording, batch date or reference facts, so that a
# better sentence or a new release does not turn last night's finding into a new one.
_AT_GRAIN = {
    "diagnosis": ("diagnosis_role", "code_as_sent", "coding_date"),
    "line": ("line_number", "line_from_date", "procedure_code", "modifiers", "units", "charge"),
    "claim": ("from_date", "through_date"),
    "provider": ("provider", "day"),
}
_SEPARATOR = "\x1f"


def finding_ids(findings: pl.DataFrame, grain: str) -> pl.Series:
    """16 hexadecimal characters per finding of one grain.

    SHA-256 of rule, billing NPI, claim id and the claim values at the grain.

    `findings` holds rule_id, billing_npi, claim_id and the columns that the grain's identity names. Equal
    findings get equal ids; `with_ordinals` tells them apart.
    """
    names = ("rule_id", "billing_npi", "claim_id", *_AT_GRAIN[grain])
    texts = [
        pl.col(name).cast(pl.List(pl.String)).list.join(",")
        if isinstance(findings.schema[name], pl.List)
        else pl.col(name).cast(pl.String)
        for name in names
    ]
    keys = findings.select(pl.concat_str([t.fill_null("") for t in texts], separator=_SEPARATOR).alias("key"))
    ids = [sha256(key.encode()).hexdigest()[:16] for key in keys["key"]]
    return pl.Series("finding_id", ids, dtype=pl.String)


def with_ordinals(findings: pl.DataFrame) -> pl.DataFrame:
    """Equal ids get `-2`, `-3` ... in the order of the rows, which must be the final one."""
    ordinal = pl.int_range(1, pl.len() + 1).over("finding_id")
    told_apart = pl.when(ordinal > 1).then(pl.format("{}-{}", "finding_id", ordinal)).otherwise("finding_id")
    return findings.with_columns(told_apart.alias("finding_id"))
