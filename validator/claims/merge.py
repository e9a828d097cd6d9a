"""One header per claim: rows of the same claim, wherever they stand in the file, are put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from validator.claims.fields import CAUSE_LIST, MAIN_LIST, PROCEDURE_LIST, VISIT_LIST, poa_of, system_of
from validator.claims.pieces import ROW

# What rows of one claim have in common; in an exchange file also the place of its CLM segment.
KEYS = ("file", "claim_id", "patient_id", "source_control")
NOTES = {"file": pl.UInt32, "note": pl.String, "count": pl.UInt32}

# Fields that are taken together or not at all, under the name that a note gives them.
_BLOCKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "the diagnoses": (MAIN_LIST, tuple(f(name) for name in MAIN_LIST for f in (system_of, poa_of))),
    "the reasons for the visit": (VISIT_LIST, tuple(system_of(name) for name in VISIT_LIST)),
    "the external causes": (CAUSE_LIST, tuple(f(name) for name in CAUSE_LIST for f in (system_of, poa_of))),
    "the procedures": (
        PROCEDURE_LIST,
        tuple(name.replace("procedure", "procedure_date") for name in PROCEDURE_LIST),
    ),
}


@dataclass(frozen=True)
class Merged:
    """`claims`: one header per claim with its `claim_no`; `claim_of_run`: run -> claim_no, sorted by run."""

    claims: pl.DataFrame
    claim_of_run: pl.DataFrame
    notes: pl.DataFrame


def one_header_per_claim(header: pl.DataFrame) -> Merged:
    """Put the runs of each claim together. Claims are numbered in the order of their first row."""
    keys = [key for key in KEYS if key in header.columns]
    number = pl.int_range(pl.len(), dtype=pl.UInt32).alias("claim_no")
    # Different hashes are different claims for certain; equal ones are looked at again.
    repeated = header.select(_hash(keys).is_duplicated()).to_series()
    suspects = header.select(*keys, place=pl.int_range(pl.len(), dtype=pl.UInt32)).filter(repeated)
    firsts = suspects.unique(keys, keep="first", maintain_order=True)
    later = suspects.join(firsts, on="place", how="anti").join(
        firsts, on=keys, nulls_equal=True, suffix="_of_first"
    )
    is_first = pl.Series([True]).new_from_index(0, header.height).scatter(later["place"], False)
    claims = header.filter(is_first).with_columns(number)
    claim_no = (is_first.cum_sum() - 1).cast(pl.UInt32)
    claim_no = claim_no.scatter(later["place"], claim_no.gather(later["place_of_first"])).alias("claim_no")
    claim_of_run = header.select("run").with_columns(claim_no)
    notes = pl.DataFrame(schema=NOTES)
    if later.is_empty():
        return Merged(claims, claim_of_run, notes)
    others = header.with_columns(claim_no).filter(~is_first)
    blocks = {
        name: [f for f in codes + rest if f in header.columns] for name, (codes, rest) in _BLOCKS.items()
    }
    in_blocks = {field for fields in blocks.values() for field in fields}
    for field in header.columns:
        if field not in in_blocks and field not in (*KEYS, "run", ROW):
            claims, disagreeing = _merged(claims, others, [field], [field])
            notes = pl.concat([notes, _note(claims, disagreeing, field)])
    for name, fields in blocks.items():
        if fields:
            codes = [field for field in fields if field in _BLOCKS[name][0]]
            claims, disagreeing = _merged(claims, others, fields, codes)
            notes = pl.concat([notes, _note(claims, disagreeing, name)])
    return Merged(claims, claim_of_run, notes)


def _hash(keys: Sequence[str]) -> pl.Expr:
    """One number for the keys of a row, equal where they are equal."""
    return reduce(pl.Expr.xor, (pl.col(key).hash(seed=n) for n, key in enumerate(keys)))


def _merged(
    claims: pl.DataFrame, others: pl.DataFrame, fields: Sequence[str], filled_by: Sequence[str]
) -> tuple[pl.DataFrame, pl.Series]:
    """Fill what the first row leaves blank from the next row that has it; which claims disagree.

    `fields` are taken together from one row, the first in which any of `filled_by` is not blank.
    """
    first = claims.select(fields).gather(others["claim_no"])
    differs = pl.Series([False]).new_from_index(0, others.height)
    for field in fields:
        differs = differs | first[field].ne_missing(others[field])
    if not differs.any():
        return claims, pl.Series([], dtype=pl.UInt32)
    rest = others.select("claim_no", *fields).filter(differs)
    filled = pl.any_horizontal(pl.col(filled_by).is_not_null())
    rest = rest.filter(filled)
    has = claims.select(filled.alias("has")).to_series()
    disagreeing = rest.filter(has.gather(rest["claim_no"]))["claim_no"].unique()
    takes = rest.filter(~has.gather(rest["claim_no"])).unique("claim_no", keep="first", maintain_order=True)
    later = rest.filter(~has.gather(rest["claim_no"])).join(takes, on="claim_no", suffix=" taken")
    conflict = pl.any_horizontal(pl.col(field).ne_missing(pl.col(f"{field} taken")) for field in fields)
    disagreeing = pl.concat([disagreeing, later.filter(conflict)["claim_no"].unique()]).unique()
    if takes.height:
        claims = claims.with_columns(
            claims[field].scatter(takes["claim_no"], takes[field]) for field in fields
        )
    return claims, disagreeing


def _note(claims: pl.DataFrame, disagreeing: pl.Series, name: str) -> pl.DataFrame:
    """Count the claims whose rows disagree, per file."""
    text = f"claims whose rows disagree about {name}; the first value was taken"
    files = claims["file"].gather(disagreeing)
    return files.value_counts().select("file", pl.lit(text).alias("note"), pl.col("count").cast(pl.UInt32))
