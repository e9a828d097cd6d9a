"""The examples of the rules are run before a night, and not again while nothing that decides has moved."""

from dataclasses import replace
from pathlib import Path

import pytest

from validator.errors import ExampleError
from validator.proof import prove_examples


def test_what_was_proven_is_not_proven_again(rule_set, reference, tmp_path: Path) -> None:
    assert prove_examples(rule_set, reference, folder=tmp_path)
    assert not prove_examples(rule_set, reference, folder=tmp_path)


def test_an_example_that_changed_is_proven_anew(rule_set, reference, tmp_path: Path) -> None:
    prove_examples(rule_set, reference, folder=tmp_path)
    first, *others = rule_set.rules
    turned = replace(first.examples[0], expect="out_of_scope")
    changed = replace(rule_set, rules=(replace(first, examples=(turned, *first.examples[1:])), *others))
    with pytest.raises(ExampleError, match=first.rule_id):
        prove_examples(changed, reference, folder=tmp_path)


def test_a_folder_that_cannot_be_written_keeps_no_proof_and_stops_nothing(
    rule_set, reference, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere"
    assert prove_examples(rule_set, reference, folder=missing)
    assert prove_examples(rule_set, reference, folder=missing)
