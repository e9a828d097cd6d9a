"""Damaged files become claims, rejections or an error for the user: a few of each kind in every run."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.claims.fuzz import SECRET, STEPS, read_claims, seeds

SEEDS = seeds()


@pytest.mark.parametrize(
    ("kind", "times"), [("text", 60), ("layout", 60), ("workbook", 8), ("x12", 60), ("fhir", 60)]
)
def test_no_damage_to_a_file_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, kind: str, times: int
) -> None:
    folder = tmp_path_factory.mktemp(kind)
    damage, reading = STEPS[kind]

    @settings(max_examples=times, deadline=None)
    @given(st.sampled_from(SEEDS[kind]), st.integers(0, 2**32))
    def check(content: bytes, seed: int) -> None:
        assert reading(damage(content, random.Random(seed)), folder) in ("read", "refused")

    check()


@pytest.mark.parametrize("kind", STEPS)
def test_the_seeds_are_good_files(tmp_path: Path, kind: str) -> None:
    _, reading = STEPS[kind]
    ended = [reading(content, tmp_path) for content in SEEDS[kind]]
    assert ended.count("read") >= len(ended) - 2


def test_a_cell_in_an_error_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from validator.claims import text

    monkeypatch.setattr(text, "WRONG_COUNT", f"wrong row: {SECRET}")
    with pytest.raises(AssertionError, match="stands in a note"):
        read_claims(b"claim_id,dx\nC1,I10\nC2,I10,x\n", tmp_path)
