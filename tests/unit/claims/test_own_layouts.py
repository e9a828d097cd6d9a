"""A layout of one's own: drafted from names and cells, tried on the file, written down in ten minutes."""

import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from tests.unit.claims.claim_files import as_bytes, one_line, read
from tests.unit.claims.workbooks import workbook
from validator.claims.draft import draft_layout
from validator.claims.layout import read_layout, shipped_layouts
from validator.claims.looks import date_forms, look_of
from validator.cli import app
from validator.errors import ClaimFileError, ExitCode

PAGE = Path(__file__).resolve().parents[3] / "docs" / "claims.md"


def _tutorial() -> tuple[str, str, list[str]]:
    """The file, the layout and the console blocks of the page's section."""
    section = PAGE.read_text(encoding="utf-8").split("\n## A layout in ten minutes\n")[1].split("\n## ")[0]
    (text,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    (layout,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return text, layout, re.findall(r"```console\n(.*?)```", section, re.DOTALL)


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def _in_order(shown: Iterable[str], output: str) -> bool:
    lines = iter(output.splitlines())
    return all(any(line.rstrip() == wanted.rstrip() for line in lines) for wanted in shown)


def test_every_command_of_the_tutorial_runs_and_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, layout, blocks = _tutorial()
    Path("northern.txt").write_text(text)
    assert [block.split()[2:4] for block in blocks] == [
        ["layouts", "guess"],
        ["layouts", "check"],
        ["run", "northern.txt"],
    ]
    for block in blocks:
        command, *shown = block.splitlines()
        answer = _run(*shlex.split(command)[2:])
        assert answer.exit_code == ExitCode.NOTHING_FOUND, answer.output
        # Which rules need a column changes with the rules, and where the page leaves something out.
        stable = [line for line in shown if line != "..." and not line.startswith("  missing")]
        assert _in_order(stable, answer.output), answer.output
        if "guess" in command:
            drafted = read_layout(Path("northern.yaml"))
            assert drafted.headings == {"claim_id": ("Vorgang",)}
            proposed = Path("northern.yaml").read_text()
            for line in (
                *('diagnosis_1..3: ["Krankheit #"]', 'procedure_code: ["Leistung"]', 'modifiers: ["Zusatz"]'),
                *('from_date: ["SvcBeg"]', 'through_date: ["SvcEnd"]', 'place_of_service: ["Ort"]'),
                *('line_charge: ["Rechnung"]', 'birth_date: ["Geb"]', 'billing_npi: ["Arzt"]'),
            ):
                assert f"  # {line}" in proposed
            Path("northern.yaml").write_text(layout)
    found = read("northern.txt", layout="northern.yaml")
    assert found.account.rejected_by_reason == {"no claim number": 1}
    assert found.tables.claims["sex"].to_list() == ["F", "M", "M", "F"]


def test_a_draft_is_made_of_names_first_and_is_a_layout(tmp_path: Path) -> None:
    rows = [
        one_line(
            claim_id=f"C{n}",
            diagnosis_2="I10",
            diagnosis_3="E11.9",
            weight="70.1",
            birth_date=f"19{n + 40}-01-05",
        )
        for n in range(30)
    ]
    path = tmp_path / "My Export (March).csv"
    path.write_bytes(as_bytes(rows, "csv"))
    text = draft_layout(path)
    assert "already has the layout native" in text
    drafted = tmp_path / "drafted.yaml"
    drafted.write_text(text)
    layout = read_layout(drafted)
    assert layout.name == "my_export_march"
    assert (layout.feed, layout.grain, layout.dates, layout.delimiters) == (
        "submission",
        "line",
        ("iso",),
        (",",),
    )
    assert '  diagnosis_1..3: ["diagnosis_#"]\n' in text
    assert '#   "weight"' in text
    # Read with the draft, the file is what it is without it.
    with_draft, without = read(path, layout=str(drafted)), read(path)
    assert with_draft.tables.diagnoses.equals(without.tables.diagnoses)
    assert with_draft.account.columns_not_used == ("weight",)


def test_a_draft_is_made_of_a_workbook_too(tmp_path: Path) -> None:
    path = tmp_path / "claims.xlsx"
    rows = [["Fallnummer", "Diagnose", "Tag"], *([f"A-{n}", "M54.50", "10-Feb-2026"] for n in range(9))]
    path.write_bytes(workbook({"Blatt": rows}))
    drafted = tmp_path / "drafted.yaml"
    drafted.write_text(
        draft_layout(path).replace("  # diagnosis_1", "  diagnosis_1").replace("  # from", "  from")
    )
    found = read(path, layout=str(drafted))
    assert (found.account.claims, found.account.diagnoses, found.account.unusable_cells) == (9, 9, ())


def test_a_draft_goes_to_a_new_file_only(tmp_path: Path) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_bytes(as_bytes([one_line()], "csv"))
    out = tmp_path / "own.yaml"
    assert _run("layouts", "guess", str(claims), "--out", str(out)).exit_code == 0
    before = out.read_text()
    assert isinstance(_run("layouts", "guess", str(claims), "--out", str(out)).exception, Exception)
    assert out.read_text() == before
    printed = _run("layouts", "guess", str(claims), "--draft")
    assert printed.stdout == before


def test_only_the_day_of_receipt_is_told_in_the_draft(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text("claim_id,received date,dx\nC1,31/12/2026,I10\nC2,02/12/2026,I10\n")
    text = draft_layout(path)
    assert "received_date_codes: true" in text
    assert "1 days are written 31/12/2026, which no layout reads" in text


@settings(max_examples=60, deadline=None)
@given(
    headings=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8),
    cells=st.lists(st.lists(st.text(max_size=8), min_size=8, max_size=8), max_size=4),
)
def test_a_draft_of_anything_is_a_layout_that_reads_its_headings(
    tmp_path_factory: pytest.TempPathFactory, headings: list[str], cells: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("draft")
    rows = [dict(zip(headings, row, strict=False)) for row in cells] or [dict.fromkeys(headings, "1")]
    path = folder / "any.csv"
    path.write_bytes(as_bytes(rows, "csv"))
    try:
        text = draft_layout(path)
    except ClaimFileError:
        return
    (folder / "any.yaml").write_text(text, encoding="utf-8")
    layout = read_layout(folder / "any.yaml")
    assert "claim_id" in layout.headings
    # Every proposal, too, is a line of a layout.
    confirmed = re.sub(r"(?m)^  # ([a-z_0-9.]+: \[)", r"  \1", text)
    (folder / "any.yaml").write_text(confirmed, encoding="utf-8")
    assert len(read_layout(folder / "any.yaml").headings) >= len(layout.headings)


LOOKS = {
    "NPIs, by their check digit": ["1234567893", "1245319599"],
    "days": ["2026-02-10", "2026-02-11 00:00:00"],
    "days, years apart": ["1950-02-10", "2020-02-11", "1971-01-01"],
    "CPT or HCPCS codes": ["99213", "G0283", "0001F"],
    "ICD-10-CM codes": ["M54.50", "I10", "E119", "T50.904A"],
    "lists of ICD-10-CM codes": ["M54.50^I10", '["E11.9", "I10"]', "I10, E11.9"],
    "revenue codes": ["0450", "0300"],
    "amounts": ["$1,200.00", "12.50", "(3.00)"],
    "sexes": ["M", "f"],
    "modifiers": ["25", "LT", "25^59"],
    "places of service": ["11", "1", "22"],
}


@pytest.mark.parametrize("what", LOOKS)
def test_cells_are_told_by_what_they_look_like(what: str) -> None:
    found = look_of(pl.Series([*LOOKS[what], "", "NULL", None]))
    assert found is not None and found.what == what


@pytest.mark.parametrize(
    "cells",
    [["1234567890", "1234567891"], ["TX", "CA"], ["abc", "M54.50"], ["", None], ["12345678"], ["7", "123"]],
)
def test_cells_that_may_be_anything_are_nothing(cells: list[str | None]) -> None:
    assert look_of(pl.Series(cells, dtype=pl.String)) is None


def test_the_forms_of_days_are_counted() -> None:
    days = ["20260210", "2026-02-10", "2026-02-11", "02/10/2026", "31/12/2026", "46063", "20261399"]
    assert date_forms(pl.Series(days)) == {
        "iso": 2,
        "compact": 1,
        "us_slashes": 1,
        "excel_serial": 1,
        "day_first": 1,
    }


def test_check_answers_with_the_exit_codes_that_are_documented(tmp_path: Path) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_bytes(as_bytes([one_line()], "csv"))
    misspelt = _run("layouts", "check", "rif_carier", str(claims)).exception
    assert getattr(misspelt, "exit_code", None) == ExitCode.USAGE
    other = _run("layouts", "check", "rif_carrier", str(claims)).exception
    assert getattr(other, "exit_code", None) == ExitCode.CLAIM_FILE
    assert "no column" in str(other)
    nothing = _run("layouts", "check", "native", str(tmp_path)).exception
    assert getattr(nothing, "exit_code", None) == ExitCode.CLAIM_FILE


def test_check_tells_everything_to_programs(tmp_path: Path) -> None:
    rows = [one_line(claim_id=f"C{n}", units="x" if n == 2 else "1", note="E11.9") for n in range(1, 6)]
    rows.append(one_line(claim_id=""))
    claims = tmp_path / "claims.csv"
    claims.write_bytes(as_bytes(rows, "csv"))
    found = json.loads(_run("layouts", "check", "native", str(claims), "--json", "--claims", "2").stdout)
    assert (found["rows_read"], found["rows_rejected"]) == (6, 1)
    assert found["first_rows"] == [
        {"column": "", "reason": "no claim number", "rows": [7]},
        {"column": "units", "reason": "not a number", "rows": [3]},
    ]
    assert found["looks"] == {"note": "ICD-10-CM codes"}
    assert [claim["claim_id"] for claim in found["tables"]["claims"]] == ["C1", "C2"]
    assert [line["claim_id"] for line in found["tables"]["lines"]] == ["C1", "C2"]
    assert "claims.received_date" in found["missing"]
    silent = json.loads(_run("layouts", "check", "native", str(claims), "--json", "--claims", "0").stdout)
    assert all(rows == [] for rows in silent["tables"].values())


def test_check_shows_the_first_claims_of_a_batch_that_is_cut_in_shards(tmp_path: Path) -> None:
    from validator.claims.trial import try_layout

    rows = [one_line(claim_id=f"C{n}", patient_id=f"P{n}") for n in range(50)]
    claims = tmp_path / "claims.csv"
    claims.write_bytes(as_bytes(rows, "csv"))
    found = try_layout("native", claims, claims=7)
    assert found.tables["claims"]["claim_id"].to_list() == [f"C{n}" for n in range(7)]
    assert found.tables["lines"]["claim_id"].to_list() == [f"C{n}" for n in range(7)]


def test_check_shows_no_control_characters(tmp_path: Path) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_bytes(as_bytes([one_line(claim_id="C\x1b[31m1")], "csv"))
    assert "\x1b" not in _run("layouts", "check", "native", str(claims)).stdout


def test_shipped_layouts_can_be_named_and_headings_in_other_alphabets_too(tmp_path: Path) -> None:
    assert set(shipped_layouts()) >= {"native", "flat"}
    path, layout = tmp_path / "claims.csv", tmp_path / "own.yaml"
    path.write_text("番号,診断,日付\nC1,I10,2026-02-10\n", encoding="utf-8")
    layout.write_text(
        "layout: own\ntitle: Own\nfeed: submission\ncolumns:\n  claim_id: [番号]\n  diagnosis_1: [診断]\n  from_date: [日付]\n",
        encoding="utf-8",
    )
    assert read(path, layout=str(layout)).tables.diagnoses["code"].to_list() == ["I10"]
