"""A claim that is delivered twice counts once: history gives way to tonight, and twins to one another."""

import polars as pl

from validator.claims.numbering import only
from validator.claims.schema import TABLES, ClaimTables, Column

REDELIVERED = "claims that are delivered again tonight; tonight's are used"
LATER_COPY = "claims that a later file of the history delivers again; the later ones are used"
TWIN = "claims that another file delivers with the same content; judged once"
NOTES = {"source_file": pl.String, "note": pl.String, "count": pl.UInt32}

_KEY = ("patient_id", "claim_id", "billing_npi")
_NOT_CONTENT = {"claim_no", "claim_key", "source_file", "source_row"}


def without_copies(tables: ClaimTables) -> tuple[ClaimTables, pl.DataFrame]:
    """The tables without the copies, and how many claims of each file were left out (columns of NOTES).

    A copy has the patient, the claim number and the billing NPI of another claim of the partition. In the
    history the last one stands, unless tonight's files have it too. Of tonight's claims only twins are left
    out, whose whole content is the same: where it differs, that is for a rule to say.
    """
    claims = tables.claims.select("claim_no", "source_file", *_KEY)
    if claims["source_file"].n_unique() < 2:
        return tables, pl.DataFrame(schema=NOTES)
    several = claims.filter(pl.struct(_KEY).is_duplicated(), pl.col("patient_id").is_not_null())
    is_earlier = pl.col("source_file").is_in(sorted(tables.earlier))
    tonight, before = several.filter(~is_earlier), several.filter(is_earlier)
    again = before.join(tonight, on=_KEY, how="semi", nulls_equal=True)
    rest = before.join(tonight, on=_KEY, how="anti", nulls_equal=True).sort("claim_no")
    last = rest.unique(_KEY, keep="last", maintain_order=True)
    gone = {
        REDELIVERED: again,
        LATER_COPY: rest.join(last, on="claim_no", how="anti"),
        TWIN: _twins(tables, tonight),
    }
    dropped = pl.concat([frame["claim_no"] for frame in gone.values()])
    if dropped.is_empty():
        return tables, pl.DataFrame(schema=NOTES)
    notes = [
        frame["source_file"]
        .value_counts()
        .select("source_file", pl.lit(text).alias("note"), pl.col("count").cast(pl.UInt32))
        for text, frame in gone.items()
    ]
    standing = tables.claims.filter(~pl.col("claim_no").is_in(dropped.implode()))
    return only(tables, standing["claim_no"]), pl.concat(notes)


def _twins(tables: ClaimTables, tonight: pl.DataFrame) -> pl.DataFrame:
    """Of claims with the same key those that say what one before them says, from a feed with its columns."""
    several = tonight.filter(pl.struct(_KEY).is_duplicated())
    if several.is_empty():
        return several
    feeds = {file: "\n".join(sorted(columns)) for file, columns in tables.carried.items()}
    content = several.sort("claim_no").with_columns(
        feed=pl.col("source_file").replace_strict(feeds, default="", return_dtype=pl.String)
    )
    for name, frame in tables:
        content = content.join(_content(name, frame, several), on="claim_no", how="left")
    same = (*_KEY, "feed", *TABLES)
    content = content.sort("claim_no")
    firsts = content.unique(same, keep="first", maintain_order=True)
    return content.join(firsts, on="claim_no", how="anti").select(several.columns)


def _content(table: str, frame: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """All that the rows of these claims say, as one text per claim."""
    columns = [c for c in TABLES[table] if not c.derived and c.name not in _NOT_CONTENT]
    rows = frame.join(claims, on="claim_no", how="semi", maintain_order="left")
    text = pl.concat_str([_as_text(column) for column in columns], separator="\x1f")
    return (
        rows.select("claim_no", text.alias(table))
        .group_by("claim_no", maintain_order=True)
        .agg(pl.col(table).str.join("\x1e"))
    )


def _as_text(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    if isinstance(column.type, pl.List):
        return cell.cast(pl.List(pl.String)).list.join("\x1d").fill_null("\x00")
    return cell.cast(pl.String).fill_null("\x00")
