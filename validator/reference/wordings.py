"""Every wording under which the reference knows a code on one day, as printed and in plain words.

Titles come from the title list of the day. Terms are what the tabular list files under the code (inclusion
terms and includes notes), notes are the words by which an Excludes note elsewhere names it: `stroke (I63.-)`.
Conventions of the classification make other, shorter wordings: round brackets hold words that change
nothing, NOS and unspecified mean the bare word, and square brackets at the end hold a synonym. What has a
hyphen may be written as one word.
"""

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_DAY = """
    select c.code, (c.in_force & {bit}) <> 0 as billable, (c.incomplete & {bit}) <> 0 as incomplete, t.title
    from code c
    left join (
        select code, title from title where until >= {day}
        qualify row_number() over (partition by code order by until) = 1
    ) t using (code)
    where ((c.in_force | c.header) & {bit}) <> 0
    order by c.code
"""
_NOTES = """
    select node.code, note.kind, note.text from note left join node using (node)
    where note.kind in ('excludes1', 'excludes2')
       or (note.kind in ('inclusion_term', 'includes') and node.code is not null)
    order by note.position
"""
_NAMES_ONE_CODE = r"^(.*\S)\s*\(([A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?)\.?-?\)$"
_KINDS = pl.Enum(["title", "term", "note"])

# An abbreviation stands for the words before it only: human immunodeficiency virus [HIV].
_SYNONYM = r"\[([^\[\]]*[a-z]{3}[^\[\]]*)\]\s*$"
_BRACKETS = r"\([^()]*\)|\[[^\[\]]*\]"
_HYPHEN = r"([A-Za-z])-([A-Za-z])"
_UNSPECIFIED = (
    r"(?i)^unspecified\s|,\s*(?:unspecified(?:\s\w+)?|site not specified|not otherwise specified)$|\s+NOS$"
)


def codes_of(reference: "Reference", period: int, on: date) -> pl.DataFrame:
    """code, billable, incomplete, title (blank where no loaded release words one) of the codes that stand in
    the list on the day, by code."""
    return reference.tables.read(_DAY.format(bit=1 << period, day=f"date '{on:%Y-%m-%d}'"))


def wordings_of(reference: "Reference", codes: pl.DataFrame) -> pl.DataFrame:
    """code_no (row of `codes`), kind, text as printed, plain, short (of a shorter wording), the shortest
    plain first; no plain twice under one code."""
    notes = reference.tables.read(_NOTES)
    terms = notes.filter(pl.col("kind").is_in(["inclusion_term", "includes"])).select("code", "text")
    named = (
        notes.filter(pl.col("kind").is_in(["excludes1", "excludes2"]))
        .select(
            code=pl.col("text").str.extract(_NAMES_ONE_CODE, 2).str.replace(".", "", literal=True),
            text=pl.col("text").str.extract(_NAMES_ONE_CODE, 1),
        )
        .drop_nulls()
        .unique(maintain_order=True)
        # What names one code here and another there, as `tuberculosis` does, names none by itself.
        .filter(pl.len().over(pl.col("text").str.to_lowercase()) == 1)
    )
    parts = {"title": codes.select("code", text="title").drop_nulls(), "term": terms, "note": named}
    printed = pl.concat(
        [part.select("code", pl.lit(kind, _KINDS).alias("kind"), "text") for kind, part in parts.items()]
    )
    text = pl.col("text")
    bare = text.str.replace_all(_BRACKETS, " ").str.replace(_UNSPECIFIED, "")
    shorter = [
        printed.with_columns(form=form, short=True).filter((pl.col("form") != text) & (pl.col("form") != ""))
        for form in (bare, text.str.extract(_SYNONYM, 1), text.str.replace_all(_HYPHEN, "${1}${2}"))
    ]
    return (
        pl.concat([printed.with_columns(form=text, short=pl.lit(False)), *shorter])
        .with_columns(plain=plain(pl.col("form")))
        .filter(pl.col("plain") != "")
        .unique(["code", "plain"], keep="first", maintain_order=True)
        .join(codes.select("code").with_row_index("code_no"), on="code", maintain_order="left")
        .sort(pl.col("plain").str.len_chars(), maintain_order=True)
        .select("code_no", "kind", "text", "plain", "short")
    )


def plain(text: pl.Expr) -> pl.Expr:
    """Words of a to z and digits between single spaces: no accents, no plural, American vowels, no Roman
    two and three. Whatever a person types becomes harmless by it."""
    letters = (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_all("ß", "ss", literal=True)
        .str.replace_all(r"['’]s\b", "")
        .str.replace_all(r"[^a-z0-9]+", " ")
    )
    folded = (
        letters.str.replace_all(r"ae|oe", "e")
        .str.replace_all(r"([a-z]{2})ies\b", "${1}y")
        .str.replace_all(r"([a-z]{2}[a-hj-rtv-z])s\b", "${1}")
        .str.replace_all(r"\biii\b", "3")
        .str.replace_all(r"\bii\b", "2")
    )
    return folded.str.strip_chars()


def plain_text(text: str) -> str:
    """The same of one text."""
    return str(pl.select(plain(pl.lit(text))).item())
