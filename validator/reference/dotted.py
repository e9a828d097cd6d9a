"""Codes are kept without a point and shown with one after the third character."""

import polars as pl


def dotted(code: pl.Expr) -> pl.Expr:
    """`M532X6` -> `M53.2X6`; three characters or fewer stay as they are."""
    return (
        pl.when(code.str.len_chars() > 3).then(code.str.slice(0, 3) + "." + code.str.slice(3)).otherwise(code)
    )


def dotted_text(code: str) -> str:
    """The same for one code."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def undotted_text(code: str) -> str:
    """What a person types -> the form that is kept: upper case, without point and spaces."""
    return "".join(code.split()).upper().replace(".", "")
