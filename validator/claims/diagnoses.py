"""Spread the diagnosis and procedure slots of the claims into the long tables, each code once."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from validator.claims.codes import normalised_code
from validator.claims.fields import (
    CAUSE_LIST,
    MAIN_LIST,
    PROCEDURE_LIST,
    VISIT_LIST,
    poa_of,
    system_of,
)
from validator.claims.merge import NOTES
from validator.claims.pieces import ROW
from validator.claims.schema import CODE_SYSTEMS, ROLES

_ROLE = pl.Enum(ROLES)
_SYSTEM = pl.Enum(CODE_SYSTEMS)
_COLUMNS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "claim_no": pl.UInt32,
    "role": _ROLE,
    "position": pl.UInt8,
    "code_as_sent": pl.String,
    "declared_code_system": _SYSTEM,
    "present_on_admission": pl.String,
    "source_row": pl.UInt32,
}


def diagnoses_of(claims: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The diagnoses (without coding dates) in the order of claim, role and position; and notes per file."""
    parts = [
        *_slots(claims, MAIN_LIST, "secondary"),
        *_slots(claims, ("admitting_diagnosis",), "admitting"),
        *_slots(claims, VISIT_LIST, "reason_for_visit"),
        *_slots(claims, CAUSE_LIST, "external_cause"),
    ]
    frame = _coded(pl.concat(parts) if parts else pl.DataFrame(schema=dict(_COLUMNS)))
    principal = _slots(claims, ("principal_diagnosis",), "principal")
    frame = _with_principal(frame, _coded(pl.concat(list(principal))) if principal else None)
    cause = _slots(claims, ("first_external_cause",), "external_cause")
    if cause:
        frame = _with_first_cause(frame, _coded(pl.concat(list(cause))))
    rank = pl.col("role").to_physical().cast(pl.UInt64)
    order = pl.col("claim_no").cast(pl.UInt64) * 65536 + rank * 256 + pl.col("position")
    frame = frame.sort(order)
    return frame, _notes(frame, claims["file"])


def procedures_of(claims: pl.DataFrame) -> pl.DataFrame:
    """The table of ICD procedures, in the order of claim and position."""
    parts = []
    for position, name in enumerate(PROCEDURE_LIST, start=1):
        if name in claims.columns and claims[name].null_count() < claims.height:
            day = name.replace("procedure", "procedure_date")
            parts.append(
                claims.lazy()
                .filter(pl.col(name).is_not_null())
                .select(
                    "claim_no",
                    pl.lit(position, pl.UInt8).alias("position"),
                    pl.col(name).str.replace_all(".", "", literal=True).alias("code"),
                    (pl.col(day) if day in claims.columns else pl.lit(None, pl.Date)).alias("date"),
                )
            )
    if not parts:
        return pl.DataFrame(
            schema={"claim_no": pl.UInt32, "position": pl.UInt8, "code": pl.String, "date": pl.Date}
        )
    return pl.concat(parts).sort("claim_no", "position").collect()


def _slots(claims: pl.DataFrame, names: Sequence[str], role: str) -> list[pl.DataFrame]:
    return list(_filled_slots(claims, names, role))


def _filled_slots(claims: pl.DataFrame, names: Sequence[str], role: str) -> Iterator[pl.DataFrame]:
    """One frame per slot that any claim fills; blank slots keep their number."""

    def column(name: str, type_: pl.DataType | type[pl.DataType]) -> pl.Expr:
        return pl.col(name) if name in claims.columns else pl.lit(None, type_)

    for position, name in enumerate(names, start=1):
        if name not in claims.columns or claims[name].null_count() == claims.height:
            continue
        yield claims.filter(pl.col(name).is_not_null()).select(
            "claim_no",
            pl.lit(role, _ROLE).alias("role"),
            pl.lit(position, pl.UInt8).alias("position"),
            pl.col(name).alias("code_as_sent"),
            pl.coalesce(column(system_of(name), _SYSTEM), column("code_system", _SYSTEM)).alias(
                "declared_code_system"
            ),
            column(poa_of(name), pl.String).alias("present_on_admission"),
            pl.col(ROW).alias("source_row"),
        )


def _coded(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the code as the code sets write it; there are far fewer different codes than diagnoses."""
    sent = frame["code_as_sent"].unique()
    codes = sent.to_frame().select("code_as_sent", code=normalised_code(pl.col("code_as_sent")))
    return frame.join(codes, on="code_as_sent", how="left", maintain_order="left")


def _with_principal(frame: pl.DataFrame, named: pl.DataFrame | None) -> pl.DataFrame:
    """Say which diagnosis of the main list is the principal one: slot 1, unless the feed names it apart.

    A principal diagnosis that is named apart and stands in the list is that slot, counted once; one that
    stands in no slot is a diagnosis of its own, and the list holds secondary ones only.
    """
    principal = pl.lit("principal", _ROLE)
    main = pl.col("role") == "secondary"
    slot_1 = main & (pl.col("position") == 1)
    if named is None:
        return frame.with_columns(pl.when(slot_1).then(principal).otherwise("role").alias("role"))
    code_of = named.select("claim_no", pl.col("code").alias("named"))
    frame = frame.join(code_of, on="claim_no", how="left", maintain_order="left")
    at = (
        frame.filter(main & (pl.col("code") == pl.col("named")))
        .group_by("claim_no")
        .agg(pl.col("position").min().alias("at"))
    )
    frame = frame.join(at, on="claim_no", how="left", maintain_order="left")
    is_principal = (
        pl.when(pl.col("named").is_null()).then(slot_1).otherwise(main & (pl.col("position") == pl.col("at")))
    )
    frame = frame.with_columns(
        pl.when(is_principal.fill_null(False)).then(principal).otherwise("role").alias("role")
    )
    apart = named.join(at, on="claim_no", how="anti")
    return pl.concat([frame.drop("named", "at"), apart])


def _with_first_cause(frame: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """A first external cause named apart counts once; one in no slot follows the last filled one."""
    causes = frame.filter(pl.col("role") == "external_cause").select("claim_no", "code", "position")
    apart = first.join(causes, on=["claim_no", "code"], how="anti")
    last = causes.group_by("claim_no").agg(pl.col("position").max().alias("last"))
    apart = apart.join(last, on="claim_no", how="left", maintain_order="left")
    next_one = (pl.col("last").fill_null(0) + 1).cast(pl.UInt8).alias("position")
    return pl.concat([frame, apart.with_columns(next_one).drop("last")])


def _notes(frame: pl.DataFrame, file_of_claim: pl.Series) -> pl.DataFrame:
    """How many diagnosis cells were written otherwise than the code sets write them, per file."""
    sent = frame["code_as_sent"]
    distinct = sent.unique()
    bare = distinct.str.strip_chars()
    kinds = {
        "diagnosis cells in lower case, read as upper case": bare != bare.str.to_uppercase(),
        "diagnosis cells with blanks around the code, which were removed": distinct != bare,
    }
    notes = [pl.DataFrame(schema=NOTES)]
    for text, strange in kinds.items():
        if strange.any():
            rows = frame.filter(pl.col("code_as_sent").is_in(distinct.filter(strange).implode()))["claim_no"]
            counts = file_of_claim.gather(rows).value_counts()
            notes.append(counts.select("file", pl.lit(text).alias("note"), pl.col("count").cast(pl.UInt32)))
    return pl.concat(notes)
