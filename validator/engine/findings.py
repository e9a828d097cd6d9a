"""Flagged rows become findings: severity, sentence, suggestions, money, identity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from validator.claims.schema import RULE_TABLES, rule_columns
from validator.engine.compile import compile_condition
from validator.engine.frames import Frames
from validator.engine.messages import placeholders, sentence
from validator.engine.outcomes import GrainOutcomes
from validator.engine.related import related_rows
from validator.findings.identity import finding_ids
from validator.findings.schema import CONFIDENCE, FINDINGS, SEVERITY
from validator.reference.dotted import dotted
from validator.reference.schema import RULE_FACTS
from validator.rules.model import RemarkCase, Rule, SeverityCase

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_CLAIM_COLUMNS = (
    "claim_id", "claim_key", "claim_type", "patient_id", "payer_id", "billing_npi", "source_file",
)  # fmt: skip
_SUGGESTION_FIELDS = ("suggestions", "suggestions.total", "suggestions.meaning")
MAX_SUGGESTIONS = 20


def findings_of_grain(judged: GrainOutcomes, rules: Sequence[Rule], frames: Frames) -> list[pl.DataFrame]:
    """One frame of findings per rule of the grain that flagged something.

    Columns: those of validator.findings.schema.FINDINGS that do not need the other findings, and the
    internal ones that money and identity need (grain, claim_no, line_row, pointed_position).
    """
    made = []
    for rule in rules:
        rows = judged.flagged(rule)
        if rule.status == "active" and rows.height:
            made.append(_findings_of_rule(rule, judged, rows, frames))
    return made


def _findings_of_rule(rule: Rule, judged: GrainOutcomes, rows: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    told = {
        name
        for name in placeholders(rule.message)
        if name not in _SUGGESTION_FIELDS and name not in rows.columns
    }
    if told:
        rows = rows.with_columns(
            frames.rows(judged.grain, rows["row"], told).select(told - {"icd10.title"}).get_columns()
        )
    base = _located(judged.grain, rows, frames)
    base = base.with_columns(
        _first_case(rule.severity, rows, frames).cast(SEVERITY).alias("severity"),
        _first_case(rule.rarc, rows, frames).alias("rarc"),
        related_rows(judged, rule.rule_id, rows["row"], frames).alias("related"),
    )
    base, rows = _with_codes(rule, base, rows, frames.reference)
    base = base.with_columns(
        rows.with_columns(sentence(rule.message, rows.schema).alias("message"))["message"],
        rows["suggestions"].list.head(MAX_SUGGESTIONS).alias("suggestions"),
        pl.lit(rule.rule_id).alias("rule_id"),
        pl.lit(rule.version, dtype=pl.UInt16).alias("rule_version"),
        pl.lit(rule.confidence, dtype=CONFIDENCE).alias("confidence"),
        pl.lit(citation(rule)).alias("citation"),
        pl.lit("; ".join(rule.carc) or None, dtype=pl.String).alias("carc"),
    )
    return base.with_columns(finding_ids(base, judged.grain).alias("finding_id"))


def citation(rule: Rule) -> str:
    """The sources of a rule in one line."""
    return "; ".join(f"{s.title}, {s.section}" if s.section else s.title for s in rule.sources)


def _first_case(cases: Sequence[SeverityCase | RemarkCase], rows: pl.DataFrame, frames: Frames) -> pl.Series:
    """The word of the first case whose condition holds on the row; a blank condition does not hold."""
    word = pl.lit(None, dtype=pl.String)
    for case in reversed(cases):
        said = pl.lit(case.severity if isinstance(case, SeverityCase) else case.code)
        if case.when is None:
            word = said
        else:
            holds = compile_condition(case.when, frames.recorded, {})
            word = pl.when(holds).then(said).otherwise(word)
    return rows.with_columns(word.alias("word"))["word"]


def _located(grain: str, rows: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Which claim, where on it, where in the file; and the values that make the finding's identity."""
    claims = frames.tables.claims
    table = getattr(frames.tables, RULE_TABLES[grain])[rows["row"]]
    base = rows.select("row", "claim_no", pl.lit(grain).alias("grain")).with_columns(
        pl.lit(claims[name]).gather(pl.col("claim_no")).alias(name) for name in _CLAIM_COLUMNS
    )
    nothing = {
        "rendering_npi": pl.String, "line_number": pl.UInt16, "diagnosis_role": FINDINGS["diagnosis_role"],
        "diagnosis_position": pl.UInt8, "code": pl.String, "coding_date": pl.Date, "line_row": pl.UInt32,
        "pointed_position": pl.UInt8,
    }  # fmt: skip
    base = base.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in nothing.items())
    base = base.with_columns(table["source_row"].alias("source_row"))
    match grain:
        case "diagnosis":
            main_list = table["role"].is_in(["principal", "secondary"])
            return base.with_columns(
                table["role"].alias("diagnosis_role"),
                table["position"].alias("diagnosis_position"),
                table["code"].alias("code"),
                table["code_as_sent"],
                table["coding_date"].alias("coding_date"),
                pl.when(main_list).then(table["position"]).alias("pointed_position"),
                _sole_rendering_npi(base["claim_no"], frames).alias("rendering_npi"),
            )
        case "line":
            return base.with_columns(
                table["line_number"],
                table["rendering_npi"],
                pl.col("row").alias("line_row"),
                table["from_date"].alias("line_from_date"),
                *(table[name] for name in ("procedure_code", "modifiers", "units", "charge")),
            )
        case _:
            return base.with_columns(
                table["from_date"],
                table["through_date"],
                _sole_rendering_npi(base["claim_no"], frames).alias("rendering_npi"),
            )


def _sole_rendering_npi(claim_no: pl.Series, frames: Frames) -> pl.Series:
    """The rendering provider of each claim, where all its lines name the same one."""
    lines = frames.tables.lines.filter(pl.col("claim_no").is_in(claim_no.unique().implode()))
    npi = pl.col("rendering_npi")
    sole = lines.group_by("claim_no").agg(pl.when(npi.n_unique() == 1).then(npi.first()))
    return claim_no.to_frame().join(sole, on="claim_no", how="left", maintain_order="left")["rendering_npi"]


def _with_codes(
    rule: Rule, base: pl.DataFrame, rows: pl.DataFrame, reference: "Reference"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Titles and suggested codes, looked up once per distinct code and date."""
    keys = base.select("code", pl.col("coding_date").alias("on"))
    pairs = keys.filter(pl.col("code").is_not_null() & pl.col("on").is_not_null()).unique()
    titles = keys.join(reference.titles(pairs), on=["code", "on"], how="left", maintain_order="left")
    offered = keys.with_columns(
        pl.lit([], dtype=pl.List(pl.String)).alias("suggestions"),
        pl.lit(0, dtype=pl.UInt32).alias("suggestions.total"),
        pl.lit("").alias("suggestions.meaning"),
    ).select(_SUGGESTION_FIELDS)
    if rule.suggest and rule.suggest.kind:
        found = keys.join(
            reference.suggestions(rule.suggest.kind, pairs),
            on=["code", "on"],
            how="left",
            maintain_order="left",
        )
        offered = found.select(
            pl.col("suggestions").fill_null([]),
            pl.col("total").fill_null(0).cast(pl.UInt32).alias("suggestions.total"),
            pl.col("meaning").fill_null("").alias("suggestions.meaning"),
        )
    base = base.with_columns(titles["title"].alias("code_title"), dotted(pl.col("code")).alias("code"))
    shown_title = titles["title"].fill_null("title not in the loaded releases").alias("icd10.title")
    return base, rows.with_columns(shown_title, *offered.get_columns())


# What a message may name beside the fields of the rule language.
MESSAGE_FIELDS = frozenset({*rule_columns(), *RULE_FACTS, "batch.date", *_SUGGESTION_FIELDS})
