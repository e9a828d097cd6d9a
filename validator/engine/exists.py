"""`there_is` and `there_is_no`: do other rows exist? Answered with joins, three-valued.

True when some other row fits in every respect (or so many, or with such a sum, as is asked). Blank when
that is not certain but may be: a row of the same claim or patient lacks the value that would decide, this
row itself lacks the key, the feed delivers no such rows at all, or they may lie outside the claims at hand.
Otherwise false. Nothing is assumed about the order of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_

import polars as pl

from validator.claims.schema import rule_columns
from validator.engine.absent import lacks_a_file
from validator.engine.candidates import by_side, conjuncts, not_ruled_out
from validator.engine.compile import compile_condition, there_is_none
from validator.engine.counting import count_verdict, total_verdict
from validator.engine.frames import Frames
from validator.engine.listing import Listing, fields_read
from validator.engine.marks import answers, every, marks, prefixed
from validator.engine.order import first_per, stands_earlier, with_order
from validator.engine.value_sets import SETS, with_value_sets
from validator.engine.windows import asks_for_absent_types, date_fields, is_open, roles_asked
from validator.reference.schema import RULE_FACTS
from validator.rules.model import All, DaysApart, Exists, Field, YearsApart
from validator.rules.reads import OWN_DATE, comparisons, fields_of

_COLUMNS = rule_columns()
_BILLING_PROVIDER = "claim.billing_npi"
_BY_CLAIM = "key:claim"
_PLACES = ("row", "other.row", "claim_no", "other.claim_no", "fits", "on", "setting")
_NONE = "\x00"  # stands for "there is none" in a key, so that none equals none
_FEW_PARTNERS = 4  # up to so many a code, looking for them among the rows is cheaper than laying out pairs
_MANY = 6  # from one row in so many on, laying out all pairs of a partition is cheaper than a join
MATCHES = {"row": pl.UInt32, "other.row": pl.UInt32, "note": pl.UInt32}
_NOTHING = pl.DataFrame(schema=MATCHES)
_NO_PAIRS = pl.DataFrame(schema={**MATCHES, "fits": pl.Boolean})


@dataclass(frozen=True)
class Existence:
    """Outcome per row asked about, and a way to the first row found.

    `outcome`: whether it exists (nullable), in the order asked. `matches(rows)`: row, other.row, note (of the
    table that lists the pair) for some of the rows, at most one each. Few rows are flagged: it is asked for
    few.
    """

    outcome: pl.Series
    matches: Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class _Key:
    """One column of the join: its name in both frames, and the field it is made from.

    `widens`: a blank on the other side leaves the question open (an `equal` column).
    """

    name: str
    field: str
    widens: bool


def own_fields(exists: Exists, grain: str) -> set[str]:
    """The fields of this row that a search reads."""
    names = {f.name for f in exists.equal} | {f.name for f in date_fields(exists)}
    names |= {f.name for c in comparisons(exists.where) for f in fields_of(c) if not f.other}
    if "billing_provider" in exists.same:
        names.add(_BILLING_PROVIDER)
    if exists.listed_in:
        names |= fields_read(exists.listed_in, grain, exists.table)[0]
    if exists.total:
        names.add(exists.total.of.name)
        if isinstance(exists.total.value, Field):
            names.add(exists.total.value.name)
    return names - {"batch.date"}


def other_fields(exists: Exists, grain: str) -> set[str]:
    """The fields of the row that is looked for."""
    names = {f.name for f in exists.equal}
    names |= {f.name for c in comparisons(exists.where) for f in fields_of(c) if f.other}
    if any(c.operator in SETS for c in comparisons(exists.where)):
        names |= set(OWN_DATE[exists.table])
    if "billing_provider" in exists.same:
        names.add(_BILLING_PROVIDER)
    if exists.days_apart:
        names.add(exists.days_apart.to_field.name)
    if exists.same_year:
        names.add(exists.same_year.name)
    if exists.years_apart:
        names.add(exists.years_apart.to_field.name)
    if exists.listed_in:
        names |= fields_read(exists.listed_in, grain, exists.table)[1]
    if exists.total:
        names.add(exists.total.of.name)
    if exists.how_many and exists.how_many.of == "days":
        names |= set(OWN_DATE[exists.table])
    return names - {"batch.date"}


def no_matches(_: pl.Series) -> pl.DataFrame:
    """What is found where nothing can be."""
    return _NOTHING


def judge_existence(exists: Exists, grain: str, asked: pl.DataFrame, frames: Frames) -> Existence:
    """Answer for every row of `asked` (rows of the grain with `own_fields`)."""
    if asked.is_empty() or lacks_a_file(exists, frames.reference):
        return Existence(every(None, asked.height), no_matches)
    return _Search(exists, grain, frames).answer(asked)


class _Search:
    """One `there_is` over one partition."""

    def __init__(self, exists: Exists, grain: str, frames: Frames) -> None:
        self.exists = exists
        self.grain = grain
        self.frames = frames
        self.same_table = grain == exists.table
        self.keys = [_Key(f"key:{word}", "", False) for word in exists.same]
        self.keys += [_Key(f"key:{f.name}", f.name, True) for f in exists.equal]
        self.alone, self.paired = by_side(exists.where)
        self.listing = Listing(exists.listed_in, grain, frames) if exists.listed_in else None

    def answer(self, asked: pl.DataFrame) -> Existence:
        names = [key.name for key in self.keys]
        asked = asked.with_columns(self._key_columns(other=False))
        if self.listing:
            asked = self.listing.with_day_and_setting(asked)
        mine_known = self._mine_known(asked, names)
        sure = self._able_to_pair(asked if mine_known is None else asked.filter(mine_known))
        others = self._others(sure)
        doubt = self._doubt(asked, mine_known)
        if others.is_empty():
            return Existence(self._concluded(asked, _NOTHING, _NOTHING, doubt), no_matches)
        complete = others if names == [_BY_CLAIM] else others.drop_nulls(names)
        if self._needs_pairs():
            hits, maybes = self._judge_pairs(sure, complete, names)
            pairs = hits
        else:
            fits = complete["fits"]
            fitting = complete if fits.all(ignore_nulls=False) else complete.filter(fits)
            hits = self._beside(sure, fitting, names)
            maybes = _NOTHING
            if fits.null_count():
                maybes = self._beside(sure, complete.filter(fits.is_null()), names)
            pairs = None

        def matches(rows: pl.Series) -> pl.DataFrame:
            found = pairs
            if found is None:
                some = sure.filter(pl.col("row").is_in(rows.implode()))
                found = some.join(fitting, on=names, how="inner")
                found = found.with_columns(pl.lit(None, pl.UInt32).alias("note"))
            else:
                found = found.filter(pl.col("row").is_in(rows.implode()))
            return first_per(found.select(*MATCHES), ["row"], self.exists.table, self.frames)

        possible = pl.concat([maybes[["row"]], self._possible(sure, others)])
        return Existence(self._concluded(asked, hits, possible, doubt), matches)

    def _mine_known(self, asked: pl.DataFrame, keys: list[str]) -> pl.Series | None:
        """Rows that can say which other rows are near; None: all of them."""
        dates_known = self._own_date_known()
        if keys == [_BY_CLAIM] and not dates_known:
            return None
        known = pl.all_horizontal(*(pl.col(name).is_not_null() for name in keys), *dates_known)
        mine = answers(asked, known)
        return None if mine.all() else mine

    def _doubt(self, asked: pl.DataFrame, mine_known: pl.Series | None) -> pl.Series | None:
        """Rows for which something that was not found may still lie outside what we can see; None: no row."""
        doubts = []
        if mine_known is not None:
            doubts.append(~mine_known)
        if (told := self._told(asked)) is not None:
            doubts.append(~told)
        if self.listing:
            doubts.append(self.listing.is_silent(asked))
        if asks_for_absent_types(self.exists, self.frames.settings):
            doubts.append(every(True, asked.height))
        elif (opens := is_open(self.exists, self.frames.settings)) is not None:
            doubts.append(answers(asked, opens))
        return reduce(or_, (one.fill_null(False) for one in doubts)) if doubts else None

    def _beside(self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Those of the rows that share the keys with one of the others."""
        if keys == [_BY_CLAIM]:  # looking up by place beats a join
            claims = marks(others[_BY_CLAIM], self.frames.tables.claims.height)
            return asked["row"].filter(claims[asked[_BY_CLAIM]]).to_frame()
        return asked.join(others, on=keys, how="semi")[["row"]]

    def _able_to_pair(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The rows that can be in a listed pair, or beside a code that the table does not know."""
        if not self.listing:
            return asked
        kept = self.listing.may_matter(asked["row"], self.grain, other=False)
        beside = self.listing.beside_unknown(self._near)
        if kept.len() == asked.height:
            return asked
        matters = self._among(asked, kept.to_frame("row"))
        if beside is not None:
            matters = matters | beside[asked["claim_no"]]
        return asked.filter(matters)

    def _concluded(
        self, asked: pl.DataFrame, hits: pl.DataFrame, possible: pl.DataFrame, doubt: pl.Series | None
    ) -> pl.Series:
        """Per row asked about true, false or blank; `possible` holds rows with an undecided other row."""
        exists = self.exists
        if exists.how_many:
            verdict = count_verdict(exists.how_many, exists.table, asked, hits, possible, self.frames)
        elif exists.total:
            verdict = total_verdict(exists.total, exists.table, asked, hits, possible, self.frames)
        else:
            verdict = self._among(asked, hits)
            if possible.height:
                verdict = verdict.set(self._among(asked, possible) & ~verdict, None)
        if doubt is not None:
            # More rows can only be added to what was found, so what is true already stays true.
            held_against = exists.how_many or exists.total
            grows = held_against is None or held_against.operator in ("more_than", "at_least")
            verdict = verdict.set(doubt & ~verdict.fill_null(False) if grows else doubt, None)
        return ~verdict if exists.negated else verdict

    def _among(self, asked: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
        """Whether each row asked about is one of `rows`."""
        if rows.is_empty():
            return every(False, asked.height)
        return self.frames.marked(self.grain, rows["row"])[asked["row"]]

    def _told(self, asked: pl.DataFrame) -> pl.Series | None:
        """Per row asked about, whether the feeds of all claims that could hold the other row deliver such;
        None: all of them."""
        told = self.frames.carries_rows_of(self.exists.table, roles_asked(self.exists))
        if self.listing and self.exists.table == "line":
            told = told & self.frames.carries("line.procedure_code")
        if told.all():
            return None
        if "claim" in self.exists.same:
            return told[asked["claim_no"]]
        claims = self.frames.tables.claims.select("patient_id").with_columns(told.alias("told"))
        of_patient = claims.select(pl.col("told").all().over("patient_id"))["told"]
        return of_patient[asked["claim_no"]]

    def _others(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The rows that may be found, fields named `other.<field>`; `fits`: what they meet by themselves."""
        exists, frames = self.exists, self.frames
        base = frames.base(exists.table)
        rows = frames.all_rows(exists.table).filter(self._near(asked)[base["claim_no"]])
        rows = not_ruled_out(rows, exists.table, conjuncts(self.alone), frames, other=True)
        if self.listing:
            rows = self.listing.may_matter(rows, exists.table, other=True)
        names = other_fields(exists, self.grain)
        others = frames.fields(exists.table, names, rows)
        others = prefixed(others, "other.", but=("batch.date",))
        others = with_value_sets(others, exists.table, [exists.where], frames, other=True)
        fits = answers(others, compile_condition(self.alone, frames.recorded, {}))
        others = others.hstack([fits.alias("fits")])
        if not fits.all(ignore_nulls=False):
            others = others.filter(fits.ne_missing(False))
        others = others[[name for name in others.columns if name != "batch.date"]]
        return others.with_columns(self._key_columns(other=True))

    def _near(self, asked: pl.DataFrame) -> pl.Series:
        """Per claim, whether it is one of those asked about, or of the same patient as one of them."""
        own = marks(asked["claim_no"], self.frames.tables.claims.height)
        return own if "claim" in self.exists.same else self.frames.of_patients(own)

    def _key_columns(self, *, other: bool) -> list[pl.Expr]:
        """Key columns with the same name and type on both sides; none is a value, unknown is blank."""
        prefix = "other." if other else ""
        columns: list[pl.Expr] = []
        for word in self.exists.same:
            number = pl.col(f"{prefix}claim_no")
            key = {
                "claim": number,
                "patient": pl.lit(self.frames.patient_numbers).gather(number),
                "billing_provider": pl.col(prefix + _BILLING_PROVIDER),
            }[word]
            columns.append(key.alias(f"key:{word}"))
        for field in self.exists.equal:
            sided = Field(field.name, other=other)
            column = pl.col(str(sided))
            if field.name in _COLUMNS and isinstance(_COLUMNS[field.name][1].type, pl.List):
                column = pl.when(column.list.len() > 0).then(
                    column.cast(pl.List(pl.String)).list.join("\x1f")
                )
            if (
                field.name in RULE_FACTS
                or field.name not in _COLUMNS
                or _COLUMNS[field.name][1].blank == "none"
            ):
                none = there_is_none(sided, self.frames.recorded)
                column = column.cast(pl.String)
                if none is not None:
                    column = pl.when(none).then(pl.lit(_NONE)).otherwise(column)
            columns.append(column.alias(f"key:{field.name}"))
        return columns

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

    def _years(self, apart: YearsApart) -> pl.Expr:
        own, other = apart.from_field, apart.to_field
        years = pl.col(str(other)).dt.year() - pl.col(str(own)).dt.year()
        years = years if apart.direction == "after" else -years
        return self._unless_none(years.is_between(apart.at_least, apart.at_most), own, other)

    def _unless_none(self, holds: pl.Expr, *dates: Field) -> pl.Expr:
        for side in dates:
            if (none := there_is_none(side, self.frames.recorded)) is not None:
                holds = pl.when(none).then(pl.lit(False)).otherwise(holds)
        return holds

    def _own_date_known(self) -> list[pl.Expr]:
        """Without a date of its own, a row cannot say which other rows are near; nor without its code."""
        known = []
        codes = (Field("line.procedure_code"),) if self.listing and self.grain == "line" else ()
        for own in (*date_fields(self.exists), *codes):
            one_known = pl.col(str(own)).is_not_null()
            if (none := there_is_none(own, self.frames.recorded)) is not None:
                one_known = one_known | none
            known.append(one_known)
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
            or exists.years_apart
            or exists.listed_in
            or exists.how_many
            or exists.total
            or self.paired != All(())
        )

    def _judge_pairs(
        self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Certain matches (row, other.row, note) and possible ones (row, other.row)."""
        asked, others = self._narrow(asked, keys), self._narrow(others, keys)
        if not self.listing:
            pairs = self._candidate_pairs(asked, others, keys).with_columns(
                pl.lit(None, pl.UInt32).alias("note")
            )
            judged = self._fitting(pairs)
        elif self.listing.held is None:
            return _NOTHING, _NOTHING[["row", "other.row"]]
        else:
            judged = self._fitting(self._listed_pairs(asked, others, keys))
        hits = judged.filter(judged["fits"])[[*MATCHES]] if judged.height else _NOTHING
        if self.listing:  # several notes may list a pair
            hits = hits.sort("note").unique(["row", "other.row"], keep="first", maintain_order=True)
        open_pairs = [_NOTHING[["row", "other.row"]]]
        if judged["fits"].null_count():
            open_pairs.append(judged.filter(pl.col("fits").is_null())[["row", "other.row"]])
        if self.listing:
            mine, theirs = (
                self.listing.is_unknown(asked, other=False), self.listing.is_unknown(others, other=True)
            )  # fmt: skip
            for one, two in ((asked.filter(mine), others), (asked.filter(~mine), others.filter(theirs))):
                if one.height and two.height:
                    pairs = self._candidate_pairs(one, two, keys).with_columns(
                        pl.lit(None, pl.UInt32).alias("note")
                    )
                    doubted = self._fitting(pairs).filter(pl.col("fits").ne_missing(False))
                    open_pairs.append(doubted.select("row", "other.row"))
        return hits, pl.concat(open_pairs)

    def _listed_pairs(self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Pairs that share the keys and that the table lists on the day, with `note`."""
        assert self.listing is not None
        in_one_list = self.exists.table == self.grain == "diagnosis" and self._main_list_only()
        many = asked.height * _MANY > self.frames.base(self.grain).height
        if keys == [_BY_CLAIM] and in_one_list and many:
            listed = self.listing.same_claim_pairs(asked, others)
            if listed is not None:
                asked = asked.filter(pl.col("row").is_in(listed["row"].unique().implode()))
                others = others.filter(pl.col("other.row").is_in(listed["other.row"].unique().implode()))
        asked = self.listing.with_class(asked, other=False)
        others = self.listing.with_class(others, other=True)
        if _BY_CLAIM in keys or self.listing.partners > _FEW_PARTNERS:
            return self.listing.listed_pairs(self._candidate_pairs(asked, others, keys))
        # A patient has many rows and a code few partners: the partners are looked for among the rows.
        wanted = self.listing.listed_pairs(asked[["row", "class", "on", "setting", *keys]])
        pairs = wanted[["row", "class", "other.class", "note", *keys]].join(
            others, on=[*keys, "other.class"], how="inner"
        )
        pairs = pairs.drop(keys).join(asked, on=["row", "class"], how="inner")
        return self._apart(pairs)

    def _main_list_only(self) -> bool:
        """Whether only diagnoses of the main list are looked for, of which all pairs are laid out."""
        roles = roles_asked(self.exists)
        return bool(roles) and set(roles) <= {"principal", "secondary"}

    def _narrow(self, frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """The columns that pairs are made from and judged by: joins carry no others."""
        wanted = {*_PLACES, *keys, *(name for ask in self._asks for name in ask.meta.root_names())}
        if self.listing:
            wanted |= self.listing.columns_read()
        return frame[[name for name in frame.columns if name in wanted]]

    @cached_property
    def _asks(self) -> list[pl.Expr]:
        """What the two rows of a pair have to meet together, their order left aside."""
        exists = self.exists
        asks = [pl.col("fits"), compile_condition(self.paired, self.frames.recorded, {})]
        if exists.days_apart:
            asks.append(self._close(exists.days_apart))
        if exists.same_year:
            asks.append(self._in_one_year(exists.same_year))
        if exists.years_apart:
            asks.append(self._years(exists.years_apart))
        return asks

    def _fitting(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """row, other.row, note, fits of these pairs."""
        if pairs.is_empty():
            return _NO_PAIRS
        fits = self._asks
        if self.exists.reported_earlier:
            within_claim = "claim" in self.exists.same
            pairs = with_order(pairs, self.exists.table, self.frames, within_claim=within_claim)
            fits = [*fits, stands_earlier()]
        judged = pairs.with_columns(pl.all_horizontal(fits).alias("fits"))
        return judged.select("row", "other.row", "note", "fits")

    def _candidate_pairs(self, asked: pl.DataFrame, others: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """All pairs that share the keys, a row never with itself.

        Most rows have no partner. A hash of the key finds those that have one; only they are joined on the
        columns themselves, which is what costs time and memory. A hash that collides brings a row too many
        into the join, where it falls out.
        """
        if self.same_table and len(keys) > 1 and not self.listing:
            place = every(None, self.frames.base(self.exists.table).height, pl.UInt64)
            hashes = place.scatter(others["other.row"], _hashes(others, keys))
            unseen = asked.filter(hashes[asked["row"]].is_null())
            if unseen.height:
                hashes = hashes.scatter(unseen["row"], _hashes(unseen, keys))
            shared = hashes.is_duplicated() & hashes.is_not_null()
            asked = asked.filter(shared[asked["row"]])
            others = others.filter(shared[others["other.row"]])
        return self._apart(asked.join(others, on=keys, how="inner"))

    def _apart(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The pairs without those of a row with itself, or of a row with its own claim."""
        if self.same_table:
            return pairs.filter(pl.col("row") != pl.col("other.row"))
        if self.exists.table == "claim":
            return pairs.filter(pl.col("claim_no") != pl.col("other.claim_no"))
        return pairs

    def _possible(self, asked: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
        """Rows that one with a blank `equal` column might match: joined on what is filled, per pattern."""
        widening = [key.name for key in self.keys if key.widens]
        fixed = [key.name for key in self.keys if not key.widens]
        found = [_NOTHING[["row"]]]
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
                found += [hits.select("row"), maybes.select("row")]
        return pl.concat(found)


def _hashes(frame: pl.DataFrame, keys: list[str]) -> pl.Series:
    return frame.select(pl.struct(keys).hash()).to_series()
