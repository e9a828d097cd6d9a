"""What goes wrong in the night ends in a sentence, an exit code, and no half-written run folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "sample_claims"
BATCH_DATE = "2026-11-23"

# Sends itself a signal when the run has begun to write its folder, before it is renamed into place.
DIE_WHILE_WRITING = """
import os, signal, sys
import validator.reports.run_folder as run_folder
write_page = run_folder.write_page
def die(*arguments, **named):
    write_page(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
run_folder.write_page = die
from validator.cli import main
main()
"""


def validator(*arguments: object, program: tuple[str, ...] = ("-m", "validator"), **environment: str):
    """The command line, as a scheduler calls it."""
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "200", **environment},
        cwd="/",
    )


def night(out: Path, *more: object, files: object = SAMPLES, **named):
    return validator("run", files, "--out", out, "--batch-date", BATCH_DATE, *more, **named)


def runs(out: Path) -> list[str]:
    return (
        sorted(p.name for p in out.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != ".")
        if out.exists()
        else []
    )


def says(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_findings_make_the_exit_code_one_and_the_folder_is_there(tmp_path):
    done = night(tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert len(runs(tmp_path / "out")) == 1
    assert (tmp_path / "out" / "latest" / "report.html").is_file()


def test_the_same_night_twice_is_one_folder_and_nothing_is_rewritten(tmp_path):
    out = tmp_path / "out"
    night(out)
    before = {p.name: p.stat().st_mtime_ns for p in (out / "latest").resolve().iterdir()}
    again = night(out)
    assert again.returncode == 1
    assert "was there already" in again.stdout
    assert {p.name: p.stat().st_mtime_ns for p in (out / "latest").resolve().iterdir()} == before


def test_the_same_input_gives_the_same_bytes_elsewhere(tmp_path):
    night(tmp_path / "a")
    night(tmp_path / "b")
    first, second = ((tmp_path / n / "latest").resolve() for n in "ab")
    assert first.name == second.name
    for file in sorted(first.iterdir()):
        if file.name != "run.json":
            assert file.read_bytes() == (second / file.name).read_bytes(), file.name
    told = [json.loads((folder / "run.json").read_text())["outputs"] for folder in (first, second)]
    assert told[0] == told[1]


def test_killed_while_writing_leaves_no_run_and_the_next_night_is_whole(tmp_path):
    out = tmp_path / "out"
    killed = night(out, program=("-c", DIE_WHILE_WRITING))
    assert killed.returncode == -signal.SIGKILL
    assert runs(out) == []
    assert not (out / "latest").exists()
    done = night(out)
    assert done.returncode == 1
    assert len(runs(out)) == 1
    assert [p.name for p in out.iterdir() if p.name.startswith(".unfinished")] == []


def test_two_runs_at_once_the_second_is_told_to_wait(tmp_path):
    from validator.reports.lock import output_lock

    out = tmp_path / "out"
    with output_lock(out):
        says(night(out), 14, "another run is writing to this folder", "--out")
    assert runs(out) == []


def test_a_broken_rule_stops_the_run_with_its_place(tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(CHECKOUT / "rules", rules)
    [file] = rules.rglob("DX002*.yaml")
    file.write_text(file.read_text().replace("icd10.status: header", "icd10.statuss: header"))
    says(night(tmp_path / "out", "--rules", rules), 10, f"{file.name}:", "icd10.statuss", "icd10.status", "^")
    assert runs(tmp_path / "out") == []


def test_a_rule_that_breaks_its_word_stops_the_run(tmp_path):
    rules = tmp_path / "rules"
    shutil.copytree(CHECKOUT / "rules", rules)
    [file] = rules.rglob("DX002*.yaml")
    file.write_text(file.read_text().replace("icd10.status: header", "icd10.status: not_yet"))
    says(night(tmp_path / "out", "--rules", rules), 13, "DX002", "expected flagged")
    assert runs(tmp_path / "out") == []


def test_a_reference_that_is_not_there_is_named(tmp_path):
    says(night(tmp_path / "out", "--reference", tmp_path / "codes.duckdb"), 12, "codes.duckdb")


def test_a_reference_that_is_no_reference_is_refused(tmp_path):
    (tmp_path / "codes.duckdb").write_bytes(b"no database at all" * 1000)
    says(night(tmp_path / "out", "--reference", tmp_path / "codes.duckdb"), 12, "codes.duckdb")


def test_a_missing_claim_file_is_named(tmp_path):
    says(night(tmp_path / "out", files=tmp_path / "nothing.csv"), 11, "nothing.csv")


def test_an_empty_night_is_a_run_without_claims(tmp_path):
    file = tmp_path / "tonight.csv"
    file.write_text((SAMPLES / "professional.csv").read_text().splitlines()[0] + "\n")
    done = night(tmp_path / "out", files=file)
    assert done.returncode == 0, done.stderr
    assert "0 claims from 1 file, 0 rows rejected" in done.stdout


def test_a_file_of_which_no_row_can_be_used_is_not_a_quiet_night(tmp_path):
    file = tmp_path / "tonight.csv"
    heading = (SAMPLES / "professional.csv").read_text().splitlines()[0]
    file.write_text("\n".join([heading, *["a,b,c"] * 4]) + "\n")
    done = night(tmp_path / "out", files=file)
    assert done.returncode == 15, done.stderr
    assert "0 claims from 1 file, 4 rows rejected" in done.stdout
    told = json.loads((tmp_path / "out" / "latest" / "run.json").read_text())
    assert "every row was rejected" in told["inputs"][0]["error"]


def test_one_bad_file_does_not_stop_the_others_and_the_exit_code_says_so(tmp_path):
    claims = tmp_path / "claims"
    claims.mkdir()
    shutil.copy(SAMPLES / "professional.csv", claims)
    (claims / "broken.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    done = night(tmp_path / "out", files=claims)
    assert done.returncode == 15, done.stderr
    told = json.loads((tmp_path / "out" / "latest" / "run.json").read_text())
    assert {each["path"]: bool(each["error"]) for each in told["inputs"]} == {
        "broken.csv": True,
        "professional.csv": False,
    }
    assert "not whole" in (tmp_path / "out" / "latest" / "report.html").read_text().lower()
    assert "not read: broken.csv: is binary data" in done.stdout


@pytest.mark.parametrize(
    ("content", "says_why"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "is binary data"),
        (b"claim_id,diagnosis_1\n,I10\n,I11.9\n", "every row was rejected"),
    ],
)
def test_a_strict_night_stops_at_a_bad_file_and_writes_nothing(tmp_path, content, says_why):
    claims = tmp_path / "claims"
    claims.mkdir()
    shutil.copy(SAMPLES / "professional.csv", claims)
    (claims / "broken.csv").write_bytes(content)
    says(night(tmp_path / "out", "--strict", files=claims), 11, "broken.csv", says_why)
    assert runs(tmp_path / "out") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    file = tmp_path / "claims.csv"
    shutil.copy(SAMPLES / "professional.csv", file)
    file.chmod(0)
    says(night(tmp_path / "out", files=file), 11, "claims.csv")


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("in the way")
    says(night(tmp_path / "out"), 16, "out")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs to mount a small disk")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        says(night(disk / "out"), 16, "the disk is full")
        assert runs(disk / "out") == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_wrong_words_on_the_command_line_are_usage(tmp_path):
    assert validator("run").returncode == 2
    assert night(tmp_path / "out", "--fail-on", "always").returncode == 2
    says(night(tmp_path / "out", "--memory", "lots"), 2, "--memory")


def test_an_interrupted_run_says_130_and_writes_nothing(tmp_path):
    running = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "validator",
            "run",
            str(SAMPLES),
            "--out",
            str(tmp_path / "out"),
            "--batch-date",
            BATCH_DATE,
        ],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    while not (tmp_path / "out" / ".lock").exists() and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    # A library that is interrupted may complain first; the last word is ours.
    assert running.returncode == 130, told
    assert told.endswith("validator: interrupted; nothing half-written stays\n"), told
