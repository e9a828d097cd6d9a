"""Templates become sentences, with the values of the finding put in as a reader writes them."""

import re

import polars as pl

from validator.claims.schema import UNITS, rule_columns
from validator.reference.dotted import dotted

_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
_COLUMNS = rule_columns()

# How many suggested codes a sentence names before it says how many more there are.
NAMED_SUGGESTIONS = 9


def placeholders(template: str) -> tuple[str, ...]:
    """The names between braces, in order."""
    return tuple(_PLACEHOLDER.findall(template))


def sentence(template: str, schema: pl.Schema) -> pl.Expr:
    """The expression that fills the template from columns of the same names."""
    pieces = _PLACEHOLDER.split(template)
    parts: list[pl.Expr] = []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            parts.append(pl.lit(piece))
        else:
            parts.append(value_text(piece, schema))
    return pl.concat_str(parts)


def value_text(name: str, schema: pl.Schema) -> pl.Expr:
    """A column as a sentence shows it; what is blank is told in words."""
    column = pl.col(name)
    kind = schema[name]
    if name == "suggestions":
        return _some_of(column)
    if isinstance(kind, pl.List):
        text = column.cast(pl.List(pl.String)).list.join(", ")
    elif name == "diagnosis.code":
        text = dotted(column)
    elif kind == UNITS:
        text = column.cast(pl.String).str.replace(r"\.0+$", "").str.replace(r"(\.\d*[1-9])0+$", "$1")
    else:
        text = column.cast(pl.String)
    if name == "listed.note":
        return text.fill_null("")
    return text.fill_null(_COLUMNS[name][1].blank if name in _COLUMNS else "not recorded")


def _some_of(suggestions: pl.Expr) -> pl.Expr:
    shown = suggestions.list.head(NAMED_SUGGESTIONS).list.join(", ")
    rest = pl.col("suggestions.total") - NAMED_SUGGESTIONS
    more = pl.when(pl.col("suggestions.total") > NAMED_SUGGESTIONS).then(pl.format(" and {} more", rest))
    return (
        pl.when(suggestions.list.len() > 0)
        .then(pl.concat_str(shown, more.fill_null("")))
        .otherwise(pl.lit("none known"))
    )
