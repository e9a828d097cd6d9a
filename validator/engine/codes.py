"""Facts of the diagnosis codes of a partition, once for each distinct code and period."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import CODE_SYSTEMS
from validator.reference.schema import (
    CODE_FACTS,
    DATE_REACH,
    ICD10_FACTS,
    IN_TABULAR,
    LIST_FACTS,
    RULE_FACTS,
    CodeFacts,
)

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

ICD10_START = date(2015, 10, 1)  # 45 CFR 162.1002: ICD-10-CM replaced ICD-9-CM on this day
CODE = "diagnosis.code"
REACH = "icd10.date_reach"
_BY_PERIOD = {f"icd10.{fact.name}": fact for fact in ICD10_FACTS}
_BY_CODE = {
    "icd9.exists": CODE_FACTS[3],
    **{f"icd10.{fact.name}": fact for fact in (*CODE_FACTS, *LIST_FACTS, IN_TABULAR) if fact.name != "icd9"},
}
# Everything that depends on the code and its period alone.
CODE_FIELDS = frozenset(name for name in RULE_FACTS if name != "icd10.title")


@dataclass(frozen=True)
class Kinds:
    """One row per distinct (code, period) of the diagnoses; `of_row`: which of them each diagnosis is.

    `numbers`: code_no, fact_no (row of the facts by period, blank without a covered date), icd10.date_reach.
    """

    of_row: pl.Series
    numbers: pl.DataFrame
    facts: CodeFacts
    _made: dict[str, pl.Series] = field(default_factory=dict)

    def of_rows(self, rows: pl.Series | None = None) -> pl.Series:
        """Which kind each of these diagnoses is; of all in order where `rows` are all, or none are named."""
        return self.of_row if rows is None or rows.len() == self.of_row.len() else self.of_row[rows]

    def fields(self, names: Collection[str]) -> dict[str, pl.Series]:
        """The fields by name, one value per kind."""
        for name in names:
            if name not in self._made:
                self._made[name] = self._field(name).alias(name)
        return {name: self._made[name] for name in names}

    def frame(self, names: Collection[str]) -> pl.DataFrame:
        """The same as a frame."""
        return pl.DataFrame(list(self.fields(names).values()))

    def _field(self, name: str) -> pl.Series:
        if name == REACH:
            return self.numbers[REACH]
        if name == CODE:
            return self.facts.codes["code"].gather(self.numbers["code_no"])
        if name in _BY_PERIOD:
            return self.facts.by_period[_BY_PERIOD[name].name].gather(self.numbers["fact_no"])
        fact = _BY_CODE[name]
        values = self.facts.codes[fact.name].gather(self.numbers["code_no"])
        if fact.always:
            return values
        in_force = (self._field("icd10.status") == "in_force").fill_null(False)
        return values.set(~in_force, None)


def kinds_of(diagnoses: pl.DataFrame, reference: "Reference") -> Kinds:
    """The kinds of these diagnoses (code, coding_date), in order of code and period."""
    facts = reference.facts(diagnoses["code"].unique().sort())
    periods = len(reference.periods)
    before, after, undated, states = periods, periods + 1, periods + 2, periods + 3
    codes = facts.codes.select("code", pl.int_range(pl.len(), dtype=pl.UInt32).alias("code_no"))
    starts = pl.Series([p.valid_from for p in reference.periods])
    on = pl.col("coding_date")
    state = (
        pl.when(on.is_null()).then(pl.lit(undated, pl.UInt32))
        .when(on < pl.lit(reference.covers_from)).then(pl.lit(before, pl.UInt32))
        .when(on > pl.lit(reference.covers_to)).then(pl.lit(after, pl.UInt32))
        .otherwise(pl.lit(starts).search_sorted(on, side="right").cast(pl.Int64) - 1)
        .cast(pl.UInt32)
    )  # fmt: skip
    kind = (
        diagnoses.select("code", "coding_date")
        .join(codes, on="code", how="left", maintain_order="left")
        .select(pl.col("code_no") * states + state)
        .to_series()
    )
    distinct = kind.unique().sort()
    places = pl.repeat(None, codes.height * states, dtype=pl.UInt32, eager=True)
    places = places.scatter(distinct, pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True))
    which = pl.DataFrame({"code_no": distinct // states, "state": distinct % states})
    covered = pl.col("state") < periods
    numbers = which.select(
        "code_no",
        pl.when(covered).then(pl.col("code_no") * periods + pl.col("state")).alias("fact_no"),
        pl.when(pl.col("state") == before).then(pl.lit(DATE_REACH[0]))
        .when(covered).then(pl.lit(DATE_REACH[1]))
        .when(pl.col("state") == after).then(pl.lit(DATE_REACH[2]))
        .cast(pl.Enum(DATE_REACH)).alias(REACH),
    )  # fmt: skip
    return Kinds(places.gather(kind), numbers, facts)


def code_system() -> pl.Expr:
    """What the evidence says the code is.

    A point after the fourth character (E880.9) is written in ICD-9-CM only. Listed in one system only: that
    one. In both: what the feed declares, else what the date demands. In neither: ICD-9-CM if declared so or
    shaped so, ICD-10-CM if shaped so, else something else.
    """
    icd10, icd9 = pl.col("icd10.ever_listed"), pl.col("icd9.exists")
    declared = pl.col("declared_code_system").cast(pl.String)
    on = pl.col("coding_date")
    icd9_shape = pl.col("code").str.contains(r"^(?:\d{3,5}|V\d{2,4}|E\d{3,4})$")
    by_date = (
        pl.when(on < pl.lit(ICD10_START))
        .then(pl.lit("icd9cm"))
        .when(on.is_not_null())
        .then(pl.lit("icd10cm"))
    )
    in_both = pl.when(declared.is_in(["icd9cm", "icd10cm"])).then(declared).otherwise(by_date)
    in_neither = (
        pl.when(declared == "icd9cm").then(pl.lit("icd9cm"))
        .when(icd9_shape & ~pl.col("icd10.well_formed")).then(pl.lit("icd9cm"))
        .when(pl.col("icd10.well_formed")).then(pl.lit("icd10cm"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    return (
        pl.when(icd9 & pl.col("code_as_sent").str.contains(r"^\s*[Ee]\d{3}\.\d\s*$")).then(pl.lit("icd9cm"))
        .when(icd10 & ~icd9).then(pl.lit("icd10cm"))
        .when(icd9 & ~icd10).then(pl.lit("icd9cm"))
        .when(icd9 & icd10).then(in_both)
        .otherwise(in_neither)
        .cast(pl.Enum(CODE_SYSTEMS))
    )  # fmt: skip
