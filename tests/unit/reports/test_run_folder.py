"""The run folder is whole or not there, closed to others, and the same for the same night."""

import hashlib
import json
import os
import stat
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from validator.errors import ExitCode, OutputError
from validator.reports import run_folder
from validator.reports.lock import output_lock
from validator.reports.run_folder import damage, publish

FILES = {
    "report.html", "worklist.xlsx", "findings.parquet", "findings.csv", "standing.parquet",
    "claims_at_risk.parquet", "rules.csv", "rejected_rows.parquet", "superseded_claims.parquet", "run.json",
}  # fmt: skip


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def hashes(run: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in run.iterdir()}


def test_a_run_folder_holds_its_nine_files_and_latest_points_at_it(tmp_path: Path, maker: ModuleType) -> None:
    content = maker.make_content(60)
    published = publish(tmp_path / "reports", content)
    assert published.path.name == f"2026-02-10-{content.run_hash[:8]}"
    assert not published.already_there
    assert names(published.path) == FILES
    latest = tmp_path / "reports" / "latest"
    assert latest.is_symlink() and not os.path.isabs(os.readlink(latest))
    assert latest.resolve() == published.path.resolve()
    assert names(tmp_path / "reports") == {published.path.name, "latest", ".lock"}


def test_what_is_written_can_be_read_back(tmp_path: Path, maker: ModuleType) -> None:
    content = maker.make_content(60)
    run = publish(tmp_path, content).path
    assert pl.read_parquet(run / "findings.parquet").equals(content.findings)
    assert pl.read_parquet(run / "claims_at_risk.parquet").equals(content.claims_at_risk)
    assert pl.read_parquet(run / "rejected_rows.parquet").equals(content.rejected_rows)
    assert pl.read_parquet(run / "standing.parquet").schema == content.standing.schema


def test_only_the_owner_can_read_a_run(tmp_path: Path, maker: ModuleType) -> None:
    before = os.umask(0)
    try:
        run = publish(tmp_path / "made" / "here", maker.make_content(3)).path
    finally:
        os.umask(before)
    assert mode(run) == 0o700
    assert mode(run.parent) == 0o700
    assert {mode(path) for path in run.iterdir()} == {0o600}
    assert mode(run.parent / ".lock") == 0o600


def test_a_group_may_read_and_never_write(tmp_path: Path, maker: ModuleType) -> None:
    grp = pytest.importorskip("grp")
    own = grp.getgrgid(os.getgid()).gr_name
    run = publish(tmp_path / "reports", maker.make_content(3), group=own).path
    assert mode(run) == 0o750
    assert mode(run.parent) == 0o750
    assert {mode(path) for path in run.iterdir()} == {0o640}
    assert {path.stat().st_gid for path in run.iterdir()} == {os.getgid()}


def test_a_group_that_does_not_exist_is_said_before_anything_is_written(
    tmp_path: Path, maker: ModuleType
) -> None:
    with pytest.raises(OutputError, match="no group"):
        publish(tmp_path, maker.make_content(3), group="no-such-group-here")
    assert names(tmp_path) == {".lock"}


def test_the_same_night_gives_the_same_bytes_in_another_folder(tmp_path: Path, maker: ModuleType) -> None:
    """Everything but the durations of run.json, whatever the time and the place."""
    first = publish(tmp_path / "a", maker.make_content(500)).path
    second = publish(tmp_path / "b", maker.make_content(500, timings={"read": 99.0})).path
    one, other = hashes(first), hashes(second)
    one.pop("run.json"), other.pop("run.json")
    assert one == other
    manifests = [json.loads((run / "run.json").read_text()) for run in (first, second)]
    assert manifests[0].pop("durations") != manifests[1].pop("durations")
    assert manifests[0] == manifests[1]
    assert list(manifests[0]) == list(manifests[1])


def test_the_same_night_again_is_verified_and_left_alone(tmp_path: Path, maker: ModuleType) -> None:
    first = publish(tmp_path, maker.make_content(60))
    times = {path.name: path.stat().st_mtime_ns for path in first.path.iterdir()}
    (tmp_path / "latest").unlink()
    again = publish(tmp_path, maker.make_content(60, timings={"read": 99.0}))
    assert again.already_there and again.path == first.path
    assert {path.name: path.stat().st_mtime_ns for path in first.path.iterdir()} == times
    assert (tmp_path / "latest").resolve() == first.path.resolve()


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_damaged_run_is_told_and_not_repaired(tmp_path: Path, maker: ModuleType, name: str) -> None:
    run = publish(tmp_path, maker.make_content(5)).path
    (run / name).write_bytes(b"{")
    with pytest.raises(OutputError, match=f"damaged: .*{name}") as caught:
        publish(tmp_path, maker.make_content(5))
    assert caught.value.exit_code == ExitCode.OUTPUT
    assert (run / name).read_bytes() == b"{"
    (run / name).unlink()
    assert any(name in problem for problem in damage(run))


def test_other_findings_under_the_same_hash_are_an_error(tmp_path: Path, maker: ModuleType) -> None:
    publish(tmp_path, maker.make_content(5))
    with pytest.raises(OutputError, match="other findings"):
        publish(tmp_path, maker.make_content(5, findings=maker.make_findings(5, seed=8)))


def test_latest_moves_to_the_run_just_made(tmp_path: Path, maker: ModuleType) -> None:
    publish(tmp_path, maker.make_content(5))
    second = publish(tmp_path, maker.make_content(5, run_hash="b" * 64)).path
    assert (tmp_path / "latest").resolve() == second.resolve()


def test_latest_is_a_text_file_where_links_are_impossible(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    run = publish(tmp_path, maker.make_content(5)).path
    assert (tmp_path / "latest").read_text() == f"{run.name}\n"
    publish(tmp_path, maker.make_content(5, run_hash="b" * 64))
    assert (tmp_path / "latest").read_text() == f"2026-02-10-{'b' * 8}\n"


def test_a_batch_of_one_night_without_findings_is_written(tmp_path: Path, maker: ModuleType) -> None:
    run = publish(tmp_path, maker.make_content(0)).path
    assert names(run) == FILES
    assert pl.read_parquet(run / "findings.parquet").height == 0
    assert (run / "findings.csv").read_text().startswith("finding_id,rule_id,")


def test_a_second_run_is_turned_away_while_the_first_holds_the_folder(
    tmp_path: Path, maker: ModuleType
) -> None:
    with output_lock(tmp_path):
        other = in_another_process(tmp_path, maker)
        assert other.returncode == ExitCode.LOCKED, other.stderr
        publish(tmp_path, maker.make_content(2))  # the holder itself may publish
    assert in_another_process(tmp_path, maker, run_hash="c" * 64).returncode == 0


def in_another_process(out: Path, maker: ModuleType, run_hash: str = "d" * 64):
    import subprocess
    import sys

    script = f"""
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("make_content", {maker.__file__!r})
maker = importlib.util.module_from_spec(spec); spec.loader.exec_module(maker)
from validator.errors import ValidatorError
from validator.reports.run_folder import publish
try:
    publish(Path({str(out)!r}), maker.make_content(2, run_hash={run_hash!r}))
except ValidatorError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
    root = Path(run_folder.__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
