"""A diagnosis code as sent becomes the code that is looked up, without guessing."""

import polars as pl


def normalised_code(sent: pl.Expr) -> pl.Expr:
    """Upper case, stripped (no-break spaces too), without a point that stands where the point belongs.

    The point belongs after the third character, in ICD-9-CM external causes (E880.9) after the fourth. A
    point anywhere else stays, so that the code is found malformed and not repaired in silence; O and 0, I
    and 1 are never exchanged. A text that is blank after stripping becomes blank.
    """
    code = sent.str.replace_all("\u00a0", " ", literal=True).str.strip_chars().str.to_uppercase()
    code = code.str.replace(r"^([^.]{3})\.([^.]*)$", "$1$2").str.replace(r"^(E\d{3})\.(\d)$", "$1$2")
    return pl.when(code != "").then(code)
