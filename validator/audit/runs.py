"""A finished run as it stands on disk, held against its own run.json."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from validator.errors import OutputError, Place, UsageError
from validator.findings.risk import FORMULA
from validator.ledger.book import Ledger
from validator.ledger.schema import Memory
from validator.reports.run_folder import damage, followed
from validator.reports.run_json import NAME


@dataclass(frozen=True)
class FinishedRun:
    """A run folder; its tables have the columns that docs/reports.md lists.

    `memory` and `decided_later` (findings decided on a later run) are the ledger's, where asked for.
    """

    path: Path
    manifest: dict[str, Any]
    memory: Memory = field(default_factory=Memory)
    decided_later: pl.Series = field(default_factory=lambda: pl.Series("finding_id", [], pl.String))
    risk_formula: str = FORMULA

    @property
    def out(self) -> Path:
        """The output folder, which holds the ledger."""
        return self.path.parent

    @property
    def run_hash(self) -> str:
        return str(self.manifest["run_hash"])

    @property
    def batch_date(self) -> date:
        return date.fromisoformat(self.manifest["batch_date"])

    @property
    def tool_version(self) -> str:
        return str(self.manifest["tool"]["version"])

    @property
    def whole(self) -> bool:
        return bool(self.manifest["whole"])

    @cached_property
    def findings(self) -> pl.DataFrame:
        return pl.read_parquet(self.path / "findings.parquet")

    @cached_property
    def standing(self) -> pl.DataFrame:
        return pl.read_parquet(self.path / "standing.parquet")

    @cached_property
    def claims_at_risk(self) -> pl.DataFrame:
        return pl.read_parquet(self.path / "claims_at_risk.parquet")


def open_run(path: Path) -> FinishedRun:
    """The run in a folder; `reports/latest` names one too.

    Raises UsageError where there is none, OutputError where it is not what its run.json says.
    """
    folder = followed(path)
    if not (folder / NAME).is_file():
        raise UsageError(
            "there is no finished run here",
            fix="Name a run folder, such as reports/latest; `validator runs list` shows them.",
            place=Place(str(path)),
        )
    wrong = damage(folder)
    if wrong:
        raise OutputError(
            f"the run folder is damaged: {'; '.join(wrong)}",
            fix="Run the night again into another --out; the same inputs give the same folder.",
            place=Place(str(path)),
        )
    return FinishedRun(folder, json.loads((folder / NAME).read_bytes()))


def with_decisions(run: FinishedRun) -> FinishedRun:
    """The run with what people decided on it and on earlier ones."""
    ledger = Ledger(run.out)
    past, later = ledger.as_of(run.batch_date), ledger.decided_after(run.batch_date)
    return replace(run, memory=Memory(past), decided_later=later)
