"""The pages of the rules are in step with the rule files, and show what a reader needs."""

from pathlib import Path

from tests.unit.rules.rule_files import rule_of
from validator.rules.folder import RuleFolder, read_rule_folder
from validator.rules.names import NAMES
from validator.rules.pages import flow, index_page, names_page, rule_page, rule_pages
from validator.shipped import rules_folder

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
    pages = rule_pages(shipped())
    stale = [
        n for n, t in pages.items() if not (f := ROOT / "docs" / n).is_file() or f.read_text("utf-8") != t
    ]
    assert stale == [], "run `validator rules docs`"
    there = {f"rules/{page.name}" for page in (ROOT / "docs" / "rules").glob("*.md")}
    assert there <= set(pages), "a page of a rule that does not exist; run `validator rules docs`"


def test_a_page_shows_the_whole_rule() -> None:
    assert rule_page(rule_of(RULE.lstrip())) == PAGE


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
