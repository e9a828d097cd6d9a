"""House rules for rules that can be read; the messages themselves stand in docs/errors-rules.md."""

from pathlib import Path

import pytest

from tests.spec.problem_cases import changed_sample
from tests.unit.rules.rule_files import write_folder
from validator.rules.checks import check_folder
from validator.rules.folder import read_rule_folder
from validator.rules.lock import write_lock
from validator.rules.problems import RuleProblemsError


def codes(path: Path, fragment: str, *, files: dict[str, str] | None = None) -> list[str]:
    """The codes that check reports for the sample rule changed, with the lock in step."""
    write_folder(path, {"claim/ZZ001-sample.yaml": changed_sample(fragment), **(files or {})})
    write_lock(read_rule_folder(path))
    try:
        check_folder(path)
    except RuleProblemsError as error:
        return [problem.code for problem in error.problems]
    return []


BOTH = "examples:\n  - {says: one, given: {}, expect: flagged}\n  - {says: two, given: {}, expect: clear}\n"
UNKNOWN = BOTH + "  - {says: three, given: {}, expect: not_evaluated}\n"


@pytest.mark.parametrize(
    ("condition", "grain", "needed"),
    [
        ("{claim.type: dental}", "claim", False),
        ("{claim.type_of_bill: '111'}", "claim", False),
        ("{claim.payer_id: P100}", "claim", True),
        ("{claim.payer_id: {present: true}}", "claim", False),
        ("{claim.from_date: {after: batch.date}}", "claim", True),
        ("{icd10.status: header}", "diagnosis", True),
        ("{icd10.well_formed: false}", "diagnosis", False),
        ("{icd10.sex: {present: true}}", "diagnosis", True),
        ("{there_is: {line: {same: claim, where: {other.units: 1}}}}", "claim", True),
        ("{there_is: {line: {same: claim, where: {other.place_of_service: '11'}}}}", "claim", False),
        ("{there_is: {claim: {same: patient}}}", "claim", True),
    ],
)
def test_an_example_without_an_answer_is_needed_where_a_blank_is_unknown(
    condition: str, grain: str, needed: bool, tmp_path: Path
) -> None:
    message = "'{diagnosis.code}'" if grain == "diagnosis" else "A sample"
    fragment = f"check_each: {grain}\nflag_when: {condition}\nmessage: {message}\n"
    assert codes(tmp_path, fragment + BOTH) == (["R103"] if needed else [])
    assert codes(tmp_path, fragment + UNKNOWN) == []


def test_a_rule_in_force_from_a_date_needs_one_too(tmp_path: Path) -> None:
    assert codes(tmp_path, "in_force: {from: 2015-10-01}\n" + BOTH) == ["R103"]


def test_drafts_and_retired_rules_need_no_proof(tmp_path: Path) -> None:
    assert codes(tmp_path, "status: retired\nexamples: []\n") == []
    assert codes(tmp_path / "b", "status: draft\nexamples: []\n") == ["R204"]  # nothing is locked yet


def test_a_shadow_rule_needs_proof(tmp_path: Path) -> None:
    assert codes(tmp_path, "status: shadow\nexamples: []\n") == ["R102", "R102"]


def test_a_control_has_clear_examples_only(tmp_path: Path) -> None:
    clear = "control: true\nexamples:\n  - {says: one, given: {}, expect: clear}\n"
    assert codes(tmp_path, clear) == []


def test_two_rules_that_hold_at_different_times_may_ask_the_same(tmp_path: Path) -> None:
    second = changed_sample("rule: ZZ002\nin_force: {from: 2020-01-01}\n" + UNKNOWN)
    files = {"claim/ZZ002.yaml": second}
    first = "in_force: {until: 2019-12-31}\n" + UNKNOWN
    assert codes(tmp_path, first, files=files) == []


def test_every_profile_is_read(tmp_path: Path) -> None:
    files = {"profiles/other.yaml": "except: [ZZ009]\n"}
    assert codes(tmp_path, "", files=files) == ["R030"]


def test_the_word_version_of_a_message_about_a_code_may_be_as_sent(tmp_path: Path) -> None:
    fragment = "check_each: diagnosis\nflag_when: {diagnosis.role: principal}\n" + BOTH
    assert codes(tmp_path, fragment + "message: '{diagnosis.code_as_sent}'\n") == []
    assert codes(tmp_path, fragment + "message: '{diagnosis.role}'\n") == ["R104"]
