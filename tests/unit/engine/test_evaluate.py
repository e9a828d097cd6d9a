"""The engine is a pure function: neither the order of rows nor the cut into partitions changes anything."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from validator.claims.schema import ClaimTables
from validator.engine import exists as searches
from validator.engine.conclude import conclude
from validator.engine.evaluate import Settings, _due_date, evaluate, outcomes
from validator.engine.examples import run_examples
from validator.engine.given import BATCH_DATE, build_claims, read_given
from validator.engine.listing import Listing
from validator.findings.schema import FINDINGS
from validator.rules.model import (
    ALWAYS,
    Compare,
    Field,
    Filing,
    MessageCase,
    Precedence,
    RiskWeights,
    Rule,
    RuleSet,
    SeverityCase,
    Source,
)

SETTINGS = Settings(BATCH_DATE)


@pytest.fixture(scope="module")
def all_examples(rule_set) -> ClaimTables:
    return build_claims([read_given(e.given, e.place) for rule in rule_set.rules for e in rule.examples])


def judged(partitions, rule_set, reference):
    carried = {file: columns for p in partitions for file, columns in p.carried.items()}
    return conclude(
        [evaluate(p, rule_set, reference, SETTINGS) for p in partitions], rule_set, carried, SETTINGS
    )


def only(tables: ClaimTables, claim_numbers: pl.Series) -> ClaimTables:
    """The partition that holds these claims, renumbered."""
    number = pl.DataFrame({"claim_no": claim_numbers, "new": range(len(claim_numbers))}).with_columns(
        pl.col("new").cast(pl.UInt32)
    )

    def cut(frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.join(number, on="claim_no", how="inner", maintain_order="left")
        return kept.with_columns(pl.col("new").alias("claim_no")).drop("new")

    claims = cut(tables.claims).sort("claim_no")
    return replace(
        tables,
        claims=claims,
        diagnoses=cut(tables.diagnoses),
        procedures=cut(tables.procedures),
        lines=cut(tables.lines),
    )


def test_every_shipped_example_holds(rule_set, reference):
    broken = [r for r in run_examples(rule_set.rules, rule_set, reference) if not r.holds]
    assert broken == []


def test_two_partitions_say_what_one_says(all_examples, rule_set, reference):
    whole = judged([all_examples], rule_set, reference)
    files = all_examples.claims["source_file"]
    first = files.str.ends_with("1") | files.str.ends_with("4")
    parts = [only(all_examples, all_examples.claims.filter(side)["claim_no"]) for side in (first, ~first)]
    cut = judged(parts, rule_set, reference)
    assert whole.findings.equals(cut.findings)
    assert whole.rule_counts.equals(cut.rule_counts)
    assert whole.claims_at_risk.equals(cut.claims_at_risk)
    assert whole.amount_by_severity == cut.amount_by_severity


def test_the_order_of_rows_does_not_matter(all_examples, rule_set, reference):
    whole = judged([all_examples], rule_set, reference)
    claims = all_examples.claims["claim_no"].shuffle(seed=7)
    shuffled = only(all_examples, claims)
    shuffled = replace(
        shuffled,
        diagnoses=shuffled.diagnoses.sample(fraction=1, shuffle=True, seed=3),
        lines=shuffled.lines.sample(fraction=1, shuffle=True, seed=5),
    )
    again = judged([shuffled], rule_set, reference)
    # Claims that are alike but for their number keep the same findings; which of two equal ids is "-2" is
    # settled by the sort, so the ids agree as well.
    assert whole.findings.equals(again.findings)
    assert whole.amount_by_severity == again.amount_by_severity


def test_counts_add_up_to_the_rows_of_the_grain(all_examples, rule_set, reference):
    counts = evaluate(all_examples, rule_set, reference, SETTINGS).counts
    height = {
        "diagnosis": all_examples.diagnoses.height,
        "line": all_examples.lines.height,
        "claim": all_examples.claims.height,
    }
    grains = {rule.rule_id: rule.check_each for rule in rule_set.rules}
    for row in counts.iter_rows(named=True):
        total = row["flagged"] + row["clear"] + row["not_evaluated"] + row["out_of_scope"]
        assert total == height[grains[row["rule_id"]]], row["rule_id"]


def test_outcomes_name_each_row_once_per_rule(all_examples, rule_set, reference):
    table = outcomes(all_examples, rule_set, reference, SETTINGS)
    of_rows = {rule.rule_id for rule in rule_set.rules if rule.check_each != "provider"}
    assert set(table["rule_id"]) == of_rows
    place = ["rule_id", "claim_key", "diagnosis_role", "diagnosis_position", "line_number"]
    assert not table.select(place).is_duplicated().any()


def rule(rule_id: str = "T001", **changes) -> Rule:
    base = Rule(
        rule_id=rule_id,
        title="A test",
        version=1,
        status="active",
        severity=(SeverityCase(None, "deny"),),
        confidence="certain",
        why="because",
        sources=(Source("A text"),),
        check_each="diagnosis",
        only_for=ALWAYS,
        flag_when=Compare(Field("diagnosis.code"), "equals", "I10"),
        message=(MessageCase(None, "{diagnosis.code} is there"),),
    )
    return replace(base, **changes)


def a_set(*rules: Rule, precedence=()) -> RuleSet:
    weights = RiskWeights(
        dict.fromkeys(("reject", "deny", "audit", "advise"), 0.5),
        dict.fromkeys(("certain", "likely", "possible"), 1.0),
    )
    return RuleSet(rules, precedence, (), weights, "test", "hash")


def test_an_empty_condition_holds_at_any_size(reference):
    """A filter on a literal fails in some engines from 100,000 rows up; nothing here may depend on size."""
    one = build_claims([read_given({})])
    many = replace(one, diagnoses=pl.concat([one.diagnoses] * 150_000))
    result = evaluate(many, a_set(rule(flag_when=ALWAYS)), reference, SETTINGS)
    assert result.counts["flagged"].to_list() == [150_000]


def test_a_shadow_rule_counts_and_neither_reports_nor_silences(reference):
    loud = rule("T001", status="shadow")
    quiet = rule("T002")
    rules = a_set(loud, quiet, precedence=(Precedence("diagnosis", ("T001", "T002")),))
    result = evaluate(build_claims([read_given({})]), rules, reference, SETTINGS)
    assert result.findings["rule_id"].to_list() == ["T002"]
    assert dict(result.counts.select("rule_id", "flagged").iter_rows()) == {"T001": 1, "T002": 1}


def test_the_stronger_rule_silences_the_weaker_one(reference):
    rules = a_set(rule("T001"), rule("T002"), precedence=(Precedence("diagnosis", ("T002", "T001")),))
    result = evaluate(build_claims([read_given({})]), rules, reference, SETTINGS)
    assert result.findings["rule_id"].to_list() == ["T002"]
    assert result.counts.filter(pl.col("rule_id") == "T001")["out_of_scope"].to_list() == [1]


def test_a_rule_is_held_against_the_date_of_the_row(reference):
    bounded = a_set(rule(in_force_from=date(2026, 2, 10), in_force_until=date(2026, 2, 10)))
    given = [{"claim": {"from_date": d}} for d in ("2026-02-09", "2026-02-10", "2026-02-11", "")]
    tables = build_claims([read_given(g) for g in given])
    counts = evaluate(tables, bounded, reference, SETTINGS).counts.row(0, named=True)
    assert (counts["flagged"], counts["out_of_scope"], counts["not_evaluated"]) == (1, 2, 1)


def test_a_batch_without_findings_has_all_columns(reference):
    result = evaluate(
        build_claims([read_given({"diagnosis": {"code": "E11.9"}})]), a_set(rule()), reference, SETTINGS
    )
    assert result.findings.height == 0
    assert [*FINDINGS, "suppressed_by"] == result.findings.columns


@pytest.mark.parametrize("few", [0, 1_000_000])
def test_a_listed_pair_is_found_by_the_keys_as_by_the_table(few, rule_set, reference, monkeypatch):
    """Which of the two a search looks at first is a matter of speed only."""
    asked = [rule for rule in rule_set.rules if rule.rule_id in {"PX306", "PX307", "PX308", "AR517"}]
    monkeypatch.setattr(searches, "_FEW_PARTNERS", few)
    found = run_examples(asked, rule_set, reference)
    assert len(found) > 20
    assert [result.says for result in found if not result.holds] == []


def test_a_code_of_many_partners_is_not_laid_out_with_all_of_them(rule_set, reference, monkeypatch):
    partners = [str(number) for number in range(10_001, 10_501)]
    listed = [{"left": left, "right": "80048", "setting": "practitioner"} for left in partners]
    equipped = reference.with_tables({"ncci_ptp_never": listed})
    claims = [{"lines": [{"procedure_code": "80048"}, {"procedure_code": "10001"}]}] * 3
    laid_out = []
    real = Listing.listed_pairs

    def counting(listing, pairs):
        result = real(listing, pairs)
        laid_out.append(result.height)
        return result

    monkeypatch.setattr(Listing, "listed_pairs", counting)
    chosen = replace(rule_set, rules=tuple(r for r in rule_set.rules if r.rule_id == "PX306"))
    evaluated = evaluate(build_claims([read_given(c) for c in claims]), chosen, equipped, SETTINGS)
    assert evaluated.findings.height == 3
    assert sum(laid_out) == 3


def test_a_paid_claim_has_no_day_to_file_it_by_and_without_a_limit_none_has() -> None:
    claims = pl.DataFrame(
        {
            "feed": ["adjudicated", "submission", "submission"],
            "payer_id": ["P1", None, "P1"],
            "from_date": [date(2026, 1, 1)] * 3,
            "through_date": [None, date(2026, 1, 2), None],
        }
    )
    limits = Filing(10, (("P1", 5),))
    assert claims.select(_due_date(limits)).to_series().to_list() == [
        None,
        date(2026, 1, 12),
        date(2026, 1, 6),
    ]
    assert claims.select(_due_date(Filing())).to_series().null_count() == 3
