"""The wheel carries rules and reference facts inside it, and works from any folder without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a folder on the import path, which is what installing it amounts to."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    folder = out / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _shipped(installed: Path, *, name: str) -> list[str]:
    folder = installed / "validator" / "_shipped" / name
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _committed(name: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", name], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout, so that there is no list of what belongs to the project")
    names = [path for path in listed.stdout.split("\0") if path]
    return sorted(str(Path(path).relative_to(name)) for path in names)


def test_every_rule_file_is_inside(installed: Path) -> None:
    assert set(_committed("rules")) <= set(_shipped(installed, name="rules"))


def test_every_reference_fact_is_inside_and_no_built_database(installed: Path) -> None:
    shipped = _shipped(installed, name="reference")
    assert set(_committed("reference")) <= set(shipped)
    assert not [name for name in shipped if name.endswith(".duckdb")]


def test_every_file_of_the_package_is_inside(installed: Path) -> None:
    assert [name for name in _committed("validator") if not (installed / "validator" / name).is_file()] == []


def _run_elsewhere(installed: Path, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VALIDATOR")},
        "PYTHONPATH": str(installed),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    code = "import sys; from validator.cli import main; sys.exit(main())"
    # -P keeps the working directory off the path; -I would drop PYTHONPATH too.
    command = [sys.executable, "-P", "-c", code, *words]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)


def test_a_night_runs_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    samples = ROOT / "sample_claims" / "professional.csv"
    run = _run_elsewhere(installed, tmp_path, "run", str(samples), "--out", "reports", "--fail-on", "never")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "reports" / "latest" / "report.html").is_file()
    assert list((tmp_path / "cache").rglob("codes-*.duckdb")), (
        "built below the user's cache, not in the package"
    )
    assert not list(installed.rglob("codes-*.duckdb"))


def test_the_installed_wheel_is_the_one_that_ran(installed: Path, tmp_path: Path) -> None:
    """The editable checkout must not shadow the wheel, or the tests above would prove nothing."""
    code = "import validator; print(validator.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    shown = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert Path(shown.stdout.strip()).is_relative_to(installed)
