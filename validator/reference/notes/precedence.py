"""Which Excludes1 notes hold where another note allows both codes: the more specific note governs.

A permissive note (Excludes2, code first, use additional code, code also) overrides an Excludes1 only when it
stands on a category or below and names the other code itself; a note on a section or chapter would remove
half of all pairs. Even then the Excludes1 governs when it is the more specific one: at least as close as the
permissive note to both codes, and closer to one of them. Closeness is the length of the stem on which a note
stands, or that it names. So J01 (Excludes1 J32.9) governs over J32 (Excludes2 J01.-).
"""

from collections.abc import Sequence

import polars as pl

from validator.reference.notes.book import Book
from validator.reference.notes.classes import Classes
from validator.reference.notes.rules import NoteRule

PERMISSIVE = ("excludes2", "code_first", "use_additional_code", "code_also")
_CATEGORY = 3
_RULES = {"owner": pl.UInt32, "named": pl.UInt32, "owner_level": pl.Int16, "named_level": pl.Int16}
_HOLDING = {"set": pl.UInt32, "class": pl.UInt32}


def overriding(rules: Sequence[NoteRule], book: Book) -> list[NoteRule]:
    """Those permissive rules that may override an Excludes1."""
    return [rule for rule in rules if book.level(rule.node) >= _CATEGORY]


def without_overridden(
    pairs: pl.DataFrame, permissive: Sequence[tuple[int, int, int, int]], classes: Classes
) -> pl.DataFrame:
    """The pairs that hold although some note may allow both codes.

    `pairs`: left and right (classes), left_level and right_level of the Excludes1, and what else they carry.
    `permissive`: owner set, named set, level of the owner, level of what is named.
    """
    rules = pl.DataFrame(list(set(permissive)), schema=_RULES, orient="row")
    used = set(rules["owner"]) | set(rules["named"])
    holding = pl.DataFrame(
        [(number, one) for number in sorted(used) for one in classes.holding[number]],
        schema=_HOLDING,
        orient="row",
    )
    overridden = []
    for owner, named in (("left", "right"), ("right", "left")):
        candidates = (
            pairs.with_row_index("pair")
            .select("pair", "left", "right", "left_level", "right_level")
            .join(holding.rename({"class": owner, "set": "owner"}), on=owner)
            .join(rules, on="owner")
        )
        overridden.append(
            candidates.join(holding.rename({"class": named, "set": "named"}), on=["named", named], how="semi")
            .filter(
                ~(
                    (pl.col(f"{owner}_level") >= pl.col("owner_level"))
                    & (pl.col(f"{named}_level") >= pl.col("named_level"))
                    & (
                        (pl.col(f"{owner}_level") > pl.col("owner_level"))
                        | (pl.col(f"{named}_level") > pl.col("named_level"))
                    )
                )
            )
            .select("pair")
        )
    return pairs.with_row_index("pair").join(pl.concat(overridden), on="pair", how="anti").drop("pair")
