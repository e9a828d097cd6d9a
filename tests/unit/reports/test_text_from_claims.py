"""Text from claims becomes neither formula, link, markup nor manifest."""

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import polars as pl
import pytest

from validator.findings.schema import FINDINGS
from validator.reports import worklist
from validator.reports.run_folder import publish
from validator.reports.text import guarded, joined_lists, shown

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = (
    "=HYPERLINK(\"http://evil.example\",\"x\")", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1",
    "\r=1", "\n=1", "  =1+1", "＝1+1", "http://evil.example/x", "mailto:a@evil.example", "{=1+1}", "00100",
    "<script>alert(1)</script>", 'quote " comma , line\r\nbreak', "_x003D_1", "&amp;&lt;", "1E10",
)  # fmt: skip
FORMULAS = HOSTILE[:10]


def hostile_findings(maker: ModuleType) -> pl.DataFrame:
    texts = [
        "claim_id",
        "payer_id",
        "billing_npi",
        "rendering_npi",
        "code",
        "code_title",
        "message",
        "source_file",
    ]
    found = maker.make_findings(len(HOSTILE)).with_columns(pl.Series(name, HOSTILE) for name in texts)
    return found.with_columns(pl.concat_list(pl.Series("a", HOSTILE)).alias("suggestions"))


def sheet_rows(path: Path) -> list[dict[str, str]]:
    """Cells of the first sheet as {column letters: what a reader sees}, formulas marked as such."""
    with zipfile.ZipFile(path) as book:
        words = [
            "".join(item.itertext()) for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(f"{SHEET}row"):
        cells = {}
        for cell in row:
            assert cell.find(f"{SHEET}f") is None, "a formula"
            value = cell.findtext(f"{SHEET}v")
            if value is not None:
                letters = cell.attrib["r"].rstrip("0123456789")
                cells[letters] = words[int(value)] if cell.attrib.get("t") == "s" else value
        rows.append(cells)
    return rows


def test_no_cell_of_the_csv_can_be_a_formula(tmp_path: Path, maker: ModuleType) -> None:
    run = publish(tmp_path, maker.make_content(findings=hostile_findings(maker))).path
    with (run / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["claim_id"] for row in rows] == [f"'{text}" if text in FORMULAS else text for text in HOSTILE]
    assert not any(
        cell.lstrip()[:1] in tuple("=+-@＝＋－＠") for row in rows for cell in row.values() if cell
    )


def test_the_csv_is_rfc_4180(tmp_path: Path, maker: ModuleType) -> None:
    found = maker.make_findings(40)
    run = publish(tmp_path, maker.make_content(findings=found)).path
    text = (run / "findings.csv").read_bytes().decode("utf-8")
    assert text.count("\r\n") == 41 and text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == list(FINDINGS)
    assert [row["suggestions"] for row in rows] == [
        "; ".join(codes) for codes in found["suggestions"].to_list()
    ]
    assert [row["amount_at_risk"] for row in rows] == [str(amount) for amount in found["amount_at_risk"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_the_guard_puts_an_apostrophe_before_what_could_be_a_formula(text: str) -> None:
    assert guarded(pl.DataFrame({"a": [text, None, ""]}))["a"].to_list() == [f"'{text}", None, ""]


def test_the_workbook_holds_text_and_no_formula_or_link(tmp_path: Path, maker: ModuleType) -> None:
    run = publish(tmp_path, maker.make_content(findings=hostile_findings(maker))).path
    with zipfile.ZipFile(run / "worklist.xlsx") as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
        assert not any("<hyperlink" in book.read(name).decode() or "_rels" in name for name in sheets)
    header, *rows = sheet_rows(run / "worklist.xlsx")[1:]
    column = {title: letters for letters, title in header.items()}
    seen = {row[column["Claim"]] for row in rows}
    assert {text.replace("_x003D_", "_x005F_x003D_") for text in HOSTILE} == {
        text.replace("_x000D_", "\r") for text in seen
    }


def test_the_workbook_has_the_columns_that_are_filled_in_and_a_list_to_choose_from(
    tmp_path: Path, maker: ModuleType
) -> None:
    run = publish(tmp_path, maker.make_content(30)).path
    header, *rows = sheet_rows(run / "worklist.xlsx")[1:]
    assert list(header.values())[:3] == ["Severity", "Rule", "Claim"]
    column = {title: letters for letters, title in header.items()}
    assert not any(column[title] in row for row in rows for title in ("Disposition", "Owner", "Note"))
    with zipfile.ZipFile(run / "worklist.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert '"fixed,accepted,false alarm,query sent,snoozed until,to do"' in sheet.replace("&quot;", '"')
    assert 'state="frozen"' in sheet and "<autoFilter" in sheet


def test_the_worklist_is_sorted_by_expected_loss_and_leaves_out_what_is_settled(
    tmp_path: Path, maker: ModuleType
) -> None:
    found = maker.make_findings(80)
    standing = maker.make_standing(found)
    run = publish(tmp_path, maker.make_content(findings=found, standing=standing)).path
    header, *rows = sheet_rows(run / "worklist.xlsx")[1:]
    column = {title: letters for letters, title in header.items()}
    losses = [float(row[column["Expected loss of the claim"]]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert {row[column["Standing"]] for row in rows} == {"new", "open", "reopened"}
    to_do = standing.filter(pl.col("standing").is_in(["new", "open", "reopened"]))
    assert {row[column["Finding id"]] for row in rows} == set(to_do["finding_id"])


def test_dates_and_amounts_of_the_worklist_are_numbers(tmp_path: Path, maker: ModuleType) -> None:
    found = maker.make_findings(1)
    run = publish(tmp_path, maker.make_content(findings=found)).path
    header, row = sheet_rows(run / "worklist.xlsx")[1:]
    column = {title: letters for letters, title in header.items()}
    assert float(row[column["Amount at risk"]]) == float(found["amount_at_risk"][0])
    days = int(row[column["Code date"]])
    assert date.fromordinal(date(1899, 12, 30).toordinal() + days) == found["coding_date"][0]


def test_a_worklist_above_its_cap_says_so(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "ROWS_AT_MOST", 25)
    content = maker.make_content(60)
    first, _, *rows = sheet_rows(publish(tmp_path, content).path / "worklist.xlsx")
    assert len(rows) == 25
    assert "60 findings" in first["A"] and "Only the 25 riskiest" in first["A"]


def test_a_very_long_text_fits_its_cell(tmp_path: Path, maker: ModuleType) -> None:
    found = maker.make_findings(1).with_columns(pl.lit("😀" * 20_000).alias("message"))
    run = publish(tmp_path, maker.make_content(findings=found)).path
    header, row = sheet_rows(run / "worklist.xlsx")[1:]
    column = {title: letters for letters, title in header.items()}
    assert row[column["Finding"]] == "😀" * 16_000


def test_characters_that_turn_or_hide_text_are_shown_as_replaced() -> None:
    frame = pl.DataFrame(
        {"a": ["ab\u202ecd", "x\x00y", "a\u200bb", "line\nbreak", None], "b": [["\u2066"], [], None, [], []]}
    )
    assert shown(frame)["a"].to_list() == ["ab\ufffdcd", "x\ufffdy", "a\ufffdb", "line\nbreak", None]
    assert shown(frame)["b"].to_list()[:3] == [["\ufffd"], [], None]
    assert joined_lists(pl.DataFrame({"a": [["x", "y"], []]}))["a"].to_list() == ["x; y", ""]


def test_run_json_tells_everything_and_no_value_of_a_claim(tmp_path: Path, maker: ModuleType) -> None:
    text_columns = [name for name, type_ in FINDINGS.items() if type_ == pl.String
                    and name not in ("rule_id", "finding_id", "claim_key")]  # fmt: skip
    found = maker.make_findings(20).with_columns(
        pl.lit(f"CANARY-{name}").alias(name) for name in text_columns
    )
    content = maker.make_content(
        findings=found,
        suppressions=[
            {
                "rule_id": "DX002",
                "where": {"claim.id": "CANARY-where"},
                "reason": "agreed",
                "by": "coding lead",
            }
            | {"until": date(2026, 6, 30), "state": "used", "findings": 2}
        ],
    )
    content.inputs[0]["first_row"] = "CANARY-of-a-new-key"
    text = (publish(tmp_path, content).path / "run.json").read_text(encoding="utf-8")
    assert "CANARY" not in text
    manifest = json.loads(text)
    assert manifest["suppressions"][0]["where"] == ["claim.id"]
    assert {rule["rule_id"] for rule in manifest["rules"]} == {rule.rule_id for rule in content.rules}
    assert manifest["inputs"][0]["rows_read"] == 30_000
    assert manifest["reference"]["covers_to"] == "2026-09-30"
    assert manifest["exit_code"] == 1
    assert set(manifest["outputs"]) == {
        "report.html", "worklist.xlsx", "findings.parquet", "findings.csv", "standing.parquet",
        "claims_at_risk.parquet", "rules.csv", "rejected_rows.parquet", "superseded_claims.parquet",
    }  # fmt: skip
