"""`there_is` and `there_is_no`: does another row exist? Answered with joins, three-valued.

True when some other row fits in every respect. Blank when none does for certain but one might: a row of
the same claim or patient lacks the value that would decide, this row itself lacks the key, or the feed
delivers no such rows at all. Otherwise false. Nothing is assumed about the order of rows.
"""

from dataclasses import dataclass

import polars as pl

from validator.claims.schema import rule_columns
from validator.engine.compile import compile_condition, set_column, there_is_none
from validator.engine.frames import Frames, recorded_name
from validator.engine.order import stands_earlier, with_order
from validator.engine.value_sets import membership
from validator.rules.model import All, Condition, DaysApart, Exists, Field
from validator.rules.reads import KEY_OF_SAME, comparisons, fields_of, joining_fields

_COLUMNS = rule_columns()
_KEY_FIELDS = {"claim": "claim_no", **KEY_OF_SAME}
_NONE = "\x00"  # stands for "there is none" in a key, so that none equals none


@dataclass(frozen=True)
class Existence:
    """Outcome per row asked about, and the first row found.

    `outcome`: row, exists (nullable). `matches`: row, other.row; at most one per row.
    """

    outcome: pl.DataFrame
    matches: pl.DataFrame


@dataclass(frozen=True)
class _Key:
    """One column of the join: its name in both frames, and the field it is made from.

    `widens`: a blank on the other side leaves the question open (an `equal` column).
    """

    name: str
    field: str
    widens: bool


def judge_existence(exists: Exists, grain: str, asked: pl.DataFrame, frames: Frames) -> Existence:
    """Answer for every row of `asked` (rows of the grain's frame with their fields)."""
    return _Search(exists, grain, frames).answer(asked)


class _Search:
    """One `there_is` over one partition."""

    def __init__(self, exists: Exists, grain: str, frames: Frames) -> None:
        self.exists = exists
        self.frames = frames
        self.same_table = grain == exists.table
        self.keys = [_Key(f"key:{_KEY_FIELDS[s]}", _KEY_FIELDS[s], False) for s in exists.same]
        held = {key.field for key in self.keys}
        self.keys += [_Key(f"key:{f.name}", f.name, True) for f in exists.equal if f.name not in held]
        self.alone, self.paired = _split(exists.where)

    def answer(self, asked: pl.DataFrame) -> Existence:
        names = [key.name for key in self.keys]
        others = self._others()
        asked = self._with_keys(asked, other=False)
        mine_known = pl.all_horizontal(
            *(pl.col(name).is_not_null() for name in names), self._own_date_known()
        )
        sure = asked.filter(mine_known)
        complete = others.drop_nulls(names)
        if self._needs_pairs():
            hits, maybes = self._judge_pairs(sure, complete, names)
        else:
            first = complete.filter(pl.col("fits")).group_by(names).agg(pl.col("other.row").min())
            hits = sure.join(first, on=names, how="inner").select("row", "other.row")
            open_ones = complete.filter(pl.col("fits").is_null())
            maybes = sure.join(open_ones, on=names, how="semi").select("row")
        told = pl.lit(self._is_told()).gather(pl.col("claim_no"))
        unknown = pl.concat(
            [asked.filter(~mine_known | ~told).select("row"), maybes, self._possible(sure, others)]
        )
        outcome = asked.select("row").with_columns(
            pl.when(pl.col("row").is_in(hits["row"].implode()))
            .then(pl.lit(True))
            .when(~pl.col("row").is_in(unknown["row"].implode()))
            .then(pl.lit(False))
            .alias("exists")
        )
        if self.exists.negated:
            outcome = outcome.with_columns(~pl.col("exists"))
        return Existence(outcome, hits)

    def _is_told(self) -> pl.Series:
        """Per claim, whether the feeds of all claims that could hold the other row deliver such rows."""
        told = self.frames.carries_rows_of(self.exists.table)
        if "claim" in self.exists.same or told.all():
            return told
        claims = self.frames.tables.claims.select("patient_id").with_columns(told.alias("told"))
        return claims.select(pl.col("told").all().over("patient_id"))["told"]

    def _others(self) -> pl.DataFrame:
        """The rows that may be found, fields named `other.<field>`; `fits`: what they meet by themselves."""
        table = self.exists.table
        frame = self.frames.frame(table)
        read = [
            *joining_fields(self.exists),
            *(f for c in comparisons(self.exists.where) for f in fields_of(c)),
        ]
        wanted = {f.name for f in read if f.other} | {"icd10.status"}
        wanted |= {recorded_name(name) for name in wanted} | {"row", "claim_no"}
        members = [
            membership(frame, table, c.field.name, str(c.value), self.frames).alias(set_column(c))
            for c in comparisons(self.exists.where)
            if c.operator in ("in_set", "not_in_set") and c.field.other
        ]
        others = frame.select(pl.col(name).alias(f"other.{name}") for name in frame.columns if name in wanted)
        others = others.with_columns(*members, pl.lit(self.frames.batch_date).alias("batch.date"))
        others = others.with_columns(compile_condition(self.alone, self.frames.recorded, {}).alias("fits"))
        others = others.drop("batch.date")
        return self._with_keys(others.filter(pl.col("fits").ne_missing(False)), other=True)

    def _with_keys(self, frame: pl.DataFrame, *, other: bool) -> pl.DataFrame:
        """Key columns with the same name and type on both sides; none is a value, unknown is blank."""
        prefix = "other." if other else ""
        columns = []
        for key in self.keys:
            column = pl.col(prefix + key.field)
            declared = _COLUMNS[key.field][1] if key.field in _COLUMNS else None
            if declared and isinstance(declared.type, pl.List):
                column = pl.when(column.list.len() > 0).then(
                    column.cast(pl.List(pl.String)).list.join("\x1f")
                )
            if declared and declared.blank == "none" and key.widens:
                carried = self.frames.recorded(key.field)
                known = pl.col(prefix + recorded_name(key.field)) if carried is None else pl.lit(carried)
                text = column.cast(pl.String)
                column = pl.when(column.is_null() & known).then(pl.lit(_NONE)).otherwise(text)
            columns.append(column.alias(key.name))
        return frame.with_columns(columns)

    def _close(self, apart: DaysApart) -> pl.Expr:
        """Whether the two dates lie near enough; where there is no such date, they do not."""
        days = (pl.col(str(apart.to_field)) - pl.col(str(apart.from_field))).dt.total_days()
        low = {"either": -apart.at_most, "before": -apart.at_most, "after": 1}[apart.direction]
        high = {"either": apart.at_most, "before": -1, "after": apart.at_most}[apart.direction]
        return self._unless_none(days.is_between(low, high), apart.from_field, apart.to_field)

    def _in_one_year(self, own: Field) -> pl.Expr:
        """Whether both dates lie in one calendar year; where there is no such date, they do not."""
        other = Field(own.name, other=True)
        return self._unless_none(pl.col(str(own)).dt.year() == pl.col(str(other)).dt.year(), own, other)

    def _unless_none(self, holds: pl.Expr, *dates: Field) -> pl.Expr:
        for side in dates:
            if (none := there_is_none(side, self.frames.recorded)) is not None:
                holds = pl.when(none).then(pl.lit(False)).otherwise(holds)
        return holds

    def _own_date_known(self) -> pl.Expr:
        """Without a date of its own, a row cannot say which other rows are near."""
        exists = self.exists
        dates = [f for f in (exists.days_apart and exists.days_apart.from_field, exists.same_year) if f]
        known = pl.lit(True)
        for date_field in dates:
            one_known = pl.col(str(date_field)).is_not_null()
            if (none := there_is_none(date_field, self.frames.recorded)) is not None:
                one_known = one_known | none
            known = known & one_known
        return known

    def _needs_pairs(self) -> bool:
        """Whether rows must be held against each other one by one, beyond the keys."""
        exists = self.exists
        return bool(
            self.same_table
            or exists.table == "claim"
            or exists.reported_earlier
            or exists.days_apart
            or exists.same_year
            or self.paired != All(())
        )

    def _judge_pairs(
        self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(row, other.row of the first certain match) and (rows that might match)."""
        exists = self.exists
        pairs = self._candidate_pairs(asked, others, keys)
        fits = [pl.col("fits"), compile_condition(self.paired, self.frames.recorded, {})]
        if exists.reported_earlier:
            pairs = with_order(pairs, exists.table, self.frames)
            fits.append(stands_earlier())
        if exists.days_apart:
            fits.append(self._close(exists.days_apart))
        if exists.same_year:
            fits.append(self._in_one_year(exists.same_year))
        judged = pairs.with_columns(pl.all_horizontal(fits).alias("fits")).select("row", "other.row", "fits")
        hits = judged.filter(pl.col("fits")).group_by("row").agg(pl.col("other.row").min())
        return hits, judged.filter(pl.col("fits").is_null()).select(pl.col("row").unique())

    def _candidate_pairs(self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """All pairs that share the keys, a row never with itself.

        Most rows have no partner. A hash of the key finds those that have one; only they are joined on the
        columns themselves, which is what costs time and memory. A hash that collides brings a row too many
        into the join, where it falls out.
        """
        if not self.same_table:
            pairs = asked.join(others, on=keys, how="inner")
            is_own_claim = pl.col("claim_no") == pl.col("other.claim_no")
            return pairs.filter(~is_own_claim) if self.exists.table == "claim" else pairs
        hashes = pl.repeat(None, self.frames.frame(self.exists.table).height, dtype=pl.UInt64, eager=True)
        for frame, row in ((others, "other.row"), (asked, "row")):
            hashes = hashes.scatter(frame[row], frame.select(pl.struct(keys).hash()).to_series())
        shared = hashes.is_duplicated() & hashes.is_not_null()
        asked = asked.filter(shared.gather(asked["row"]))
        others = others.filter(shared.gather(others["other.row"]))
        return asked.join(others, on=keys, how="inner").filter(pl.col("row") != pl.col("other.row"))

    def _possible(self, asked: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
        """Rows that one with a blank `equal` column might match: joined on what is filled, per pattern."""
        widening = [key.name for key in self.keys if key.widens]
        fixed = [key.name for key in self.keys if not key.widens]
        found = [asked.select("row").clear()]
        if widening:
            blank = others.filter(
                pl.all_horizontal(pl.col(name).is_not_null() for name in fixed),
                pl.any_horizontal(pl.col(name).is_null() for name in widening),
            )
            masks = blank.select(pl.col(name).is_null() for name in widening).unique()
            for mask in masks.to_dicts():  # patterns of blank columns, not rows of claims
                open_names = [name for name in widening if mask[name]]
                rows = blank.filter(pl.col(name).is_null() == mask[name] for name in widening).drop(
                    open_names
                )
                hits, maybes = self._judge_pairs(asked, rows, fixed + [n for n in widening if not mask[n]])
                found += [hits.select("row"), maybes]
        return pl.concat(found)


def _split(where: Condition) -> tuple[Condition, Condition]:
    """The part of `where` that is about the other row alone, and the part that compares the two."""
    parts = where.conditions if isinstance(where, All) else (where,)
    alone = tuple(
        part
        for part in parts
        if all(f.other or f.name == "batch.date" for c in comparisons(part) for f in fields_of(c))
    )
    return All(alone), All(tuple(part for part in parts if part not in alone))
