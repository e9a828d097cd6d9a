"""Which codes may replace one that cannot stand: always billable on the date, nearest first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from validator.reference import histories
from validator.reference.dotted import dotted

MOST = 20  # codes offered; `total` says how many there are
_STEM = histories.STEM_LENGTH
_DEFINITE_SIDES = ("right", "left", "bilateral")
_LONGEST_CHAIN = 8  # conversions of conversions; the longest that the tables hold has three links


@dataclass(frozen=True)
class Offer:
    """What suggestions are drawn from.

    `billable`: code, skeleton, in_force (mask of periods). `periods`: period, bit, valid_from, valid_to.
    `conversions`: code, newer, ended, since (the period in which the newer code began).
    `sevenths`: stem, character, meaning, position. `sides`: code, side_family, side.
    """

    billable: pl.DataFrame
    periods: pl.DataFrame
    conversions: pl.DataFrame
    sevenths: pl.DataFrame
    sides: pl.DataFrame


def suggest(offer: Offer, kind: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """code, on, suggestions, total, meaning in the order of the pairs; no codes where nothing can be said.

    Candidates depend on code and period only, so they are looked for once per period and shared by its days.
    """
    placed = _with_period(offer, pairs)
    asked = placed.filter(pl.col("period").is_not_null()).select("code", "period", "bit").unique()
    candidates = _KINDS[kind](offer, asked) if kind in _KINDS else _none(asked)
    first = (
        candidates.sort("code", "period", "rank", "candidate")
        .group_by("code", "period", maintain_order=True)
        .agg(
            suggestions=dotted(pl.col("candidate")).head(MOST),
            total=pl.len().cast(pl.UInt32),
            meaning=pl.col("meaning").drop_nulls().unique(maintain_order=True).str.join("; "),
        )
    )
    return (
        placed.select("code", "on", "period")
        .join(first, on=["code", "period"], how="left", maintain_order="left")
        .select(
            "code",
            "on",
            pl.col("suggestions").fill_null(pl.lit([], pl.List(pl.String))),
            pl.col("total").fill_null(0).cast(pl.UInt32),
            pl.col("meaning").fill_null(""),
        )
    )


def _with_period(offer: Offer, pairs: pl.DataFrame) -> pl.DataFrame:
    """code, on, period, bit; the latter two blank for a blank date and for one that no period covers."""
    return (
        pairs.select("code", "on")
        .with_row_index("place")
        .sort("on")
        .join_asof(offer.periods.sort("valid_from"), left_on="on", right_on="valid_from", strategy="backward")
        .sort("place")
        .select(
            "code",
            "on",
            *(
                pl.when(pl.col("on") <= pl.col("valid_to")).then(name).alias(name)
                for name in ("period", "bit")
            ),
        )
    )


# Each kind takes distinct (code, period, bit): code, period, candidate, rank (smallest first), meaning.


def _billable_children(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """Everything billable below a header, in the order of the book."""
    return _plain(_below(offer, asked))


def _completed(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """The code with each permitted 7th character, placeholders put in where they are missing."""
    stems = asked.filter(pl.col("code").str.len_chars() <= _STEM)
    return _with_sevenths(offer, stems.with_columns(stem=pl.col("code").str.pad_end(_STEM, "X")))


def _permitted_seventh(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """The same stem with the 7th characters that it does permit."""
    whole = asked.filter(pl.col("code").str.len_chars() == histories.FULL_LENGTH)
    return _with_sevenths(offer, whole.with_columns(stem=pl.col("code").str.head(_STEM)))


def _placeholder_repair(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """The codes that differ only in where X stands."""
    wanted = asked.with_columns(skeleton=histories.skeleton(pl.col("code")))
    with_x = _candidates(offer).filter(pl.col("candidate") != pl.col("skeleton"))
    return _plain(_standing(wanted.join(with_x, on="skeleton")))


def _successors(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """What the conversion tables made of an ended code, followed from year to year up to the date.

    An ended stem starts with the codes that once stood below it. Where the chain ends at a code that has
    since been divided, its billable children are offered.
    """
    ended_below = _below(offer, asked, standing=False).select("code", "period", "bit", now="candidate")
    frontier = pl.concat([asked.with_columns(now="code"), ended_below]).unique()
    found, seen = [], frontier
    replaced = offer.conversions.filter("ended").select("since", now="code", newer="newer")
    for _ in range(_LONGEST_CHAIN):
        step = (
            frontier.join(replaced, on="now")
            .filter(pl.col("since") <= pl.col("period"))
            .select("code", "period", "bit", now="newer")
            .unique()
            .join(seen, on=["code", "period", "now"], how="anti")
        )
        if step.is_empty():
            break
        seen = pl.concat([seen, step])
        standing = _standing(
            step.join(_candidates(offer), left_on="now", right_on="candidate", coalesce=False)
        )
        found.append(standing.select("code", "period", "candidate"))
        frontier = step.join(standing, on=["code", "period", "now"], how="anti")
        divided = _below(offer, frontier.rename({"code": "origin", "now": "code"}))
        found.append(divided.select("origin", "period", "candidate").rename({"origin": "code"}))
    every = pl.concat([_none(asked).select("code", "period", "candidate"), *found]).unique()
    return _plain(every, rank=-_shared(pl.col("code"), pl.col("candidate")))


def _nearest(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """Billable codes that share the longest beginning, at least the category, placeholders left aside.

    One that the code merely continues comes first (I10.9 -> I10), then those of its length. For a code that
    had not begun, the conversion tables name the codes that were used until then; these alone are offered.
    """
    before = asked.join(offer.conversions.select("since", code="newer", candidate="code"), on="code")
    used_before = _standing(
        before.filter(pl.col("since") > pl.col("period")).join(_candidates(offer), on="candidate")
    ).unique(["code", "period", "candidate"])
    asked = asked.join(used_before, on=["code", "period"], how="anti")
    waiting = asked.with_columns(skeleton=histories.skeleton(pl.col("code")))
    candidates = _candidates(offer).rename({"skeleton": "other"})
    found = []
    for length in range(histories.FULL_LENGTH, histories.FIRST_LENGTH - 1, -1):
        with_prefix = waiting.filter(pl.col("skeleton").str.len_chars() >= length)
        near = _standing(
            with_prefix.with_columns(prefix=pl.col("skeleton").str.head(length)).join(
                candidates.filter(pl.col("other").str.len_chars() >= length).with_columns(
                    prefix=pl.col("other").str.head(length)
                ),
                on="prefix",
            )
        )
        found.append(near)
        waiting = waiting.join(near, on=["code", "period"], how="anti")
    every = pl.concat(
        [
            used_before.select("code", "period", "candidate", other="skeleton"),
            *(near.select("code", "period", "candidate", "other") for near in found),
        ]
    ).with_columns(skeleton=histories.skeleton(pl.col("code")))
    further = (pl.col("candidate").str.len_chars().cast(pl.Int32) - pl.col("code").str.len_chars()).abs()
    continued = pl.col("skeleton").str.starts_with(pl.col("other"))
    return _plain(every, rank=pl.when(continued).then(-1).otherwise(further).cast(pl.Int32))


def _sided_siblings(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """The same code for the right side, the left one and both."""
    return _of_family(offer, asked, _DEFINITE_SIDES)


def _bilateral(offer: Offer, asked: pl.DataFrame) -> pl.DataFrame:
    """The same code for both sides."""
    return _of_family(offer, asked, _DEFINITE_SIDES[-1:])


_KINDS: Mapping[str, Callable[[Offer, pl.DataFrame], pl.DataFrame]] = {
    "billable_children_of": _billable_children,
    "completed_codes_of": _completed,
    "successors_of": _successors,
    "placeholder_repair_of": _placeholder_repair,
    "permitted_seventh_of": _permitted_seventh,
    "nearest_codes_to": _nearest,
    "sided_siblings_of": _sided_siblings,
    "bilateral_of": _bilateral,
}


def _candidates(offer: Offer) -> pl.DataFrame:
    return offer.billable.rename({"code": "candidate"})


def _standing(joined: pl.DataFrame) -> pl.DataFrame:
    """The rows whose candidate is in force in the period asked for."""
    return joined.filter((pl.col("in_force") & pl.col("bit")) != 0)


def _below(offer: Offer, asked: pl.DataFrame, *, standing: bool = True) -> pl.DataFrame:
    """Every row of `asked` with each billable code below it; `standing`: in force in the period."""
    parts = []
    for length in range(histories.FIRST_LENGTH, histories.FULL_LENGTH):
        longer = _candidates(offer).filter(pl.col("candidate").str.len_chars() > length)
        of_length = asked.filter(pl.col("code").str.len_chars() == length)
        parts.append(
            of_length.join(longer.with_columns(code=pl.col("candidate").str.head(length)), on="code")
        )
    every = pl.concat(parts)
    return _standing(every) if standing else every


def _with_sevenths(offer: Offer, stems: pl.DataFrame) -> pl.DataFrame:
    """Each whole code of a stem, with the meaning of its 7th character, in the order of the note."""
    whole = (
        _candidates(offer)
        .filter(pl.col("candidate").str.len_chars() == histories.FULL_LENGTH)
        .with_columns(
            stem=pl.col("candidate").str.head(_STEM), character=pl.col("candidate").str.slice(_STEM)
        )
        .join(offer.sevenths, on=["stem", "character"], how="left")
    )
    return _standing(stems.join(whole, on="stem")).select(
        "code",
        "period",
        "candidate",
        rank=pl.col("position").cast(pl.Int32),
        meaning=pl.col("character") + " " + pl.col("meaning"),
    )


def _of_family(offer: Offer, asked: pl.DataFrame, sides: tuple[str, ...]) -> pl.DataFrame:
    """The codes of these sides that differ from the code in nothing but the side."""
    siblings = offer.sides.filter(pl.col("side").is_in(sides)).rename({"code": "candidate"})
    found = (
        asked.join(offer.sides.select("code", "side_family"), on="code")
        .join(siblings, on="side_family")
        .join(_candidates(offer), on="candidate")
        .filter(pl.col("candidate") != pl.col("code"))
    )
    place = (
        pl.col("side")
        .cast(pl.String)
        .replace_strict({side: number for number, side in enumerate(sides)}, return_dtype=pl.Int32)
    )
    return _plain(_standing(found), rank=place)


def _plain(found: pl.DataFrame, rank: pl.Expr | None = None) -> pl.DataFrame:
    return found.select(
        "code",
        "period",
        "candidate",
        rank=(pl.lit(0, pl.Int32) if rank is None else rank),
        meaning=pl.lit(None, pl.String),
    )


def _shared(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """How many characters two codes share from the left."""
    return pl.sum_horizontal(
        (one.str.head(length) == other.str.head(length)).cast(pl.Int32)
        for length in range(1, histories.FULL_LENGTH + 1)
    )


def _none(asked: pl.DataFrame) -> pl.DataFrame:
    return _plain(asked.clear().with_columns(candidate=pl.lit("", pl.String)))
