"""Which diagnoses may stand together: what the reference keeps apart is taken off a claim again."""

from dataclasses import dataclass

import polars as pl

from benchmarks.codes import CodeBook
from validator.reference.lookup import Reference

# Tables of pairs of which one code is too many.
APART = (
    "icd10_excludes1",
    "icd10_excludes1_broad",
    "icd10_without_with",
    "history_of_active",
    "symptom_of_disease",
)
WANTED_FIRST = "icd10_code_first"
# Hypertension has codes of its own together with these.
HYPERTENSION, ITS_PARTNERS = "I10", "hypertension_partners"


@dataclass(frozen=True)
class Company:
    """What the reference says about two codes on one claim: tables of left, right (code, class), listed."""

    apart: tuple[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], ...]
    before: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
    families: pl.DataFrame
    wants_first: pl.Series

    def settle(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Take away the later of two codes (`number`, `slot`, `code`) that do not go together; `careless`
        claims keep theirs.
        """
        careful = cells.filter(~pl.col("careless"))
        careful = careful.join(self.families, on="code", how="left", maintain_order="left")
        for family in ("side_family", "stem"):
            again = pl.int_range(pl.len()).over("number", family) > 0
            careful = careful.filter(pl.col(family).is_null() | ~again)
        obstetric = pl.col("code").str.starts_with("O")
        careful = careful.filter(~obstetric | obstetric.first().over("number"))
        row = careful.select("number", "slot", "code").with_row_index("row")
        pairs = row.join(row, on="number", suffix="_other").filter(pl.col("row") != pl.col("row_other"))
        later = pl.max_horizontal("row", "row_other")
        lost = [_listed(pairs, table).select(later.alias("row")) for table in self.apart]
        ordered = _listed(pairs, self.before)
        is_after = pl.col("row") > pl.col("row_other")
        lost.append(ordered.filter(~is_after).select(later.alias("row")))
        served = ordered.filter(is_after)["row"].unique()
        wanting = row.filter(pl.col("code").is_in(self.wants_first.implode()))
        lost.append(wanting.filter(~pl.col("row").is_in(served.implode())).select("row"))
        kept = careful[:, : cells.width].filter(~row["row"].is_in(pl.concat(lost)["row"].unique().implode()))
        return pl.concat([kept, cells.filter("careless")]).sort("number", "slot")


def read_company(reference: Reference, book: CodeBook) -> Company:
    """Read the tables of pairs, and which codes need another before them."""
    tables = []
    for name in (*APART, WANTED_FIRST):
        held = reference.pairs(name)
        assert held is not None, name
        tables.append((held.left, held.right, held.listed.select("left", "right").unique()))
    partners = reference.value_set(ITS_PARTNERS)
    assert partners is not None
    one_class = pl.lit(0, pl.UInt32).alias("class")
    hypertension = (
        pl.DataFrame({"code": [HYPERTENSION]}).with_columns(one_class),
        partners.members.select("code", one_class),
        pl.DataFrame({"left": [0], "right": [0]}, schema={"left": pl.UInt32, "right": pl.UInt32}),
    )
    return Company(
        (*tables[:-1], hypertension),
        tables[-1],
        book.about.select("code", "side_family", "stem"),
        book.about.filter("wants_first")["code"],
    )


def _listed(pairs: pl.DataFrame, table: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Those of the pairs that a table lists."""
    left, right, listed = table
    return (
        pairs.join(left.rename({"class": "left"}), on="code")
        .join(right.rename({"code": "code_other", "class": "right"}), on="code_other")
        .join(listed, on=["left", "right"], how="semi")
    )
