"""The benchmark's batch: the same for the same seed, realistic in what the measures depend on."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from benchmarks.claims import Mix
from benchmarks.generate import PIECE, generate
from validator.claims.batch import open_batch
from validator.engine.evaluate import Settings, evaluate
from validator.reference.lookup import Reference
from validator.rules.model import RuleSet

CLAIMS = 3_000
BATCH_DATE = date(2026, 11, 1)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """One small batch, read back."""
    path = tmp_path_factory.mktemp("batch") / "claims.parquet"
    generate(path, claims=CLAIMS, seed=7)
    return pl.read_parquet(path)


def _cells(lines: pl.DataFrame) -> pl.Series:
    claims = lines.unique("claim_id", maintain_order=True)
    return pl.concat(
        [claims[name].alias("code") for name in claims.columns if name.startswith("diagnosis_")][:12]
    ).drop_nulls()


def test_the_same_seed_is_the_same_batch(lines: pl.DataFrame, tmp_path: Path) -> None:
    generate(tmp_path / "again.parquet", claims=CLAIMS, seed=7)
    generate(tmp_path / "other.parquet", claims=CLAIMS, seed=8)
    assert pl.read_parquet(tmp_path / "again.parquet").equals(lines)
    assert not pl.read_parquet(tmp_path / "other.parquet")["diagnosis_1"].equals(lines["diagnosis_1"])


def test_csv_holds_what_parquet_holds(lines: pl.DataFrame, tmp_path: Path) -> None:
    generate(tmp_path / "claims.csv", claims=CLAIMS, seed=7)
    text = pl.read_csv(tmp_path / "claims.csv", infer_schema=False)
    assert text.columns == lines.columns
    assert text["diagnosis_1"].equals(lines["diagnosis_1"])
    assert text["total_charge"].equals(lines["total_charge"].cast(pl.String), null_equal=True)


def test_no_patient_is_in_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.generate.PIECE", 500)
    generate(tmp_path / "pieces.parquet", claims=1_500, seed=7)
    claims = pl.read_parquet(tmp_path / "pieces.parquet").unique("claim_id")
    piece = (pl.col("claim_id").str.slice(1).cast(pl.Int64) - 10_000_000) // 500
    assert claims.group_by("patient_id").agg(piece.n_unique().alias("pieces"))["pieces"].max() == 1
    assert PIECE > 500


def test_a_claim_has_about_five_diagnoses_and_three_lines(lines: pl.DataFrame) -> None:
    assert lines["claim_id"].n_unique() == CLAIMS
    assert 2.8 < lines.height / CLAIMS < 3.2
    assert 4.7 < _cells(lines).len() / CLAIMS < 5.3


def test_few_codes_are_very_common_and_many_are_rare(lines: pl.DataFrame) -> None:
    counts = _cells(lines).value_counts(sort=True)["count"]
    assert counts.head(10).sum() > 0.1 * counts.sum()
    assert counts.len() > 2_000


def test_most_claims_are_right(
    lines: pl.DataFrame, tmp_path: Path, reference: Reference, rule_set: RuleSet
) -> None:
    """As in real exports; few are flagged by chance where no mistake was put in."""
    shares = []
    careful = Mix(wrong_codes=0.0, other_mistakes=0.0, careless=0.0)
    lines.write_parquet(tmp_path / "mixed.parquet")
    generate(tmp_path / "careful.parquet", claims=CLAIMS, seed=7, mix=careful)
    for name in ("mixed", "careful"):
        with open_batch([str(tmp_path / f"{name}.parquet")]) as batch:
            (partition,) = batch.partitions()
        found = evaluate(partition, rule_set, reference, Settings(BATCH_DATE)).findings
        above_advice = found.filter(pl.col("severity") != "advise")["claim_key"].drop_nulls()
        shares.append(above_advice.n_unique() / CLAIMS)
    assert 0.02 < shares[0] < 0.08
    assert shares[1] < 0.01


def test_the_share_of_wrong_codes_is_what_was_asked_for(lines: pl.DataFrame, tmp_path: Path) -> None:
    none_wrong = Mix(wrong_codes=0.0, other_mistakes=0.0)
    generate(tmp_path / "clean.parquet", claims=CLAIMS, seed=7, mix=none_wrong)
    clean, mixed = _cells(pl.read_parquet(tmp_path / "clean.parquet")), _cells(lines)
    assert clean.len() == mixed.len()
    assert 0.003 < (clean != mixed).mean() < 0.008


def test_provider_numbers_pass_the_check_digit_but_for_a_few(lines: pl.DataFrame) -> None:
    digits = [pl.col("rendering_npi").str.slice(n, 1).cast(pl.Int64) for n in range(10)]
    doubled = [digit * 2 // 10 + digit * 2 % 10 for digit in digits[0:10:2]]
    good = lines.drop_nulls("rendering_npi").select(
        (pl.sum_horizontal(*doubled, *digits[1::2]) + 24) % 10 == 0
    )
    assert good.to_series().all()
