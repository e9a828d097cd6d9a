"""Old run folders go when asked, the latest one and everything else stay."""

from datetime import date
from pathlib import Path

import pytest

from validator.errors import LockedError
from validator.reports.lock import output_lock
from validator.reports.prune import prune

OLD, LATER, LATEST = "2026-02-01-0123abcd", "2026-02-02-0123abcd", "2026-01-15-fedcba98"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for name in (OLD, LATER, LATEST, "2026-02-01-notahash", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "latest").symlink_to(LATEST)
    (tmp_path / "ledger.duckdb").write_text("")
    return tmp_path


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()} - {".lock"}


def test_older_runs_go_and_the_latest_stays(out: Path) -> None:
    before = names(out)
    assert [path.name for path in prune(out, date(2026, 2, 2), dry=True)] == [OLD]
    assert names(out) == before
    assert [path.name for path in prune(out, date(2026, 2, 2))] == [OLD]
    assert names(out) == before - {OLD}


def test_without_links_the_latest_is_named_by_a_file(out: Path) -> None:
    (out / "latest").unlink()
    (out / "latest").write_text(f"{OLD}\n")
    assert [path.name for path in prune(out, date(2026, 2, 2))] == [LATEST]


def test_nothing_goes_while_a_run_is_writing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    with output_lock(out), multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(LockedError):
        pool.apply(prune, (out, date(2027, 1, 1)))
    assert OLD in names(out)
