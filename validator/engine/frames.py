"""Canonical tables plus reference facts become wide frames whose columns carry rule names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import CODE_SYSTEMS, RULE_TABLES, ClaimTables, Column, rule_columns
from validator.reference.schema import CODE_FACTS, DATE_REACH, ICD10_FACTS, RULE_FACTS, CodeFacts

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

ICD10_START = date(2015, 10, 1)  # 45 CFR 162.1002: ICD-10-CM replaced ICD-9-CM on this day
_COLUMNS = rule_columns()
_CODE_FACT_NAMES = {
    "icd9.exists": "icd9",
    **{f"icd10.{f.name}": f.name for f in CODE_FACTS if f.name != "icd9"},
}
_PERIOD_FACT_NAMES = {f"icd10.{f.name}": f.name for f in ICD10_FACTS}


def recorded_name(field_name: str) -> str:
    """The column that says whether the feed of this row carries the field."""
    return f"recorded:{field_name}"


@dataclass
class Frames:
    """The frames of one partition, made on demand and kept.

    `frame(table)` has one row per row of the canonical table, in its order, with `row` (position),
    `claim_no`, and every field of `needed[table]` under its rule name.
    """

    tables: ClaimTables
    reference: "Reference"
    needed: Mapping[str, set[str]]
    batch_date: date

    def __post_init__(self) -> None:
        self._made: dict[str, pl.DataFrame] = {}

    def frame(self, table: str) -> pl.DataFrame:
        """The frame of a rule table: diagnosis, line, procedure or claim."""
        if table not in self._made:
            base = getattr(self.tables, RULE_TABLES[table])
            rows = pl.int_range(base.height, dtype=pl.UInt32, eager=True).alias("row")
            self._made[table] = self.rows(table, rows, self.needed.get(table, set()))
        return self._made[table]

    def recorded(self, field_name: str) -> bool | None:
        """Whether the feeds carry the column: True all, False none, None some of them."""
        table, column = _COLUMNS[field_name]
        if column.blank == "never":
            return True
        has = {f"{table}.{column.name}" in columns for columns in self._feeds.values()}
        return has.pop() if len(has) == 1 else None if has else False

    @cached_property
    def _feeds(self) -> dict[str, frozenset[str]]:
        files = self.tables.claims["source_file"].unique().sort().to_list()
        return {file: self.tables.carried.get(file, frozenset()) for file in files}

    def rows(self, table: str, rows: pl.Series, names: Collection[str]) -> pl.DataFrame:
        """Some rows of a rule table, by position, with the fields asked for."""
        base = getattr(self.tables, RULE_TABLES[table])
        if rows.len() < base.height:
            base = base[rows]
        own = {name for name in names if name in _COLUMNS and _COLUMNS[name][0] == RULE_TABLES[table]}
        frame = base.select(
            rows.alias("row"),
            "claim_no",
            *(
                known(pl.col(_COLUMNS[name][1].name), _COLUMNS[name][1]).alias(name)
                for name in sorted(own - {"diagnosis.code_system"})
            ),
        )
        frame = frame.with_columns(
            *self._claim_columns(set(names) - own), pl.lit(self.batch_date).alias("batch.date")
        )
        frame = frame.with_columns(self._recorded_columns(names))
        frame = frame.with_columns(self._blanked(names))
        return self._with_facts(frame, names) if table == "diagnosis" else frame

    def _claim_columns(self, names: set[str]) -> list[pl.Expr]:
        """Columns of the claim, brought to each of its rows by position."""
        claims = self.tables.claims
        return [
            known(pl.lit(claims[_COLUMNS[name][1].name]).gather(pl.col("claim_no")), _COLUMNS[name][1]).alias(
                name
            )
            for name in sorted(names)
            if name in _COLUMNS and _COLUMNS[name][0] == "claims"
        ]

    def _recorded_columns(self, names: Collection[str]) -> list[pl.Expr]:
        """For fields that only some feeds of the batch carry: whether this row's feed does."""
        mixed = [n for n in sorted(names) if n in _COLUMNS and self.recorded(n) is None]
        source = pl.lit(self.tables.claims["source_file"]).gather(pl.col("claim_no"))
        return [source.is_in(self._carriers(name)).alias(recorded_name(name)) for name in mixed]

    def _blanked(self, names: Collection[str]) -> list[pl.Expr]:
        """Derived columns of feeds that do not carry what they are derived from: not recorded."""
        unsure = [
            n for n in sorted(names) if n in _COLUMNS and _COLUMNS[n][1].derived and not self.recorded(n)
        ]
        return [
            pl.when(pl.lit(False) if self.recorded(n) is False else pl.col(recorded_name(n)))
            .then(pl.col(n))
            .alias(n)
            for n in unsure
            if n != "diagnosis.code_system"
        ]

    def carries_rows_of(self, table: str) -> pl.Series:
        """Per claim, whether its feed delivers rows of this table at all."""
        telling = {"diagnosis": "diagnoses.code", "procedure": "procedures.code"}.get(table)
        prefix = RULE_TABLES[table] + "."
        files = [
            file
            for file, columns in self._feeds.items()
            if (telling in columns if telling else any(name.startswith(prefix) for name in columns))
        ]
        return self.tables.claims["source_file"].is_in(files)

    def _carriers(self, name: str) -> list[str]:
        table, column = _COLUMNS[name]
        return [file for file, columns in self._feeds.items() if f"{table}.{column.name}" in columns]

    @cached_property
    def code_facts(self) -> CodeFacts:
        """Facts of every distinct code of the partition."""
        return self.reference.facts(self.tables.diagnoses["code"].unique().sort())

    @cached_property
    def diagnosis_numbers(self) -> pl.DataFrame:
        """Per diagnosis: `code_no` and `fact_no`, the rows of its facts, and `date_reach`."""
        codes = self.code_facts.codes.select("code").with_row_index("code_no")
        starts = pl.Series([p.valid_from for p in self.reference.periods])
        on = pl.col("coding_date")
        last = pl.lit(self.reference.covers_to)
        first = pl.lit(self.reference.covers_from)
        reach = (
            pl.when(on < first).then(pl.lit(DATE_REACH[0])).when(on > last).then(pl.lit(DATE_REACH[2]))
            .when(on.is_not_null()).then(pl.lit(DATE_REACH[1])).cast(pl.Enum(DATE_REACH))
        )  # fmt: skip
        period = pl.lit(starts).search_sorted(on, side="right").cast(pl.Int64) - 1
        period = pl.when(on.is_between(first, last)).then(period)
        return (
            self.tables.diagnoses.select("code", "coding_date")
            .join(codes, on="code", how="left", maintain_order="left")
            .select(
                "code_no",
                (pl.col("code_no").cast(pl.Int64) * len(self.reference.periods) + period)
                .cast(pl.UInt32)
                .alias("fact_no"),
                reach.alias("icd10.date_reach"),
            )
        )

    def _with_facts(self, frame: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
        """Add the reference facts and the code system, gathered by position for the rows of the frame."""
        wanted = {name for name in names if name in RULE_FACTS and name != "icd10.title"}
        if not wanted and "diagnosis.code_system" not in names:
            return frame
        facts = self.code_facts
        evident = (
            {"icd10.well_formed", "icd10.ever_listed", "icd9.exists"}
            if "diagnosis.code_system" in names
            else set()
        )
        numbers = self.diagnosis_numbers
        sent = self.tables.diagnoses.select("code", "code_as_sent", "declared_code_system", "coding_date")
        if frame.height < numbers.height:
            numbers, sent = numbers[frame["row"]], sent[frame["row"]]
        frame = frame.with_columns(
            numbers.select(
                "icd10.date_reach",
                *(
                    pl.lit(facts.by_period[fact]).gather(pl.col("fact_no")).alias(name)
                    for name, fact in _PERIOD_FACT_NAMES.items()
                    if name in wanted
                ),
                *(
                    pl.lit(facts.codes[fact]).gather(pl.col("code_no")).alias(name)
                    for name, fact in _CODE_FACT_NAMES.items()
                    if name in wanted | evident
                ),
            ).get_columns()
        )
        if evident:
            frame = frame.with_columns(
                sent.with_columns(frame.select(sorted(evident)).get_columns())
                .select(code_system().alias("diagnosis.code_system"))
                .to_series()
            )
        return frame


def known(values: pl.Expr, column: Column) -> pl.Expr:
    """The values with `unknown` as a blank: a claim whose type nobody knows fits no type, for or against."""
    if isinstance(column.type, pl.Enum) and "unknown" in column.type.categories.to_list():
        return pl.when(values != "unknown").then(values)
    return values


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
