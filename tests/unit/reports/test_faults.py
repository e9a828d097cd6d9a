"""Killed, out of space, not allowed: no run folder stays behind, the next run is fine, the message helps."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from validator.errors import ExitCode, OutputError
from validator.reports import run_folder
from validator.reports.run_folder import damage, publish

ROOT = Path(run_folder.__file__).parents[2]

# Publishes a run and kills itself, as a power cut would, at the n-th call of one function of `os`.
KILLED = """
import importlib.util, os, signal, sys
from pathlib import Path
maker_file, out, function, call = sys.argv[1:]
spec = importlib.util.spec_from_file_location("make_content", maker_file)
maker = importlib.util.module_from_spec(spec); spec.loader.exec_module(maker)
from validator.reports.run_folder import publish
calls, real = 0, getattr(os, function)
def counted(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(call):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(os, function, counted)
publish(Path(out), maker.make_content(20))
"""


def runs(out: Path) -> list[Path]:
    return [path for path in out.iterdir() if path.name.startswith("2026-")]


def leftovers(out: Path) -> list[str]:
    return [path.name for path in out.iterdir() if path.name.startswith(".unfinished")]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(
    ("function", "call", "stands"),
    [
        ("fsync", 1, False),  # the first file is written
        ("fsync", 5, False),  # in the middle
        ("fsync", 10, False),  # run.json is written
        ("fsync", 11, False),  # everything is there under its hidden name
        ("rename", 1, False),  # just before it gets its name
        ("fsync", 12, True),  # it has its name; `latest` is not there yet
        ("replace", 1, True),
    ],
)
def test_a_killed_run_leaves_no_half_written_folder(
    tmp_path: Path, maker: ModuleType, function: str, call: int, stands: bool
) -> None:
    arguments = [str(maker.__file__), str(tmp_path), function, str(call)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert bool(runs(tmp_path)) == stands
    assert all(not damage(run) for run in runs(tmp_path))

    again = publish(tmp_path, maker.make_content(20))
    assert again.already_there == stands
    assert not damage(again.path)
    assert leftovers(tmp_path) == []
    assert (tmp_path / "latest").resolve() == again.path.resolve()


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full") as caught:
        publish(tmp_path, maker.make_content(5))
    assert caught.value.exit_code == ExitCode.OUTPUT
    assert "Free some space" in caught.value.fix
    monkeypatch.undo()
    assert runs(tmp_path) == [] and leftovers(tmp_path) == []
    assert publish(tmp_path, maker.make_content(5)).path.exists()


@pytest.fixture(params=["24k", "200k", "420k"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path):
    """A file system that is full after the first file, the tables, or in the middle of the page."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and os.name == "posix" and os.geteuid() == 0 and subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(disk)], capture_output=True
    ).returncode == 0  # fmt: skip
    if not made:
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_while_writing_is_told_and_leaves_nothing(
    small_disk: Path, maker: ModuleType
) -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        publish(small_disk / "reports", maker.make_content(400))
    assert runs(small_disk / "reports") == [] and leftovers(small_disk / "reports") == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, maker: ModuleType) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="may not be written"):
            publish(tmp_path, maker.make_content(5))
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else")
def test_an_account_without_write_access_is_told(tmp_path: Path, maker: ModuleType) -> None:
    """The same as above where the tests run as root: a child process gives its rights away first."""
    out = tmp_path / "reports"
    out.mkdir(mode=0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and folder.name.startswith("pytest"):
            folder.chmod(0o755)
    script = f"""
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("make_content", {maker.__file__!r})
maker = importlib.util.module_from_spec(spec); spec.loader.exec_module(maker)
from pathlib import Path
from validator.errors import OutputError
from validator.reports.run_folder import publish
os.setuid(65534)
try:
    publish(Path({str(out)!r}), maker.make_content(1))
except OutputError as error:
    print(error)
    sys.exit(error.exit_code)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert child.returncode == ExitCode.OUTPUT, child.stderr
    assert "may not be written" in child.stdout
    assert list(out.iterdir()) == []


def test_an_output_folder_that_is_a_file_is_told(tmp_path: Path, maker: ModuleType) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(OutputError, match="file"):
        publish(tmp_path / "reports", maker.make_content(5))
    with pytest.raises(OutputError, match="a file, not a folder"):
        publish(tmp_path / "reports" / "below", maker.make_content(5))


def test_an_interrupted_run_cleans_up_after_itself(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_folder, "write_page", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, maker.make_content(5))
    assert runs(tmp_path) == [] and leftovers(tmp_path) == []


def test_a_defect_of_the_program_is_not_called_a_full_disk(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(run_folder, "write_page", broken)
    with pytest.raises(ValueError, match="a defect"):
        publish(tmp_path, maker.make_content(5))
    assert runs(tmp_path) == [] and leftovers(tmp_path) == []
