"""The pages of the rules are in step with the rule files, and show what a reader needs."""

from pathlib import Path

import pytest

from tests.unit.rules.rule_files import rule_of
from validator.reference.list_notes import list_notes
from validator.rules.files_needed import files_needed, flags_without
from validator.rules.folder import RuleFolder, read_rule_folder
from validator.rules.names import NAMES
from validator.rules.pages import flow, index_page, names_page, rule_page, rule_pages
from validator.shipped import reference_folder, rules_folder

ROOT = Path(__file__).resolve().parents[3]
RULE = """
check_each: diagnosis
flag_when: {icd10.status: header, diagnosis.code: {in_set: acute_stroke}}
severity: [{when: {claim.type: institutional}, is: reject}, {is: deny}]
denial_codes: {carc: [16], rarc: [{when: {diagnosis.role: principal}, is: MA63}, {is: M76}]}
false_alarms: [A payer with a list of its own]
message: '{diagnosis.code} | {icd10.title}'
suggest: {billable_children_of: diagnosis.code}
examples:
  - {says: a header, given: {diagnosis: {code: M53.2}, claim: {from_date: ~}}, expect: not_evaluated}
"""
PAGE = """\
# ZZ001 A sample

**active** · checks each diagnosis · confidence certain · version 1

To show a message.

## Who is judged

Each diagnosis is judged.

## What is flagged

It is flagged when the status of the code is header (billable codes stand below it) and the diagnosis code \
is in the value set acute_stroke.

Severity: reject when the claim type is institutional; deny otherwise.

## What a finding says

> {diagnosis.code} \\| {icd10.title}

Suggested codes: billable children of `diagnosis.code`, valid on the coding date.

## What a payer may answer

Claim adjustment reason code 16. Remark code MA63 when the role of the diagnosis is principal. \
Remark code M76 otherwise.

## Examples

Each starts from one clean professional claim and changes what is given.

| | given | outcome |
|---|---|---|
| a header | `{diagnosis: {code: M53.2}, claim: {from_date: ~}}` | not evaluated |

## False alarms

Ways an honest claim can look like this:

- A payer with a list of its own

## Lists it uses

- `acute_stroke`: Source: A manual, 2026. Stands in for a printed list.

## Sources

- The rule language (read 2026-02-10)

## What it reads

- columns: `diagnosis.code`, `diagnosis.coding_date`
- reference facts: `icd10.status`
- value sets: `acute_stroke`
- tables: `diagnosis`
- not evaluated where one of these is not recorded and would decide: `icd10.status`, `diagnosis.coding_date`
"""


def shipped() -> RuleFolder:
    return read_rule_folder(rules_folder(), value_sets=None)


def test_the_committed_pages_are_what_the_rules_say_now() -> None:
    pages = rule_pages(shipped(), list_notes(reference_folder()))
    stale = [
        n for n, t in pages.items() if not (f := ROOT / "docs" / n).is_file() or f.read_text("utf-8") != t
    ]
    assert stale == [], "run `validator rules docs`"
    there = {f"rules/{page.name}" for page in (ROOT / "docs" / "rules").glob("*.md")}
    assert there <= set(pages), "a page of a rule that does not exist; run `validator rules docs`"


def test_a_page_shows_the_whole_rule() -> None:
    notes = {"acute_stroke": ("A manual, 2026", "Stands in for a printed list.")}
    assert rule_page(rule_of(RULE.lstrip()), notes=notes) == PAGE


LINES = """
check_each: line
message: '{line.number}'
flag_when: {FLAG}
"""


@pytest.mark.parametrize(
    ("condition", "flags"),
    [
        ("{mue.value: {less_than: line.units}}", False),
        ("{any: [{mue.value: 3}, {line.units: 3}]}", True),
        ("{all: [{mue.value: 3}, {line.units: 3}]}", False),
        ("{none: [{mue.value: 3}, {line.units: 3}]}", False),
        ("{none: [{all: [{mue.value: 3}, {line.units: 3}]}]}", True),
        ("{line.procedure_code: {not_in_set: cpt}}", False),
        ("{line.procedure_code: {in_set: acute_stroke}}", True),
        ("{there_is: {line: {same: claim, where: {other.mpfs.status: A}}}}", False),
        ("{there_is_no: {line: {same: claim, where: {other.mpfs.status: A}}}}", True),
        ("{there_is: {line: {same: claim, equal: [mpfs.status]}}}", False),
        ("{there_is: {line: {same: claim, total: {of: line.units, more_than: mue.value}}}}", False),
        ("{there_is_no: {line: {same: claim, how_many: {more_than: 3}}}}", True),
        (
            "{there_is_no: {diagnosis: {same: claim, listed_in: "
            "{table: coverage, pair: [line.procedure_code, other.code]}}}}",
            True,
        ),
        (
            "{there_is: {line: {same: claim, listed_in: "
            "{table: ncci_ptp_never, pair: [other.procedure_code, line.procedure_code]}}}}",
            False,
        ),
    ],
)
def test_what_a_rule_can_flag_without_its_file(condition: str, flags: bool) -> None:
    assert flags_without(rule_of(LINES.replace("{FLAG}", condition))) is flags


def test_a_scope_that_needs_a_file_leaves_nothing_to_flag() -> None:
    rule = rule_of("only_for: {claim.billing_npi: {in_set: leie_npis}}\n")
    assert not flags_without(rule)
    assert files_needed(rule) == ("the OIG List of Excluded Individuals/Entities (LEIE)",)


def test_a_page_names_the_file_that_the_rule_needs() -> None:
    page = rule_page(rule_of(LINES.replace("{FLAG}", "{mue.value: {less_than: line.units}}")))
    assert (
        "## Official files it needs\n\n"
        "- `mue`: the NCCI medically unlikely edits table (practitioner, outpatient hospital or DME)\n\n"
        "Without this file the rule never flags: what it cannot clear is not evaluated."
    ) in page


def test_rules_that_need_a_file_and_rules_that_are_off_have_tables_of_their_own() -> None:
    plain, off = rule_of("rule: ZZ001\n"), rule_of("rule: ZZ002\n")
    needy = rule_of("rule: ZZ003\n" + LINES.lstrip().replace("{FLAG}", "{mue.value: 3}"))
    page = index_page([plain, off, needy], left_out={"ZZ002"})
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert [heading.split(":")[0].split(",")[0] for heading in headings] == [
        "## Active",
        "## Active",
        "## Off by default",
    ]
    assert page.index("[ZZ001]") < page.index("[ZZ003]") < page.index("[ZZ002]")
    assert "| claim | deny | certain | 2 |" in page
    assert "medically unlikely edits table (practitioner, outpatient hospital or DME) | never flags" in page


def test_an_outline_becomes_a_list() -> None:
    rule = rule_of(
        "flag_when: {any: [{claim.type: dental, claim.days: 1}, {claim.drg: '1', claim.days: 2}]}\n"
    )
    assert (
        "It is flagged when one of these holds:\n\n"
        "- the claim type is dental and the number of days of the stay is 1\n"
        "- the DRG of the claim is 1 and the number of days of the stay is 2\n\nSeverity: deny."
    ) in rule_page(rule)


def test_rules_are_listed_by_status() -> None:
    rules = [
        rule_of(f"rule: ZZ00{n}\nstatus: {s}\n") for n, s in enumerate(("retired", "draft", "active"), 1)
    ]
    page = index_page(rules)
    assert page.index("[ZZ003](ZZ003.md)") < page.index("[ZZ002](ZZ002.md)") < page.index("[ZZ001](ZZ001.md)")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## Active: they run and their findings count",
        "## Draft: they do not run",
        "## Retired: they do not run any more, and their ids are never used again",
    ]


def test_every_name_has_its_line() -> None:
    page = names_page()
    assert [name for name in NAMES if f"\n| `{name}` | " not in page] == []


def test_given_on_one_line() -> None:
    assert flow({"claims": [{"claim": {"id": "A"}}, {}], "batch": {"date": ""}}) == (
        "{claims: [{claim: {id: A}}, {}], batch: {date: ~}}"
    )
