"""Billing and coding articles of the Medicare Coverage Database: which diagnosis supports which procedure."""

import polars as pl

from validator.errors import ReferenceError
from validator.reference.official.document import Document
from validator.reference.official.kind import (
    CODE,
    PAIR_ROWS,
    SET_ROWS,
    Asked,
    Kind,
    Parsed,
    check_rows,
    code_of,
    to_date,
)
from validator.reference.official.sheets import Sheet, find_header

_PLAIN = {
    "left": ("PROCEDURE",),
    "right": ("DIAGNOSIS",),
    "valid_from": ("VALIDFROM",),
    "valid_to": ("VALIDTO",),
}
_ARTICLE = {"article": ("ARTICLEID",), "version": ("ARTICLEVERSION",)}
_FILES = {
    "article_x_hcpc_code.csv": {**_ARTICLE, "left": ("HCPCCODEID",)},
    "article_x_icd10_covered.csv": {**_ARTICLE, "right": ("ICD10CODEID",)},
    "article.csv": {
        **_ARTICLE,
        "valid_from": ("ARTICLEEFFDATE",),
        "valid_to": ("ARTICLEENDDATE",),
    },
}
_CONTRACTORS = {**_ARTICLE, "contractor": ("CONTRACTORID",)}
_DIAGNOSIS = r"^[A-Z][0-9A-Z]{2,6}$"


def read(document: Document, _: Asked) -> Parsed | None:
    """Either a list `procedure,diagnosis,valid_from,valid_to`, or the database's download: the files
    article_x_hcpc_code and article_x_icd10_covered, joined by article and version, dated by article.csv.

    Within an article every covered diagnosis is taken to support every procedure, whatever their groups: the
    notes that tie groups together are prose. Procedures of articles without covered diagnoses are left out.
    """
    names = [sheet.name.lower() for sheet in document.sheets]
    if "article_x_icd10_covered.csv" in names or "article_x_hcpc_code.csv" in names:
        pairs = _of_articles(document)
    else:
        found = next((header for sheet in document.sheets if (header := find_header(sheet, _PLAIN))), None)
        if found is None:
            return None
        pairs = found.table
    right = pl.col("right").str.to_uppercase().str.replace(".", "", literal=True)
    check_rows(
        pairs,
        [
            (code_of("left").str.contains(CODE), "has no procedure code"),
            (right.str.contains(_DIAGNOSIS), "has no diagnosis code"),
            *(
                (pl.col(name).is_null() | to_date(name).is_not_null(), "has a date that is none")
                for name in ("valid_from", "valid_to")
            ),
        ],
    )
    pairs = pairs.select(
        name=pl.lit("coverage"),
        left=code_of("left"),
        right=right,
        valid_from=to_date("valid_from"),
        valid_to=to_date("valid_to"),
    ).select(pl.col(column).cast(kind) for column, kind in PAIR_ROWS.items())
    sets = pairs.select(
        name=pl.lit("coverage_procedures"), code="left", valid_from="valid_from", valid_to="valid_to"
    ).select(pl.col(column).cast(kind) for column, kind in SET_ROWS.items())
    return Parsed(
        "coverage",
        {"pairs": pairs.unique().sort(pl.all()), "sets": sets.unique().sort(pl.all())},
        (None, None),
    )


def _of_articles(document: Document) -> pl.DataFrame:
    tables = {}
    for name, fields in _FILES.items():
        sheet = document.named(name)
        header = find_header(sheet, fields) if sheet else None
        if header is None:
            raise ReferenceError(
                f"the download lacks {name}, or that file lacks one of its columns",
                fix="Add the archive as it is published, with all its files.",
            )
        tables[name] = header.table
    _one_contractor(document.named("article_x_contractor.csv"))
    procedures, diagnoses, articles = tables.values()
    by = ["article", "version"]
    return (
        procedures.drop("row")
        .join(diagnoses.drop("row"), on=by)
        .join(articles.drop("row"), on=by)
        .with_row_index("row", offset=1)
    )


def _one_contractor(sheet: Sheet | None) -> None:
    """Refuse articles of several contractors: which of them binds a claim, the claim does not say."""
    header = find_header(sheet, _CONTRACTORS) if sheet else None
    if header is None:
        return
    articles = header.table["article"].n_unique()
    shared = header.table.group_by("contractor").agg(pl.col("article").n_unique())["article"].max()
    if shared != articles:  # no contractor has all of them
        raise ReferenceError(
            "the articles are of several contractors, and a claim does not say which of them binds it",
            fix="Download the articles of your own contractor, or add a list with the columns "
            "procedure,diagnosis,valid_from,valid_to.",
        )


KIND = Kind(
    "coverage", "billing and coding articles", ("coverage", "coverage_procedures"), read, in_parts=True
)
