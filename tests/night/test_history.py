"""A night that looks back: on files, and on the claims that the night before kept."""

import json
import stat
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.unit.claims.claim_files import as_bytes, one_line
from validator.cli import app

DAY = "2026-11-23"


def run(out: Path, *arguments: str) -> tuple[Path, dict[str, Any], str]:
    """The run folder, its run.json, and what was printed."""
    command = ["run", *arguments, "--out", str(out), "--fail-on", "never"]
    answer = CliRunner().invoke(
        app, command if "--batch-date" in arguments else [*command, "--batch-date", DAY]
    )
    assert answer.exit_code == 0, answer.output
    folder = (out / "latest").resolve()
    return folder, json.loads((folder / "run.json").read_text()), answer.output


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Last night's claims and tonight's, one of them the same."""
    nights = {
        "last.csv": [one_line(), one_line(claim_id="C2", from_date="2025-03-01", through_date="2025-03-01")],
        "tonight.csv": [one_line(), one_line(claim_id="C3", diagnosis_1="M54.5")],
    }
    for name, rows in nights.items():
        (tmp_path / name).write_bytes(as_bytes(rows, "csv"))
    return str(tmp_path / "last.csv"), str(tmp_path / "tonight.csv")


def test_totals_are_those_of_tonight_and_the_history_is_told_apart(
    files: tuple[str, str], tmp_path: Path
) -> None:
    last, tonight = files
    alone, told_alone, _ = run(tmp_path / "alone", tonight)
    both, told, printed = run(tmp_path / "both", tonight, "--history", last)
    assert [(each["path"], each["role"], each["claims"]) for each in told["inputs"]] == [
        ("tonight.csv", "claims", 2),
        ("last.csv", "history", 1),
    ]
    for key in ("claims", "judged", "findings", "charged"):
        assert told["totals"][key] == told_alone["totals"][key]
    assert told["totals"]["claims"] == 2
    assert told["run_hash"] != told_alone["run_hash"]
    assert "2 claims from 1 file, 0 rows rejected" in printed
    assert "1 earlier claims were looked at and not judged" in printed
    findings = [pl.read_parquet(folder / "findings.parquet") for folder in (alone, both)]
    assert findings[0].drop("finding_id").equals(findings[1].drop("finding_id"))
    assert "Earlier claims: looked at, not judged" in (both / "report.html").read_text()


def test_how_far_the_claims_reach_is_recorded_and_can_be_said(files: tuple[str, str], tmp_path: Path) -> None:
    last, tonight = files
    _, told, _ = run(tmp_path / "a", tonight)
    assert (told["settings"]["claims_from"], told["settings"]["claims_reach_back_to"]) == (None, 2026)
    assert told["settings"]["delivered"] == ["professional"]
    _, told, _ = run(tmp_path / "b", tonight, "--history", last)
    assert told["settings"]["claims_reach_back_to"] == 2025
    _, told, _ = run(tmp_path / "c", tonight, "--claims-from", "2024-01-01")
    assert told["settings"]["claims_from"] == "2024-01-01"
    assert told["settings"]["claims_reach_back_to"] == 2024


def test_the_claims_that_a_night_kept_are_the_history_of_the_next(
    files: tuple[str, str], tmp_path: Path
) -> None:
    last, tonight = files
    kept, told, _ = run(tmp_path / "reports", last, "--keep-claims", "--batch-date", "2026-11-22")
    names = {"claims", "diagnoses", "procedures", "lines", "feeds"}
    assert {path.stem for path in (kept / "claims").iterdir()} == names
    assert {f"claims/{name}.parquet" for name in names} <= set(told["outputs"])
    assert stat.S_IMODE((kept / "claims").stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (kept / "claims").iterdir())
    folder, told, _ = run(tmp_path / "reports", tonight, "--history", str(kept))
    assert told["inputs"][1]["path"] == kept.name
    assert (told["inputs"][1]["role"], told["inputs"][1]["claims"]) == ("history", 1)
    assert told["settings"]["claims_reach_back_to"] == 2025
    again, _, printed = run(tmp_path / "reports", tonight, "--history", str(kept))
    assert again == folder
    assert "the same run was there already" in printed
