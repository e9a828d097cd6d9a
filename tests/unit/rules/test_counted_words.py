"""Pairs, counts, sums, years apart and shares: what is read, what is said, what moves the hash, what is needed."""

from decimal import Decimal

import pytest

from tests.unit.rules.rule_files import rule_of
from tests.unit.rules.test_trees import condition
from validator.findings.suppression import WHERE_COLUMNS
from validator.rules.clauses import clause
from validator.rules.explain import explain
from validator.rules.model import (
    All,
    Compare,
    Condition,
    DayTotal,
    Exists,
    Field,
    HowMany,
    ListedIn,
    Share,
    Suggestion,
    Total,
    YearsApart,
)
from validator.rules.reads import found_search, joining_fields, meaning_facts, reads
from validator.rules.settings import SUPPRESSION_COLUMNS

LISTED = (
    "there_is: {diagnosis: {same: claim, "
    "listed_in: {table: icd10_excludes1, pair: [diagnosis.code, other.code]}}}"
)
YEARS = (
    "there_is_no: {claim: {same: patient, years_apart: "
    "{from: claim.from_date, to: other.from_date, at_least: 1, at_most: 2, direction: before}}}"
)
COUNT = "there_is: {line: {same: patient, equal: [line.procedure_code], how_many: {more_than: 3}}}"
TOTAL = "there_is: {line: {same: patient, total: {of: line.units, more_than: mue.value}}}"
SHARE = """
check_each: provider
provider: claim.billing_npi
peers: claim.billing_taxonomy
count_each: diagnosis
only_for: {claim.type: professional}
flag_when:
  share: {that: {icd10.says_unspecified: true}, at_least: 0.30, minimum: 50, times_peers: 1.5}
message: '{provider.id} {share.percent}'
"""
DAY_TOTAL = """
check_each: provider
provider: line.rendering_npi
count_each: line
flag_when:
  day_total: {of: visit_time.minutes, times: line.units, day: line.from_date, more_than: 960}
message: '{provider.id} {day} {day.total}'
"""


def search(written: str, grain: str) -> Exists:
    found = condition(written, grain)
    assert isinstance(found, Exists)
    return found


def test_the_pair_keeps_the_order_of_the_table() -> None:
    code, other = Field("diagnosis.code"), Field("diagnosis.code", other=True)
    assert search(LISTED, "diagnosis").listed_in == ListedIn("icd10_excludes1", code, other)
    turned = LISTED.replace("[diagnosis.code, other.code]", "[other.code, diagnosis.code]")
    assert search(turned, "diagnosis").listed_in == ListedIn("icd10_excludes1", other, code)
    line = "there_is: {line: {same: claim, listed_in: {table: coverage, pair: [other.procedure_code, diagnosis.code]}}}"
    pair = ListedIn("coverage", Field("line.procedure_code", other=True), code)
    assert search(line, "diagnosis").listed_in == pair


def test_years_counts_and_sums() -> None:
    start, end = Field("claim.from_date"), Field("claim.from_date", other=True)
    assert search(YEARS, "claim").years_apart == YearsApart(start, end, 1, 2, "before")
    assert search(COUNT, "line").how_many == HowMany("more_than", 3, "rows")
    days = COUNT.replace("more_than: 3", "equals: 0, of: days")
    assert search(days, "line").how_many == HowMany("equals", 0, "days")
    assert search(TOTAL, "line").total == Total(Field("line.units"), "more_than", Field("mue.value"))
    number = TOTAL.replace("more_than: mue.value", "at_least: 2.5")
    assert search(number, "line").total == Total(Field("line.units"), "at_least", Decimal("2.5"))


def test_facts_of_both_rows_may_be_equal() -> None:
    found = search("there_is: {diagnosis: {same: claim, equal: [icd10.side_family]}}", "diagnosis")
    assert found.equal == (Field("icd10.side_family"),)
    found = search("there_is: {line: {same: claim, equal: [mpfs.bilateral]}}", "line")
    assert found.equal == (Field("mpfs.bilateral"),)


def test_lists_and_blanks() -> None:
    written = (
        "there_is: {diagnosis: {same: claim, where: {other.position: {element_of: line.diagnosis_pointers}}}}"
    )
    where = search(written, "line").where
    place = Field("diagnosis.position", other=True)
    assert where == Compare(place, "element_of", Field("line.diagnosis_pointers"))
    blank = condition("claim.attending_npi: {left_blank: true}")
    assert blank == Compare(Field("claim.attending_npi"), "left_blank", True)


def test_a_share_and_a_day_total() -> None:
    share = rule_of(SHARE.lstrip())
    that = Compare(Field("icd10.says_unspecified"), "equals", True)
    assert share.flag_when == Share(that, Decimal("0.30"), 50, Decimal("1.5"))
    assert (share.check_each, share.count_each) == ("provider", "diagnosis")
    assert (share.provider, share.peers) == (Field("claim.billing_npi"), Field("claim.billing_taxonomy"))
    day = rule_of(DAY_TOTAL.lstrip())
    units, on = Field("line.units"), Field("line.from_date")
    assert day.flag_when == DayTotal(Field("visit_time.minutes"), units, on, Decimal(960))
    assert (day.provider, day.peers) == (Field("line.rendering_npi"), None)


def test_an_official_value_set_is_always_known_and_any_text_may_be_in_one() -> None:
    for name in ("line.procedure_code", "line.ndc", "line.rendering_npi", "claim.type_of_bill"):
        found = condition(f"{name}: {{not_in_set: hcpcs_level_2}}", "line")
        assert found == Compare(Field(name), "not_in_set", "hcpcs_level_2")


@pytest.mark.parametrize("kind", ["sided_siblings_of", "bilateral_of"])
def test_siblings_of_a_side_may_be_suggested(kind: str) -> None:
    rule = rule_of(
        "check_each: diagnosis\nflag_when: {diagnosis.code: I10}\nmessage: '{diagnosis.code}'\n"
        f"suggest: {{{kind}: diagnosis.code}}\n"
    )
    assert rule.suggest == Suggestion(kind=kind, of=Field("diagnosis.code"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "grain", "said"),
    [
        (
            LISTED,
            "diagnosis",
            "there is another diagnosis on the same claim, "
            "where the diagnosis code and its diagnosis code are a pair of icd10_excludes1",
        ),
        (
            YEARS,
            "claim",
            "there is no other claim of the same patient, "
            "with its first day 1 to 2 calendar years before that of the first day of the claim",
        ),
        (
            COUNT,
            "line",
            "there are more than 3 other lines of the same patient, with the same procedure code",
        ),
        (
            COUNT.replace("there_is", "there_is_no"),
            "line",
            "there are at most 3 other lines of the same patient, with the same procedure code",
        ),
        (
            COUNT.replace("more_than: 3", "equals: 3").replace("there_is", "there_is_no"),
            "line",
            "there are not exactly 3 other lines of the same patient, with the same procedure code",
        ),
        (
            COUNT.replace("more_than: 3", "at_least: 2, of: days"),
            "line",
            "on at least 2 days there is another line of the same patient, with the same procedure code",
        ),
        (
            "there_is: {line: {same: patient, how_many: {less_than: 9, of: claims}}}",
            "claim",
            "on fewer than 9 claims there is a line of the same patient",
        ),
        (
            TOTAL,
            "line",
            "the number of units comes to more than the medically unlikely edit of the procedure code "
            "together with that of every other line of the same patient",
        ),
        (
            TOTAL.replace("there_is", "there_is_no").replace("mue.value", "2.5"),
            "line",
            "the number of units does not come to more than 2.5 "
            "together with that of every other line of the same patient",
        ),
        (
            "line.number: {element_of: line.diagnosis_pointers}",
            "line",
            "the line number is one of the diagnosis pointers of the line",
        ),
        ("claim.attending_npi: {left_blank: true}", "claim", "the attending NPI of the claim is left blank"),
        (
            "none: [{claim.attending_npi: {left_blank: true}}]",
            "claim",
            "the attending NPI of the claim is filled in",
        ),
        (
            "claim.condition_codes: {left_blank: true}",
            "claim",
            "the condition codes of the claim are left blank",
        ),
        (
            "claim.denied: {left_blank: false}",
            "claim",
            "it is filled in whether the payer denied the claim",
        ),
        (
            "there_is: {procedure: {same: claim, where: {other.icd10pcs.cesarean: true}}}",
            "claim",
            "there is a procedure on the same claim, for which it is a cesarean delivery",
        ),
    ],
)
def test_a_condition_in_words(written: str, grain: str, said: str) -> None:
    assert clause(condition(written, grain), grain) == said


def test_rules_about_providers_in_words() -> None:
    assert explain(rule_of(SHARE.lstrip())).text() == (
        "Each provider is judged by its own diagnoses: the billing NPI of the claim names it. "
        "Its peers have the same billing taxonomy of the claim.\n"
        "Counted is each diagnosis for which the claim type is professional.\n"
        "Only codes in force on their coding date are counted, because the rule reads what a code means "
        "(icd10.says_unspecified).\n"
        "It is flagged when of 50 or more diagnoses counted at least 30 % by the lower limit of the 95 % "
        "interval and at least 1.5 times the share among its peers are such that the code is unspecified "
        "although more specific codes stand beside it.\n"
        "Severity: deny."
    )
    assert explain(rule_of(DAY_TOTAL.lstrip())).text() == (
        "Each provider is judged by its own lines: the rendering NPI of the line names it.\n"
        "Each line is counted.\n"
        "It is flagged when the typical minutes of the procedure code times the number of units, added up "
        "over the lines counted with one and the same first day of the line, is more than 960.\n"
        "Severity: deny."
    )


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (LISTED, "icd10_excludes1", "icd10_excludes2"),
        (LISTED, "[diagnosis.code, other.code]", "[other.code, diagnosis.code]"),
        (YEARS, "at_least: 1", "at_least: 0"),
        (YEARS, "at_most: 2", "at_most: 3"),
        (YEARS, "before", "after"),
        (YEARS, "other.from_date", "other.through_date"),
        (COUNT, "more_than: 3", "more_than: 4"),
        (COUNT, "more_than: 3", "at_least: 3"),
        (COUNT, "more_than: 3", "more_than: 3, of: claims"),
        (TOTAL, "of: line.units", "of: line.charge"),
        (TOTAL, "mue.value", "3"),
        (TOTAL, "more_than", "at_least"),
        (SHARE, "0.30", "0.31"),
        (SHARE, "50", "51"),
        (SHARE, ", times_peers: 1.5", ""),
        (SHARE, "unspecified: true", "unspecified: false"),
        (SHARE, "peers: claim.billing_taxonomy\n", ""),
        (SHARE, "provider: claim.billing_npi", "provider: claim.biller_id"),
        (DAY_TOTAL, "960", "961"),
        (DAY_TOTAL, ", times: line.units", ""),
        (DAY_TOTAL, "from_date", "through_date"),
    ],
)
def test_every_part_of_a_word_counts_in_the_hash(rule: str, before: str, after: str) -> None:
    def logic(text: str) -> str:
        if text.lstrip().startswith("check_each"):
            return rule_of(text.lstrip()).logic_hash
        grain = {LISTED: "diagnosis", YEARS: "claim"}.get(rule, "line")
        subject = {"claim": "A sample", "line": "'{line.number}'", "diagnosis": "'{diagnosis.code}'"}[grain]
        return rule_of(f"check_each: {grain}\nflag_when: {{{text}}}\nmessage: {subject}\n").logic_hash

    assert before in rule
    assert logic(rule) != logic(rule.replace(before, after))


def test_what_is_counted_counts_in_the_hash() -> None:
    claims = (
        "check_each: provider\nprovider: claim.billing_npi\ncount_each: claim\nmessage: '{provider.id}'\n"
    )
    claims += "flag_when: {share: {that: {claim.type: dental}, at_least: 0.3, minimum: 50}}\n"
    lines = claims.replace("count_each: claim", "count_each: line")
    assert rule_of(claims).logic_hash != rule_of(lines).logic_hash


def test_a_number_is_the_same_however_it_is_written() -> None:
    assert rule_of(SHARE.lstrip()).logic_hash == rule_of(SHARE.lstrip().replace("0.30", "0.3")).logic_hash


def test_what_the_words_read() -> None:
    def of(written: str, grain: str, subject: str) -> tuple[tuple[str, ...], ...]:
        rule = rule_of(f"check_each: {grain}\nflag_when: {{{written}}}\nmessage: {subject}\n")
        found = reads(rule)
        return found.pair_tables, found.keyed_tables, found.unknown_possible

    pairs, keyed, unknown = of(LISTED, "diagnosis", "'{diagnosis.code}'")
    assert (pairs, keyed) == (("icd10_excludes1",), ())
    assert unknown == ("diagnosis.coding_date",)
    pairs, keyed, unknown = of(TOTAL, "line", "'{line.number}'")
    assert (pairs, keyed) == ((), ("mue",))
    assert {"line.units", "mue.value", "mue", "line.from_date"} <= set(unknown)
    assert of(YEARS, "claim", "A sample")[2] == ("patient.id", "claim.from_date")
    assert of("claim.billing_npi: {in_set: leie_npis}", "claim", "A sample")[2][-1] == "leie_npis"
    assert of("claim.drg: {left_blank: true}", "claim", "A sample")[2] == ("claim.drg",)
    assert of("claim.drg: {present: false}", "claim", "A sample")[2] == ()


def test_what_a_rule_about_providers_reads() -> None:
    found = reads(rule_of(SHARE.lstrip()))
    assert found.tables == ("diagnosis",)
    assert {"claim.billing_npi", "claim.billing_taxonomy", "icd10.status"} <= set(found.own)
    assert found.unknown_possible == ()
    found = reads(rule_of(DAY_TOTAL.lstrip()))
    assert {"visit_time.minutes", "line.units", "line.from_date", "line.rendering_npi"} <= set(found.own)
    assert found.official == {"visit_time": "a list of timed procedure codes (columns code, minutes)"}
    assert found.unknown_possible == ("visit_time",)


@pytest.mark.parametrize(
    ("written", "grain", "facts"),
    [
        ("icd10.side: left", "diagnosis", ("icd10.side",)),
        ("icd10.in_tabular: true", "diagnosis", ()),
        ("icd10.status: header", "diagnosis", ()),
        ("mpfs.bilateral: '1'", "line", ()),
        (
            "there_is: {diagnosis: {same: claim, equal: [icd10.side_family]}}",
            "diagnosis",
            ("icd10.side_family",),
        ),
        ("there_is: {diagnosis: {same: claim, where: {other.icd10.side: left}}}", "diagnosis", ()),
    ],
)
def test_only_what_a_code_means_asks_for_a_code_in_force(
    written: str, grain: str, facts: tuple[str, ...]
) -> None:
    subject = {"line": "'{line.number}'", "diagnosis": "'{diagnosis.code}'"}[grain]
    rule = rule_of(f"check_each: {grain}\nflag_when: {{{written}}}\nmessage: {subject}\n")
    assert meaning_facts(rule) == facts


def test_the_row_that_a_message_shows_is_that_of_the_first_search_that_finds_one() -> None:
    def first(*searches: str) -> str | None:
        parts: tuple[Condition, ...] = tuple(condition(text, "diagnosis") for text in searches)
        found = found_search(All(parts))
        return found.table if found else None

    line, claim = "there_is: {line: {same: claim}}", "there_is: {claim: {same: patient}}"
    assert first(line, claim) == "line"
    assert first(line.replace("there_is", "there_is_no"), claim) == "claim"
    assert first(f"none: [{{{line}}}]", claim) == "claim"
    assert first(f"none: [{{{line}}}]") is None


def test_the_searches_name_every_field_they_hold_rows_together_by() -> None:
    names = {str(field) for field in joining_fields(search(TOTAL, "line"))}
    assert names == {"patient.id", "other.patient.id", "line.units", "other.line.units", "mue.value"}
    names = {str(field) for field in joining_fields(search(LISTED, "diagnosis"))}
    assert names == {"diagnosis.code", "other.diagnosis.code"}


def test_whatever_a_suppression_may_be_tied_to_can_be_found_on_findings() -> None:
    assert dict(SUPPRESSION_COLUMNS) == WHERE_COLUMNS
