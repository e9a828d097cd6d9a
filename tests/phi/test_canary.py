"""No value of a claim is seen outside the reports made for it: nights over canaries in good files and bad."""

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.phi.canaries import (
    BIRTH_DAY,
    COLUMNS,
    NEVER_SUMMED,
    NPIS,
    SERVICE_DAY,
    THROUGH_DAY,
    as_csv,
    canary_rows,
    seen_in,
)
from tests.unit.claims import fhir_writer, x12_writer
from validator.claims.batch import open_batch

BATCH_DATE = "2026-11-23"
RUN = [sys.executable, "-c", "from validator.cli import main; main()"]
CHECKOUT = Path(__file__).resolve().parents[2]

# Runs the command line in a process where opening a socket of any kind is an error that is written down.
WITHOUT_SOCKETS = """
import sys
log = sys.argv.pop(1)
def no_network(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.")):
        with open(log, "a") as file:
            file.write(event + "\\n")
        raise PermissionError(event)
sys.addaudithook(no_network)
from validator.cli import main
main()
"""


def validator(
    *arguments: str | Path, program: list[str] = RUN, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The command line, as a scheduler would call it."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "200", **variables}
    called = [*program, *map(str, arguments)]
    return subprocess.run(called, capture_output=True, text=True, errors="replace", env=environment, cwd="/")


def a_night(folder: Path, *files: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run over the files; the run folder that it wrote, if it wrote one."""
    out = folder / "out"
    done = validator("run", *files, "--out", out, "--batch-date", BATCH_DATE, "--fail-on", "never")
    return done, out


def nothing_seen(done: subprocess.CompletedProcess[str]) -> None:
    """Neither what was printed nor the error shows a value of a claim, not even a claim's number."""
    assert seen_in(done.stdout) == []
    assert seen_in(done.stderr) == []
    assert "Traceback" not in done.stderr


def run_folder(out: Path) -> Path:
    return (out / "latest").resolve()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One whole night over canaries: good rows, and rows that are rejected."""
    folder = tmp_path_factory.mktemp("night")
    rows = canary_rows()
    rows[1]["from_date"] = "KANARIDAY"
    rows[2]["line_charge"] = "KANARIAMT"
    rows[3]["birth_date"] = "31/19/1931"
    rows[4]["units"] = "KANARIUNT"
    (folder / "claims.csv").write_text(as_csv(rows))
    done, out = a_night(folder, folder / "claims.csv")
    assert done.returncode == 0, done.stderr
    return done, run_folder(out)


def test_a_whole_night_prints_no_value_of_a_claim(night) -> None:
    done, _ = night
    nothing_seen(done)


def test_run_json_holds_no_value_of_a_claim(night) -> None:
    _, folder = night
    text = (folder / "run.json").read_text()
    assert json.loads(text)
    assert seen_in(text) == []


def test_rejected_rows_say_where_and_why_but_not_what(night) -> None:
    _, folder = night
    rejected = pl.read_parquet(folder / "rejected_rows.parquet")
    assert rejected.height > 0
    assert seen_in(rejected.write_csv()) == []


def test_what_is_counted_per_rule_holds_no_value_of_a_claim(night) -> None:
    _, folder = night
    assert seen_in((folder / "rules.csv").read_text()) == []


def test_the_canaries_can_be_seen_where_findings_are_reported(night) -> None:
    """The search itself works: findings do name the claim and its code."""
    _, folder = night
    text = (folder / "findings.csv").read_text()
    assert seen_in(text) != []
    assert seen_in(text.replace("\n", ""), claim_ids_too=True) != []


def test_files_and_folders_are_open_to_their_owner_alone(night) -> None:
    _, folder = night
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path.name} has mode {mode:o}"


def test_json_output_holds_no_value_of_a_claim(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(as_csv(canary_rows()))
    done = validator("run", file, "--out", tmp_path / "out", "--batch-date", BATCH_DATE, "--json")
    assert json.loads(done.stdout)
    nothing_seen(done)


def test_claims_put_aside_on_disk_are_private_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With little memory the reader keeps claims in files for a while."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    file = tmp_path / "claims.csv"
    file.write_text(as_csv(canary_rows(3000)))
    with open_batch([str(file)], memory_bytes=1) as batch:
        claims = 0
        for number, tables in enumerate(batch.partitions()):
            claims += tables.claims.height
            kept = [path for path in place.rglob("*") if path.is_file()]
            assert number > 0 or kept
            assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} <= {0o700}
    assert claims == 3000
    assert list(place.iterdir()) == []


def broken_files() -> dict[str, bytes]:
    """Name -> content of files that cannot be read whole, each full of canaries."""
    good = as_csv(canary_rows())
    lines = good.splitlines()
    rows = [line.split(",") for line in lines]
    return {
        "no_header.csv": as_csv(canary_rows(), header=False).encode(),
        "ragged.csv": "\n".join([lines[0], lines[1] + ",KANARIEXTRA,KANARIMORE", *lines[2:]]).encode(),
        "short_rows.csv": "\n".join([lines[0], *(",".join(row[:5]) for row in rows[1:])]).encode(),
        "open_quote.csv": (good + '"KANARIQUOTE').encode(),
        "latin1.csv": good.replace("KANARIPAT1", "KANARIPÄT1").encode("latin-1"),
        "utf16.csv": good.encode("utf-16"),
        "nul.csv": good.replace("KANARIPAT1", "KANARI\0PAT1").encode(),
        "unknown_columns.csv": b"KANARIKLM1,KANARIPAT1\nKANARIKLM2,KANARIPAT2\n",
        "one_long_cell.csv": (good + "KANARI" * 200_000).encode(),
        "no_claim.txt": ("KANARI is the name of a patient, born 1931-07-19.\n" * 50).encode(),
        "broken.ndjson": b'{"claim_id": "KANARIKLM1", "patient_id": "KANARIPAT1"\n{"claim_id": KANARI}\n',
        "a_list.ndjson": b'["KANARIKLM1", "KANARIPAT1"]\n"KANARI"\n',
        "broken.parquet": b"PAR1" + good.encode() + b"PAR1",
        "cut.csv.gz": gzip.compress(good.encode())[:-20],
        "no.gz.csv.gz": good.encode(),
        "repeated_column.csv": (lines[0].replace("payer_id", "patient_id") + "\n" + lines[1]).encode(),
        "same_claim_twice.csv": "\n".join([*lines, lines[1].replace("KANARIPAT0", "KANARIPAT9")]).encode(),
        "wild_dates.csv": good.replace("2019-08-23", "KANARI-08-23")
        .replace("1931-07-19", "99/99/KANARI")
        .encode(),
    }


def exchanged_files() -> dict[str, bytes]:
    """Name -> content of X12, FHIR and CCLF files full of canaries, sound ones and broken ones."""
    npi, day = NPIS["billing_npi"], SERVICE_DAY.replace("-", "")
    person = {"id": "KANARIPAT1", "birth": BIRTH_DAY.replace("-", ""), "sex": "F"}
    own = {
        "patient": person,
        "payer": "KANARIPYR",
        "group": "KANARIGRP",
        "tin": "KANARITIN",
        "billing_npi": npi,
    }
    own |= {"from": day, "through": day, "diagnoses": [("KANARIDX", ""), ("M532", ""), ("QX9KAN", "")]}
    line = {**x12_writer.a_claim("A")["lines"][0], "day": day, "charge": NEVER_SUMMED, "code": "KANARIPX"}
    claims = [x12_writer.a_claim(f"KANARIKLM{n}", lines=[line], **own) for n in range(3)]
    x12 = x12_writer.interchange(claims, "professional")
    line = {**fhir_writer.a_claim("A")["lines"][0], "day": SERVICE_DAY, "code": "KANARIPX"}
    own = {"patient": "KANARIPAT1", "npi": npi, "from": SERVICE_DAY, "through": THROUGH_DAY, "lines": [line]}
    own["diagnoses"] = [("KANARIDX", "principal", ""), ("M532", "secondary", "")]
    made = [fhir_writer.resource(fhir_writer.a_claim(f"KANARIKLM{n}", **own)) for n in range(3)]
    odd = [{**made[0], "KANARIPAT": 1, "kanari-pat 1": 2}, {"resourceType": "KANARIPAT"}, made[1]]
    wrong = {**made[0], "item": "KANARI", "id": ["KANARI"]}
    fhir = fhir_writer.ndjson(made)
    return {
        "sound.837": x12.encode(),
        "cut.837": x12[: x12.rindex("SV1") + 9].encode(),
        "kinds.837": x12.replace("ST*837", "ST*KANARIPAT", 1).encode(),
        "numbers.837": x12.replace("ST*837", f"ST*{npi}", 1).encode(),
        "qualifiers.837": x12.replace("REF*EI", "REF*KANARI").replace("DTP*472", "DTP*KANARI").encode(),
        "tags.837": x12.replace("DMG*", "KANARIPAT*").encode(),
        "marks.837": x12.replace(":", "K").encode(),
        "version.837": x12.replace("005010X222A1", "KANARIPAT").encode(),
        "sound.ndjson": fhir.encode(),
        "elements.ndjson": fhir_writer.ndjson(odd).encode(),
        "wrong.ndjson": (fhir + json.dumps(wrong) + "\n{KANARI\n").encode(),
        "bundle.json": json.dumps(
            {"resourceType": "Bundle", "KANARI": 1, "entry": [{"resource": each} for each in odd]}
        ).encode(),
        "other.json": json.dumps({"resourceType": "KANARIPAT", "id": "KANARIKLM1"}).encode(),
        "cclf5.csv": (
            "CUR_CLM_UNIQ_ID|CLM_LINE_NUM|BENE_MBI_ID|CLM_TYPE_CD|CLM_FROM_DT|CLM_LINE_DGNS_CD|CLM_DGNS_1_CD\n"
            f"KANARIKLM1|1|KANARIPAT1|71|{SERVICE_DAY}|KANARIDX|M532\n"
            f"KANARIKLM2|KANARI|KANARIPAT1|71|{SERVICE_DAY}KANARI|KANARIDX|M532\n"
        ).encode(),
        "cclf6.csv": f"CUR_CLM_UNIQ_ID|KANARIPAT\nKANARIKLM1|{npi}\n".encode(),
    }


@pytest.mark.parametrize("name", sorted(exchanged_files()))
def test_a_file_of_exchange_shows_nothing_of_its_claims(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(exchanged_files()[name])
    done, out = a_night(tmp_path, file)
    assert done.returncode in (0, 11, 15), (done.returncode, done.stderr)
    assert not name.startswith("sound") or done.returncode == 0
    nothing_seen(done)
    if (out / "latest").exists():
        for kept in ("run.json", "rules.csv"):
            assert seen_in((run_folder(out) / kept).read_text()) == []
        assert seen_in(pl.read_parquet(run_folder(out) / "rejected_rows.parquet").write_csv()) == []


@pytest.mark.parametrize("name", sorted(broken_files()))
def test_a_broken_file_is_refused_or_counted_without_showing_what_it_holds(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(broken_files()[name])
    done, out = a_night(tmp_path, file)
    assert done.returncode in (0, 1, 11, 15), (done.returncode, done.stderr)
    nothing_seen(done)
    if (out / "latest").exists():
        assert seen_in((run_folder(out) / "run.json").read_text()) == []
        rejected = pl.read_parquet(run_folder(out) / "rejected_rows.parquet")
        assert seen_in(rejected.write_csv()) == []


@pytest.mark.parametrize("name", ["no_header.csv", "latin1.csv", "unknown_columns.csv", "broken.ndjson"])
def test_guessing_a_layout_shows_names_of_columns_at_most(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(broken_files()[name])
    nothing_seen(validator("layouts", "guess", file))


def test_a_night_opens_no_socket(tmp_path: Path) -> None:
    file, log = tmp_path / "claims.csv", tmp_path / "sockets.log"
    file.write_text(as_csv(canary_rows()))
    program = [sys.executable, "-c", WITHOUT_SOCKETS, str(log)]
    arguments = ("run", file, "--out", tmp_path / "out", "--batch-date", BATCH_DATE, "--fail-on", "never")
    done = validator(*arguments, program=program)
    assert done.returncode == 0, done.stderr
    assert not log.exists(), log.read_text()


def test_the_watch_for_sockets_sees_one(tmp_path: Path) -> None:
    log = tmp_path / "sockets.log"
    tried = WITHOUT_SOCKETS.replace("main()", "import socket; socket.socket()")
    done = validator(program=[sys.executable, "-c", tried, str(log)])
    assert done.returncode != 0
    assert "socket.__new__" in log.read_text()


def test_every_canary_column_is_one_that_the_native_layout_knows() -> None:
    """A column that nobody reads would prove nothing."""
    layouts = validator("layouts", "show", "native").stdout
    unknown = [name for name in COLUMNS if name not in layouts and not name.startswith("diagnosis_")]
    assert unknown == []
