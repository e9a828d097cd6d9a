"""Turn the mapped headers and lines of whole claims into the canonical tables.

A claim is what has one claim number and one patient within one file. Its header is taken once; where its
rows disagree, the first value in file order stands and the disagreement is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from validator.claims.diagnoses import diagnoses_of, procedures_of
from validator.claims.fields import MODIFIERS
from validator.claims.mapping import RUN
from validator.claims.merge import one_header_per_claim
from validator.claims.pieces import ROW
from validator.claims.schema import (
    CLAIM_TYPES,
    FEEDS,
    ROLE_COLUMNS,
    TABLES,
    TEXT_LIST,
    TOTAL_REVENUE_CODE,
    ClaimTables,
    polars_schema,
)

FILE = "file"
_CLAIM_TYPE = pl.Enum(CLAIM_TYPES)


@dataclass(frozen=True)
class SourceFile:
    """What the tables need to know about a file: `number` is its place in the batch."""

    number: int
    source_file: str
    key: str  # first 16 characters of its sha256
    feed: str
    carried: frozenset[str]
    received_date_codes: bool = False
    dates_from_lines: tuple[str, ...] = ()  # claim dates that the feed does not carry and its lines tell


def canonicalise(
    header: pl.DataFrame, lines: pl.DataFrame, files: Sequence[SourceFile], shared_ids: pl.DataFrame
) -> tuple[ClaimTables, pl.DataFrame]:
    """The canonical tables (not yet derived) and the notes, counted per file.

    `header`: one row per run, in file order; `lines`: one row per claim line; both carry `file` and `run`.
    `shared_ids`: (file, claim_hash, patient_hash, ordinal) of claim numbers that stand for several claims.
    """
    merged = one_header_per_claim(header)
    claims, notes = merged.claims, [merged.notes]
    lines = _lines(lines, merged.claim_of_run)
    diagnoses, diagnosis_notes = diagnoses_of(claims)
    procedures = procedures_of(claims)
    by_number = {file.number: file for file in files}
    claims = _claims(claims, lines, by_number, shared_ids)
    diagnoses = _with_received_date(diagnoses, claims, lines, files)
    tables = ClaimTables(
        claims=_in_schema("claims", claims),
        diagnoses=_in_schema("diagnoses", diagnoses),
        procedures=_in_schema("procedures", procedures),
        lines=_in_schema("lines", lines),
        carried={file.source_file: file.carried | always_known(file.carried) for file in files},
    )
    return tables, pl.concat([*notes, diagnosis_notes]).filter(pl.col("count") > 0)


def always_known(carried: frozenset[str]) -> frozenset[str]:
    """Columns that are never blank: every feed carries those of claims, and of the rows that it delivers.

    A feed without a column for diagnoses does not tell whether a claim has any.
    """
    telling = {"diagnoses": ROLE_COLUMNS, "procedures": frozenset({"procedures.code"})}
    delivers = {"claims"} | {
        table
        for table in TABLES
        if carried & telling.get(table, frozenset(name for name in carried if name.startswith(f"{table}.")))
    }
    never = [(table, c) for table in delivers for c in TABLES[table] if c.blank == "never"]
    return frozenset(f"{table}.{column.name}" for table, column in never if not column.derived)


def _in_schema(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of the table in order, those that no file carries blank, the derived ones still blank."""
    schema = polars_schema(table)
    present = set(frame.columns)
    return frame.select(
        (pl.col(name).cast(type_) if frame.schema[name] != type_ else pl.col(name))
        if name in present
        else pl.lit(None, type_).alias(name)
        for name, type_ in schema.items()
    )


def _lines(lines: pl.DataFrame, claim_of_run: pl.DataFrame) -> pl.DataFrame:
    """The line table: lines of a claim in file order, numbered by it where the feed has no number."""
    if lines.is_empty():
        return pl.DataFrame(schema={"claim_no": pl.UInt32})
    place = claim_of_run[RUN].search_sorted(lines[RUN])
    lines = lines.with_columns(claim_of_run["claim_no"].gather(place))
    if not lines["claim_no"].is_sorted():
        lines = lines.sort("claim_no", ROW, maintain_order=True)
    names = {
        "line_from_date": "from_date",
        "line_through_date": "through_date",
        "line_charge": "charge",
        "line_allowed_amount": "allowed_amount",
        "line_paid_amount": "paid_amount",
        ROW: "source_row",
    }
    lines = lines.rename({old: new for old, new in names.items() if old in lines.columns})
    if "line_number" not in lines.columns or lines["line_number"].null_count():
        order = (pl.int_range(pl.len()).over("claim_no") + 1).cast(pl.UInt16, strict=False)
        given = pl.col("line_number") if "line_number" in lines.columns else pl.lit(None, pl.UInt16)
        lines = lines.with_columns(pl.coalesce(given, order).alias("line_number"))
    numbered = [f"modifier_{n}" for n in range(1, MODIFIERS + 1) if f"modifier_{n}" in lines.columns]
    if numbered:
        joined = pl.concat_str(numbered, separator=":", ignore_nulls=True)
        lines = lines.with_columns(pl.when(joined != "").then(joined).alias("modifiers")).drop(numbered)
    for name, type_ in (("modifiers", TEXT_LIST), ("diagnosis_pointers", pl.List(pl.UInt8))):
        if name in lines.columns:
            lines = _split(lines, name, type_)
    return lines


def _split(lines: pl.DataFrame, name: str, type_: pl.List) -> pl.DataFrame:
    """A column of texts like `1:2` as lists; there are few different texts, so each is split once."""
    texts = lines[name].unique().drop_nulls()
    table = pl.DataFrame({name: texts, "#list": texts.str.split(":").cast(type_)})
    lists = lines.select(name).join(table, on=name, how="left", maintain_order="left")["#list"]
    return lines.with_columns(lists.alias(name))


def _claims(
    claims: pl.DataFrame, lines: pl.DataFrame, files: Mapping[int, SourceFile], shared_ids: pl.DataFrame
) -> pl.DataFrame:
    """The claims table, with what its lines tell where the header does not."""
    of_file = pl.DataFrame(
        {
            FILE: list(files),
            "key": [file.key for file in files.values()],
            "source_file": [file.source_file for file in files.values()],
            "feed": pl.Series([file.feed for file in files.values()], dtype=pl.Enum(FEEDS)),
            "from_lines": ["from_date" in file.dates_from_lines for file in files.values()],
            "through_lines": ["through_date" in file.dates_from_lines for file in files.values()],
        },
        schema_overrides={FILE: pl.UInt32},
    )
    claims = claims.join(of_file, on=FILE, how="left", maintain_order="left")
    for name in (
        "claim_type",
        "type_of_bill",
        "frequency_code",
        "total_charge",
        "from_date",
        "through_date",
        "patient_id",
    ):
        if name not in claims.columns:
            claims = claims.with_columns(pl.lit(None, polars_schema("claims")[name]).alias(name))
    claims = claims.join(_told_by_lines(lines), on="claim_no", how="left", maintain_order="left")
    bill = pl.col("type_of_bill")
    claims = claims.with_columns(
        claim_key=_claim_key(claims, shared_ids),
        frequency_code=pl.coalesce(
            "frequency_code", pl.when(bill.str.len_bytes() == 3).then(bill.str.slice(2, 1))
        ),
        claim_type=pl.coalesce(
            "claim_type",
            pl.when(bill.is_not_null())
            .then(pl.lit("institutional", _CLAIM_TYPE))
            .when(pl.col("like_professional"))
            .then(pl.lit("professional", _CLAIM_TYPE))
            .otherwise(pl.lit("unknown", _CLAIM_TYPE)),
        ),
        total_charge=pl.coalesce("total_charge", "sum_of_lines"),
        from_date=pl.coalesce("from_date", pl.when("from_lines").then("first_day")),
        through_date=pl.coalesce("through_date", pl.when("through_lines").then("last_day")),
        source_row=pl.col(ROW),
    )
    if "condition_codes" in claims.columns:
        claims = claims.with_columns(pl.col("condition_codes").str.split(":").cast(TEXT_LIST))
    return claims


def _told_by_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Per claim: the sum of its charges, its first and last day, whether it reads like a professional claim.

    The revenue code 0001 is the total of the others and is not added to them. A sum with an unknown charge
    in it is not known.
    """

    def column(name: str, type_: pl.DataType | type[pl.DataType]) -> pl.Expr:
        return pl.col(name) if name in lines.columns else pl.lit(None, type_)

    schema = polars_schema("lines")
    charge = column("charge", schema["charge"])
    is_total = (column("revenue_code", pl.String) == TOTAL_REVENUE_CODE).fill_null(False)
    first = column("from_date", pl.Date)
    known = (pl.col("parts") > 0) & ~pl.col("unknown")
    added = pl.col("added").cast(
        schema["charge"], strict=False
    )  # a sum too large for the column is not known
    return (
        lines.lazy()
        .select(
            "claim_no",
            charge=charge,
            is_total=is_total,
            first=first,
            last=pl.coalesce(column("through_date", pl.Date), first),
            professional=column("place_of_service", pl.String).is_not_null()
            | column("diagnosis_pointers", pl.List(pl.UInt8)).is_not_null(),
        )
        .group_by("claim_no")
        .agg(
            added=pl.col("charge").filter(~pl.col("is_total")).sum(),
            unknown=pl.col("charge").filter(~pl.col("is_total")).is_null().any(),
            parts=(~pl.col("is_total")).sum(),
            total=pl.col("charge").filter("is_total").first(),
            first_day=pl.col("first").min(),
            last_day=pl.col("last").max(),
            like_professional=pl.col("professional").any(),
        )
        .select(
            "claim_no",
            "first_day",
            "last_day",
            "like_professional",
            sum_of_lines=pl.coalesce("total", pl.when(known).then(added)),
        )
        .collect()
    )


def _claim_key(claims: pl.DataFrame, shared_ids: pl.DataFrame) -> pl.Expr:
    """File and claim number; `key/2-` for the second claim of that number, which is no other key."""
    plain = pl.concat_str("key", pl.lit("-"), "claim_id")
    if shared_ids.is_empty():
        return plain
    hashes = claims.select(FILE, claim_hash=claim_hash(), patient_hash=patient_hash(claims.columns))
    ordinal = hashes.join(
        shared_ids, on=[FILE, "claim_hash", "patient_hash"], how="left", maintain_order="left"
    )["ordinal"]
    return (
        pl.when(ordinal > 1)
        .then(pl.concat_str("key", pl.lit("/"), ordinal.cast(pl.String), pl.lit("-"), "claim_id"))
        .otherwise(plain)
    )


def claim_hash() -> pl.Expr:
    return pl.col("claim_id").hash(seed=1)


def patient_hash(columns: Sequence[str]) -> pl.Expr:
    """Hash of the patient, and of the claim's place in an exchange file, where there is one."""
    patient = pl.col("patient_id").hash(seed=2)
    if "source_control" not in columns:
        return patient
    place = pl.col("source_control")
    return patient.xor(pl.when(place.is_null()).then(0).otherwise(place.hash(seed=4)))


def _with_received_date(
    diagnoses: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, files: Sequence[SourceFile]
) -> pl.DataFrame:
    """Judge by the day of receipt where the layout allows it and the claim has no other date."""
    allowed = [file.number for file in files if file.received_date_codes]
    if not allowed or "received_date" not in claims.columns:
        return diagnoses
    known = ("from_date", "through_date", "admission_date", "discharge_date")
    dates = [name for name in known if name in claims.columns]
    no_date = pl.all_horizontal(pl.col([*dates, "first_day"]).is_null())
    day = (
        claims.select(
            pl.when(pl.col(FILE).is_in(allowed) & no_date).then("received_date").alias("coding_date")
        )
        .to_series()
        .gather(diagnoses["claim_no"])
    )
    source = pl.when(pl.col("coding_date").is_not_null()).then(pl.lit("received"))
    return diagnoses.with_columns(day).with_columns(source.alias("coding_date_source"))
