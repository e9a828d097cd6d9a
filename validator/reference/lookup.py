"""What was this code on that day: the built reference, opened for reading."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from validator.errors import Place, ReferenceError
from validator.reference import histories
from validator.reference.build import build_reference, built_path
from validator.reference.card import CodeCard, make_cards
from validator.reference.list_facts import read_list_facts, with_list_facts
from validator.reference.rule_tables import Given, RuleTables
from validator.reference.schema import CODE_FACTS, ICD10_FACTS, CodeFacts, Keyed, Pairs, Period, ValueSet
from validator.reference.sources import shipped_sources
from validator.reference.suggestions import Offer, suggest
from validator.reference.tables import BuiltTables

_WELL_FORMED = r"^[A-Z][A-Z0-9]{2,6}$"


def open_reference(
    path: Path | None = None, *, on_step: Callable[[str], None] = lambda _: None
) -> "Reference":
    """Open the reference; the shipped one is built when it is missing, outdated or damaged.

    A file that is named explicitly is never replaced: ReferenceError says what is wrong with it.
    """
    if path is not None:
        return _open(path)
    sources = shipped_sources()
    built = built_path(sources)
    if built.is_file():
        try:
            opened = _open(built)
        except ReferenceError:
            on_step("the built reference is damaged; building it again")
        else:
            if opened.sha256 == sources.sha256:
                return opened
            on_step("the built reference was made of other sources; building it again")
    return _open(build_reference(on_step=on_step))


def _open(path: Path) -> "Reference":
    if not path.is_file():
        raise ReferenceError(
            "there is no reference", fix="Build it: validator reference build", place=Place(str(path))
        )
    tables = BuiltTables(path)
    meta = tables.read("select * from meta").row(0, named=True)
    return Reference(
        path=path,
        sha256=meta["sha256"],
        covers_from=meta["covers_from"],
        covers_to=meta["covers_to"],
        periods=tuple(Period(*row) for row in tables.read("select * from period order by number").rows()),
        tables=tables,
        known=tables.read("select code, history from code"),
        facts_by_history=tables.read("select * from fact order by history, period").with_columns(
            pl.col(fact.name).cast(fact.type) for fact in ICD10_FACTS
        ),
        rule_tables=RuleTables(tables),
    )


@dataclass(frozen=True)
class Reference:
    """The code sets as they stood on each day from `covers_from` to `covers_to`.

    `known`: code, history. `facts_by_history`: ICD10_FACTS, row history * len(periods) + period.
    """

    path: Path
    sha256: str
    covers_from: date
    covers_to: date
    periods: tuple[Period, ...] = field(repr=False)
    tables: BuiltTables = field(repr=False)
    known: pl.DataFrame = field(repr=False)
    facts_by_history: pl.DataFrame = field(repr=False)
    rule_tables: RuleTables = field(repr=False)

    @cached_property
    def releases(self) -> list[dict[str, Any]]:
        """Every release: system, name, dates, rows, billable, headers, headers_inferred, source, sha256."""
        return self.tables.read("select * from release").rows(named=True)

    def facts(self, codes: pl.Series) -> CodeFacts:
        """Facts of distinct codes (upper case, no point; known or not), by period and position."""
        asked = pl.DataFrame({"code": codes.cast(pl.String)})
        found = asked.join(self.known, on="code", how="left", maintain_order="left")
        by_history = self.facts_by_history
        if found["history"].has_nulls():
            found, strange = self._with_strangers(found)
            by_history = pl.concat([by_history, strange])
        count = len(self.periods)
        first = pl.col("history").cast(pl.Int64) * count
        rows = found.select(pl.int_ranges(first, first + count).explode()).to_series()
        well_formed, ever_listed, ever_billable, icd9 = (fact.name for fact in CODE_FACTS)
        listed = pl.col("history") < self._known_histories
        alone = found.select(
            "code",
            pl.col("code").str.contains(_WELL_FORMED).alias(well_formed),
            listed.alias(ever_listed),
            pl.col("code").is_in(self._billable.implode()).alias(ever_billable),
            pl.col("code").is_in(self._icd9.implode()).alias(icd9),
        )
        return CodeFacts(
            codes=with_list_facts(alone, self._list_facts),
            by_period=by_history.select(pl.col(fact.name).gather(rows) for fact in ICD10_FACTS),
        )

    def titles(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """code, on, title of distinct pairs (code, on), in their order; blank where no loaded release words
        one.

        The title is that of the first loaded list that is not older than the date; without a date, the last.
        """
        worded = self._worded.filter(pl.col("code").is_in(pairs["code"].unique().implode()))
        far = pl.col("on").fill_null(self.covers_to)
        return (
            pairs.select("code", "on")
            .with_row_index("place")
            .with_columns(until=far)
            .sort("until")
            .join_asof(worded, on="until", by="code", strategy="forward", check_sortedness=False)
            .sort("place")
            .select("code", "on", "title")
        )

    @cached_property
    def _worded(self) -> pl.DataFrame:
        """code, until, title of every code, by `until`."""
        return self.tables.read("select code, until, title from title order by until, code")

    def suggestions(self, kind: str, pairs: pl.DataFrame) -> pl.DataFrame:
        """code, on, suggestions, total, meaning of distinct pairs (code, on), in their order.

        `suggestions`: at most 20 dotted codes, each billable on the date, nearest first; `total` counts all.
        `meaning` says what the 7th characters mean, where the codes differ in it.
        """
        return suggest(self._offer, kind, pairs)

    def card(self, code: str, on: date) -> CodeCard:
        """Everything known about one code, as a person types it, on one day."""
        return self.cards({code: on})[0]

    def cards(self, days: Mapping[str, date]) -> list[CodeCard]:
        """The cards of codes, each on its day; of several spellings of one code the first counts."""
        return make_cards(self, days)

    @cached_property
    def tabular_release(self) -> str:
        """The release whose notes are loaded; codes that began later have none of their own."""
        return str(self.tables.read("select tabular_release from meta").item())

    @property
    def value_sets(self) -> tuple[str, ...]:
        """Names of the value sets that a rule may use; those that users add too, loaded or not."""
        return self.rule_tables.value_sets

    def value_set(self, name: str) -> ValueSet | None:
        """One value set; None where the official file that makes it was not added."""
        return self.rule_tables.value_set(name)

    def pairs(self, name: str) -> Pairs | None:
        """One table of pairs of codes; None where the official file that makes it was not added."""
        return self.rule_tables.pairs(name)

    def keyed(self, name: str) -> Keyed | None:
        """Facts under a code, a setting and days; None where the official file was not added."""
        return self.rule_tables.keyed(name)

    def with_tables(self, tables: Given) -> "Reference":
        """A copy in which these tables are replaced and no other table of a user's is loaded, for examples.

        `tables`: name -> rows of column -> text. Columns: `code, valid_from, valid_to` of value sets; `left,
        right, setting, valid_from, valid_to` of pairs; `code, setting, valid_from, valid_to` and its facts of
        a keyed table.
        """
        # What every look-up needs is read once for all copies.
        _ = self._icd9, self._billable, self._skeletons, self._open_stems, self._list_facts
        changed = copy.copy(self)
        object.__setattr__(changed, "rule_tables", self.rule_tables.with_given(tables))
        return changed

    def read_ahead(self) -> None:
        """Read what nearly every night asks for; from a thread, while something else is worked out."""
        _ = self._icd9, self._skeletons, self._open_stems, self._list_facts, self._offer, self._worded
        self.rule_tables.read_ahead()

    @cached_property
    def _offer(self) -> Offer:
        bits = histories.period_bits(self.periods)
        return Offer(
            billable=self.tables.read("select code, skeleton, in_force from code where in_force > 0"),
            periods=bits,
            conversions=self.tables.read("select * from conversion").join(
                bits.select("valid_from", since="period"), on="valid_from"
            ),
            sevenths=self.tables.read("select stem, character, meaning, position from seventh_of_stem"),
            sides=self._list_facts.select("code", "side_family", "side").drop_nulls(),
        )

    @cached_property
    def _known_histories(self) -> int:
        return self.facts_by_history.height // len(self.periods)

    @cached_property
    def _list_facts(self) -> pl.DataFrame:
        return read_list_facts(self.tables)

    @cached_property
    def _billable(self) -> pl.Series:
        """Every code that is billable on some day."""
        return self.tables.read("select code from code where in_force > 0")["code"]

    @cached_property
    def _icd9(self) -> pl.Series:
        return self.tables.read("select code from icd9")["code"]

    @cached_property
    def _skeletons(self) -> pl.DataFrame:
        """skeleton, placeholder: periods in which a code with that skeleton and an X in it is in force."""
        return self.tables.read(
            "select skeleton, bit_or(in_force) as placeholder from code "
            "where in_force > 0 and skeleton <> code group by skeleton"
        )

    @cached_property
    def _open_stems(self) -> pl.DataFrame:
        """stem, open_stem: the periods in which six characters lack only the 7th."""
        return self.tables.read(
            "select code as stem, incomplete as open_stem from code where incomplete > 0 and length(code) = 6"
        )

    def _with_strangers(self, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Histories of codes that no release lists: (every code with its history, the facts of the new
        histories).

        Such a code is unknown always; but it may lack a placeholder, or extend an open stem with a character
        that the stem does not permit.
        """
        whole = pl.col("code").str.len_chars() == histories.FULL_LENGTH
        strangers = (
            found.filter(pl.col("history").is_null())
            .select(
                "code",
                skeleton=histories.skeleton(pl.col("code")),
                stem=pl.when(whole).then(pl.col("code").str.head(6)),
            )
            .join(self._skeletons, on="skeleton", how="left")
            .join(self._open_stems, on="stem", how="left")
            .select("code", pl.col("placeholder", "open_stem").fill_null(0))
        )
        distinct = strangers.select("placeholder", "open_stem").unique().sort("placeholder", "open_stem")
        distinct = distinct.with_row_index("stranger", offset=self._known_histories)
        strangers = strangers.join(distinct, on=["placeholder", "open_stem"]).select("code", "stranger")
        nothing = pl.lit(0, histories.MASK)
        masks = distinct.rename({"stranger": "history"}).with_columns(
            nothing.alias(name) for name in histories.HISTORY_MASKS if name not in distinct.columns
        )
        facts = histories.unfold(masks, self.periods, histories.NO_AGE_GROUPS)
        every = found.join(strangers, on="code", how="left", nulls_equal=True, maintain_order="left").select(
            "code", history=pl.coalesce("history", "stranger")
        )
        return every, facts
