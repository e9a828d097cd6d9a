"""Flagged rows become findings: severity, sentence, suggestions, money, identity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from validator.engine.compile import compile_condition
from validator.engine.frames import Frames
from validator.engine.messages import placeholders, sentence
from validator.engine.outcomes import GrainOutcomes, fields_on_row
from validator.engine.related import related_rows
from validator.engine.value_sets import with_value_sets
from validator.findings.identity import finding_ids
from validator.findings.schema import CONFIDENCE, FINDINGS, SEVERITY
from validator.reference.dotted import dotted
from validator.rules.model import Condition, Rule
from validator.rules.reads import OWN_DATE, conditions_of_cases, searches

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_CLAIM_COLUMNS = (
    "claim_id", "claim_key", "claim_type", "patient_id", "payer_id", "billing_npi", "source_file",
)  # fmt: skip
_SUGGESTION_FIELDS = ("suggestions", "suggestions.total", "suggestions.meaning")
_OTHER = "other."
_NOTE = "listed.note"
NO_TITLE = "title not in the loaded releases"
MAX_SUGGESTIONS = 20


def findings_of_grain(judged: GrainOutcomes, rules: Sequence[Rule], frames: Frames) -> pl.DataFrame | None:
    """The findings of all rules of one grain; None when there are none.

    Columns: those of validator.findings.schema.FINDINGS that do not need the other findings, and the
    internal ones that money and identity need (grain, claim_no, line_row, pointed_position).
    """
    speaking = [rule for rule in rules if rule.status == "active"]
    flagged = [(rule, rows) for rule in speaking if (rows := judged.flagged(rule)).len()]
    if not flagged:
        return None
    located = []
    for rule, numbers in flagged:
        fields = _rows(rule, judged, numbers, frames)
        located.append((rule, fields, _located(judged, rule, fields, frames)))
    lookups = _Lookups(located, frames.reference)
    findings = pl.concat([_told(rule, fields, base, lookups, frames) for rule, fields, base in located])
    return findings.with_columns(finding_ids(findings, judged.grain).alias("finding_id"))


def _rows(rule: Rule, judged: GrainOutcomes, numbers: pl.Series, frames: Frames) -> pl.DataFrame:
    """The flagged rows with what severity, remark codes and message read, also on the row found beside."""
    cases = conditions_of_cases(rule)
    named = {name for case in rule.message for name in placeholders(case.text)}
    told = {n for n in named if n not in _SUGGESTION_FIELDS and n != "icd10.title"}
    beside = {n for n in told if n.startswith(_OTHER) or n == _NOTE}
    names = set(OWN_DATE[judged.grain]) | (told - beside)
    names |= {name for case in cases for name in fields_on_row(case, judged.grain)}
    rows = frames.fields(judged.grain, names, numbers)
    rows = with_value_sets(rows, judged.grain, cases, frames)
    return rows.with_columns(_beside(rule, judged, rows["row"], beside, frames)) if beside else rows


def _beside(
    rule: Rule, judged: GrainOutcomes, numbers: pl.Series, names: set[str], frames: Frames
) -> list[pl.Series]:
    """Columns of the row that `there_is` found, and the note that lists the pair."""
    match = judged.matches.get(rule.rule_id)
    if match is None:
        return [pl.repeat(None, numbers.len(), dtype=pl.String, eager=True).alias(name) for name in names]
    found = numbers.to_frame("row").join(match.rows, on="row", how="left", maintain_order="left")
    made = []
    for name in sorted(names):
        if name == _NOTE:
            made.append(_notes(rule, found["note"], frames).alias(name))
            continue
        column = name.removeprefix(_OTHER)
        title = column == "title"
        field = "diagnosis.code" if title else column if "." in column else f"{match.table}.{column}"
        others = found["other.row"].drop_nulls()
        fields = {field, "diagnosis.coding_date"} if match.table == "diagnosis" else {field}
        values = frames.fields(match.table, fields, others)
        if title:
            pairs = values.select(code="diagnosis.code", on="diagnosis.coding_date")
            distinct = frames.reference.titles(pairs.drop_nulls().unique())
            shown = pairs.join(distinct, on=["code", "on"], how="left", maintain_order="left")["title"]
            shown = shown.fill_null(NO_TITLE)
        elif field == "diagnosis.code":  # the codes of procedures are written without a point
            shown = values.select(dotted(pl.col(field))).to_series()
        else:
            shown = values[field]
        places = found.select(pl.col("other.row").is_not_null().arg_true()).to_series()
        blank = pl.repeat(None, numbers.len(), dtype=shown.dtype, eager=True)
        made.append(blank.scatter(places, shown).alias(name))
    return made


def _notes(rule: Rule, numbers: pl.Series, frames: Frames) -> pl.Series:
    """The text of each note by its number."""
    listed = next((s.listed_in for s in searches(rule.flag_when) if s.listed_in and not s.negated), None)
    held = frames.reference.pairs(listed.table) if listed else None
    if held is None:
        return pl.repeat("", numbers.len(), dtype=pl.String, eager=True)
    texts = held.notes.select(pl.col("number").cast(pl.UInt32).alias("note"), "text")
    told = numbers.cast(pl.UInt32).to_frame("note").join(texts, on="note", how="left", maintain_order="left")
    return told["text"].fill_null("")


class _Lookups:
    """Titles and suggested codes of all findings of a grain, asked for once per distinct code and date."""

    def __init__(
        self, located: Sequence[tuple[Rule, pl.DataFrame, pl.DataFrame]], reference: "Reference"
    ) -> None:
        self.titles = reference.titles(_pairs([base for _, _, base in located]))
        asked: dict[str, list[pl.DataFrame]] = {}
        for rule, _, base in located:
            if rule.suggest and rule.suggest.kind:
                asked.setdefault(rule.suggest.kind, []).append(base)
        self.suggestions = {kind: reference.suggestions(kind, _pairs(bases)) for kind, bases in asked.items()}


def _pairs(bases: Sequence[pl.DataFrame]) -> pl.DataFrame:
    pairs = pl.concat([base.select("code", pl.col("coding_date").alias("on")) for base in bases])
    return pairs.drop_nulls().unique()


def _told(
    rule: Rule, rows: pl.DataFrame, base: pl.DataFrame, lookups: _Lookups, frames: Frames
) -> pl.DataFrame:
    """The findings of one rule, with their sentence."""
    keys = base.select("code", pl.col("coding_date").alias("on"))
    titles = keys.join(lookups.titles, on=["code", "on"], how="left", maintain_order="left")["title"]
    offered = _offered(rule, keys, lookups)
    shown_title = titles.fill_null(NO_TITLE).alias("icd10.title")
    rows = rows.with_columns(shown_title, *offered.get_columns())
    return base.with_columns(
        _first_case([(c.when, sentence(c.text, rows.schema)) for c in rule.message], rows, frames).alias(
            "message"
        ),
        titles.alias("code_title"),
        dotted(pl.col("code")).alias("code"),
        offered["suggestions"].list.head(MAX_SUGGESTIONS),
        pl.lit(rule.rule_id).alias("rule_id"),
        pl.lit(rule.version, dtype=pl.UInt16).alias("rule_version"),
        pl.lit(rule.confidence, dtype=CONFIDENCE).alias("confidence"),
        pl.lit(citation(rule)).alias("citation"),
        pl.lit("; ".join(rule.carc) or None, dtype=pl.String).alias("carc"),
    )


def _offered(rule: Rule, keys: pl.DataFrame, lookups: _Lookups) -> pl.DataFrame:
    """Suggested codes per row, how many there are in all, and what their 7th characters mean."""
    if not (rule.suggest and rule.suggest.kind):
        return keys.with_columns(
            pl.lit([], dtype=pl.List(pl.String)).alias("suggestions"),
            pl.lit(0, dtype=pl.UInt32).alias("suggestions.total"),
            pl.lit("").alias("suggestions.meaning"),
        ).select(_SUGGESTION_FIELDS)
    found = lookups.suggestions[rule.suggest.kind]
    return keys.join(found, on=["code", "on"], how="left", maintain_order="left").select(
        pl.col("suggestions").fill_null([]),
        pl.col("total").fill_null(0).cast(pl.UInt32).alias("suggestions.total"),
        pl.col("meaning").fill_null("").alias("suggestions.meaning"),
    )


def citation(rule: Rule) -> str:
    """The sources of a rule in one line."""
    return "; ".join(f"{s.title}, {s.section}" if s.section else s.title for s in rule.sources)


def _first_case(
    cases: Sequence[tuple[Condition | None, pl.Expr]], rows: pl.DataFrame, frames: Frames
) -> pl.Series:
    """What the first case says whose condition holds on the row; a blank condition does not hold."""
    word = pl.lit(None, dtype=pl.String)
    for when, said in reversed(cases):
        if when is None:
            word = said
        else:
            holds = compile_condition(when, frames.recorded, {})
            word = pl.when(holds).then(said).otherwise(word)
    return rows.with_columns(word.alias("word"))["word"]


def _located(judged: GrainOutcomes, rule: Rule, rows: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """How severe, which claim, where on it, where in the file; and the values that make the identity."""
    base = _place(judged.grain, rows, frames)
    return base.with_columns(
        _first_case([(c.when, pl.lit(c.severity)) for c in rule.severity], rows, frames)
        .cast(SEVERITY)
        .alias("severity"),
        _first_case([(c.when, pl.lit(c.code)) for c in rule.rarc], rows, frames).alias("rarc"),
        related_rows(judged, rule.rule_id, rows["row"], frames).alias("related"),
    )


def _place(grain: str, rows: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    claims = frames.tables.claims
    table = frames.base(grain)[rows["row"]]
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
                frames.sole_rendering_npi[base["claim_no"]].alias("rendering_npi"),
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
                frames.sole_rendering_npi[base["claim_no"]].alias("rendering_npi"),
            )
