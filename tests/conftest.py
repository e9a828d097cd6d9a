"""What many tests need: the built reference, the shipped rules, the real files where they are at hand."""

import os
from pathlib import Path

import pytest

from validator.reference.lookup import Reference, open_reference
from validator.rules.folder import read_rule_set
from validator.rules.model import RuleSet
from validator.shipped import rules_folder

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def reference() -> Reference:
    """The reference of the checkout, built if it is missing."""
    return open_reference()


@pytest.fixture(scope="session")
def rule_set(reference: Reference) -> RuleSet:
    """The shipped rules in the default profile."""
    return read_rule_set(rules_folder(), profile="default", value_sets=reference.value_sets)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real claim and reference files; a test that asks for it is skipped without it."""
    folder = Path(os.environ.get("VALIDATOR_REAL_DATA", CHECKOUT.parent / "shared"))
    if not (folder / "claims").is_dir():
        pytest.skip("the real files are not here (VALIDATOR_REAL_DATA)")
    return folder
