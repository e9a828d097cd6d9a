"""The hash of a rule's logic moves with what decides, and with nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.spec.problem_cases import RISK
from tests.unit.rules.rule_files import rule_of, write_folder
from validator.rules.folder import read_rule_set

CONDITION = """
check_each: diagnosis
only_for: {claim.type: [dental, pharmacy]}
flag_when:
  any:
    - diagnosis.role: principal
      patient.age: {less_than: 18}
    - there_is: {diagnosis: {same: [claim, patient], where: {other.code: I10, other.role: principal}}}
    - claim.total_charge: {more_than: 1.50}
message: '{diagnosis.code}'
"""
SAME_LOGIC = """
message: 'Other words about {diagnosis.code}'
why: Another reason.
title: Another title
tags: [a]
check_each: diagnosis
only_for: {claim.type: [pharmacy, dental]}
flag_when:
  any:
    - {claim.total_charge: {more_than: 1.5}}
    - there_is:
        diagnosis: {where: {all: [{other.role: principal}, {other.code: I10}]}, same: [patient, claim]}

    - all:
        - patient.age: {less_than: 18}
        - diagnosis.role: principal
"""
DAYS_APART = (
    "{there_is: {claim: {same: patient, "
    "days_apart: {from: claim.from_date, to: other.from_date, at_most: 3}}}}"
)
FIXED = "ea6b0b29e56b1c91"


def logic(fragment: str) -> str:
    return rule_of(fragment.lstrip()).logic_hash


def test_wording_order_and_place_do_not_count() -> None:
    assert logic(CONDITION) == logic(SAME_LOGIC)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("less_than: 18", "at_most: 18"),
        ("less_than: 18", "less_than: 19"),
        ("role: principal\n", "role: admitting\n"),
        ("any:", "none:"),
        ("any:", "all:"),
        ("there_is:", "there_is_no:"),
        ("[claim, patient]", "[patient]"),
        ("other.code: I10", "other.code: I11"),
        ("1.50", "1.51"),
        ("[dental, pharmacy]", "[dental]"),
        ("message:", "severity: reject\nmessage:"),
        ("message:", "confidence: likely\nmessage:"),
        ("message:", "in_force: {from: 2020-01-01}\nmessage:"),
        ("message:", "in_force: {until: 2020-01-01}\nmessage:"),
        ("message:", "needs: [icd10.sex]\nmessage:"),
        ("message:", "severity: [{when: {claim.type: dental}, is: deny}, {is: deny}]\nmessage:"),
        ("{other.code: I10, other.role: principal}", "{any: [{other.code: I10}, {other.role: principal}]}"),
        ("same: [claim, patient]", "same: [claim, patient], reported: earlier"),
        ("same: [claim, patient]", "same: [claim, patient], equal: [diagnosis.code]"),
        ("same: [claim, patient]", "same: [claim, patient], same_year: claim.from_date"),
    ],
)
def test_what_decides_counts(before: str, after: str) -> None:
    assert before in CONDITION
    assert logic(CONDITION) != logic(CONDITION.replace(before, after))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Alike to look at, and different in meaning: the hash must tell them apart.
        ("{claim.plan_id: 'true'}", "{claim.denied: true}"),
        (
            "{claim.from_date: {before: claim.through_date}}",
            "{claim.through_date: {before: claim.from_date}}",
        ),
        ("{claim.payer_id: claim}", "{claim.payer_id: {same_as: claim.plan_id}}"),
        ("{claim.drg: {starts_with: ['1', '2']}}", "{claim.drg: ['1', '2']}"),
        ("{none: [{claim.drg: '1'}, {claim.drg: '2'}]}", "{none: [{claim.drg: '1', claim.plan_id: '2'}]}"),
        (
            DAYS_APART,
            DAYS_APART.replace("at_most: 3", "at_most: 4"),
        ),
    ],
)
def test_conditions_that_look_alike(one: str, other: str) -> None:
    assert logic(f"flag_when: {one}\n") != logic(f"flag_when: {other}\n")


def test_the_hash_is_the_same_on_every_machine_and_under_every_hash_seed() -> None:
    """A lock is committed: what it holds must not depend on the process that wrote it."""
    program = "from tests.unit.rules.test_logic import logic, CONDITION; print(logic(CONDITION))"
    root = Path(__file__).resolve().parents[3]
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {FIXED}


def test_the_hash_of_the_set_counts_everything_that_decides_or_is_printed(tmp_path: Path) -> None:
    def set_hash(number: int, files: dict[str, str]) -> str:
        return read_rule_set(write_folder(tmp_path / str(number), files)).set_hash

    sample = (write_folder(tmp_path / "x") / "claim" / "ZZ001-sample.yaml").read_text(encoding="utf-8")
    changes: list[dict[str, str]] = [
        {},
        {"claim/ZZ001-sample.yaml": sample.replace("message: A sample", "message: Another sample")},
        {"claim/ZZ001-sample.yaml": sample.replace("dental\n", "pharmacy\n")},
        {"profiles/default.yaml": "severity: [{rule: ZZ001, is: audit}]\n"},
        {"risk.yaml": RISK.replace("0.9", "0.8")},
        {"suppressions.yaml": "- {rule: ZZ001, where: {claim.id: A}, reason: a, by: b, until: 2027-01-01}\n"},
    ]
    hashes = [set_hash(number, files) for number, files in enumerate(changes)]
    assert len(set(hashes)) == len(changes)
    same = sample.replace("- {says: the clean claim", "- {says: a clean claim").replace(
        "why: To", "why:   To"
    )
    assert set_hash(99, {"claim/ZZ001-sample.yaml": f"# moved\n{same}"}) == hashes[0]
