"""The page as a file: what stands in it without any browser."""

import base64
import dataclasses
import gzip
import json
import re
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from validator.reports import page
from validator.reports.html import environment
from validator.reports.packing import codes_of_claims, packed
from validator.reports.run_folder import publish
from validator.reports.summary import summarize


def html_of(out: Path, content: object) -> str:
    return (publish(out, content).path / "report.html").read_text(encoding="utf-8")  # type: ignore[arg-type]


def without_scripts(html: str) -> str:
    return re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)


def unpacked(html: str) -> dict:
    inside = re.search(r'id="findings-data">([^<]*)</script>', html)
    assert inside
    return json.loads(gzip.decompress(base64.b64decode(inside[1])))


def test_the_policy_names_the_scripts_by_hash_and_allows_nothing_else(
    tmp_path: Path, maker: ModuleType
) -> None:
    html = html_of(tmp_path, maker.make_content(5))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy and policy[1].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[1] and "http" not in policy[1]
    assert policy[1].count("sha256-") == 3


def test_the_page_points_at_no_other_place(tmp_path: Path, maker: ModuleType) -> None:
    """Neither source maps nor fonts nor links: only the files beside it and places within it."""
    html = html_of(tmp_path, maker.make_content(60))
    assert "sourceMappingURL" not in html
    targets = set(re.findall(r'(?:href|src)="([^"]*)"', without_scripts(html)))
    beside = {target for target in targets if not target.startswith("#")}
    assert beside == {"findings.csv", "worklist.xlsx", "rules.csv", "run.json"}
    assert " style=" not in without_scripts(html) and " onclick" not in html


def test_the_title_says_that_the_page_contains_phi(tmp_path: Path, maker: ModuleType) -> None:
    assert "<title>Contains PHI · claims coding 2026-02-10</title>" in html_of(
        tmp_path, maker.make_content(5)
    )


def test_the_first_line_says_whether_the_batch_is_whole(tmp_path: Path, maker: ModuleType) -> None:
    whole = html_of(tmp_path / "a", maker.make_content(5))
    assert re.search(
        r'<main class="page">\s*<section[^>]*>\s*<p class="verdict good"><b>The batch ran whole', whole
    )
    inputs = [
        *maker.make_content(5).inputs,
        {"path": "march.csv", "error": "row 1: no column holds a claim id"},
    ]
    broken = html_of(tmp_path / "b", maker.make_content(5, whole=False, inputs=inputs))
    assert re.search(
        r'<main class="page">\s*<section[^>]*>\s*<p class="verdict bad"><b>The batch is not whole', broken
    )
    assert "1 file of 3 could not be read" in broken and "march.csv" in broken
    assert "no column holds a claim id" in broken


def test_every_rule_stands_in_the_plain_table_also_those_that_found_nothing(
    tmp_path: Path, maker: ModuleType
) -> None:
    html = without_scripts(html_of(tmp_path, maker.make_content(5)))
    for rule in maker.rule_texts():
        assert f'id="rule-{rule.rule_id}"' in html
    assert "claim.received_date is not in the feed (412 rows)" in html


def test_why_rules_could_not_judge_is_counted_once_for_each_reason(tmp_path: Path, maker: ModuleType) -> None:
    html = without_scripts(html_of(tmp_path, maker.make_content(5)))
    assert re.search(r"424 × claim\.received_date is not in the feed <small>\(CL402, DX205\)</small>", html)
    assert re.search(r"400 × patient\.sex is blank <small>\(DX205\)</small>", html)


def test_a_rule_with_nothing_in_scope_is_not_shown_as_passed(tmp_path: Path, maker: ModuleType) -> None:
    content = maker.make_content(5)
    counts = content.rule_counts.with_columns(
        pl.when(pl.col("rule_id") == "PX311").then(0).otherwise(pl.col(name)).cast(pl.UInt64).alias(name)
        for name in ("flagged", "clear", "not_evaluated")
    )
    assert "nothing to judge" in html_of(tmp_path, maker.make_content(5, rule_counts=counts))


def test_what_needs_no_script_holds_the_riskiest_findings(tmp_path: Path, maker: ModuleType) -> None:
    html = html_of(tmp_path, maker.make_content(300))
    inside = re.search(r"<noscript>.*?</noscript>", html, flags=re.DOTALL)
    assert inside and inside[0].count("<tr>") == 201
    assert 'href="findings.csv"' in inside[0]


def test_markup_from_claims_is_escaped_in_the_plain_parts(tmp_path: Path, maker: ModuleType) -> None:
    texts = ["claim_id", "payer_id", "billing_npi", "code", "code_title", "message", "source_file"]
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    found = maker.make_findings(3).with_columns(pl.lit(hostile).alias(name) for name in texts)
    html = html_of(tmp_path, maker.make_content(findings=found))
    assert "<script>alert" not in html and "<img" not in html
    assert html.count("<script") == 3
    assert "&lt;script&gt;alert(1)" in html


def test_the_list_has_every_finding_and_no_patient(tmp_path: Path, maker: ModuleType) -> None:
    content = maker.make_content(60)
    html = html_of(tmp_path, content)
    found = unpacked(html)
    assert found["rows"] == 60
    assert "patient_id" not in found["columns"]
    text = gzip.decompress(base64.b64decode(re.search(r'findings-data">([^<]*)', html)[1])).decode()  # type: ignore[index]
    assert not any(patient in text or patient in html for patient in content.findings["patient_id"])


def test_a_packed_column_unpacks_to_what_went_in(maker: ModuleType) -> None:
    content = maker.make_content(200)
    rows, in_all = page.riskiest_first(content, rows_at_most=150)
    assert (rows.height, in_all) == (150, 200)
    rows, _ = codes_of_claims(rows, content.claim_codes)
    found = json.loads(gzip.decompress(base64.b64decode(packed(rows, {}))))
    columns = {
        name: [column["words"][i] for i in column["at"]] if isinstance(column, dict) else column
        for name, column in found["columns"].items()
    }
    assert columns["message"] == rows["message"].to_list()
    assert columns["claim_id"] == rows["claim_id"].to_list()
    assert columns["payer_id"] == [payer or "" for payer in rows["payer_id"]]
    assert columns["amount_at_risk"] == [int(amount * 100) for amount in rows["amount_at_risk"]]
    assert columns["finding_id"] == [finding[:10] for finding in rows["finding_id"]]


def test_a_list_above_its_cap_holds_the_riskiest_and_says_so(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROWS_AT_MOST", 25)
    content = maker.make_content(60)
    html = html_of(tmp_path, content)
    assert "the 25 riskiest of 60 findings" in html
    found = unpacked(html)
    assert found["rows"] == 25
    losses = found["columns"]["expected_loss"]
    losses = [losses["words"][i] for i in losses["at"]] if isinstance(losses, dict) else losses
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == int(content.claims_at_risk["expected_loss"].max() * 100)


def test_a_group_never_counts_a_claim_for_more_than_it_has_at_risk(maker: ModuleType) -> None:
    content = maker.make_content(500)
    for group in summarize(content).groups:
        if group.column != "code":
            assert sum(row["amount"] for row in group.rows) <= content.claims_at_risk["amount_at_risk"].sum()
    by_file = {
        row["value"]: row["amount"]
        for row in next(g for g in summarize(content).groups if g.column == "source_file").rows
    }
    true = content.claims_at_risk.group_by("source_file").agg(pl.col("amount_at_risk").sum())
    assert by_file == dict(zip(true["source_file"], true["amount_at_risk"], strict=True))


def test_without_a_ledger_everything_is_new(maker: ModuleType) -> None:
    content = maker.make_content(50)
    assert summarize(content).standing["new"] == 50
    found = content.findings
    some = summarize(maker.make_content(findings=found, standing=maker.make_standing(found)))
    assert sum(some.standing.values()) == 50 and 0 < some.standing["new"] < 50
    assert sum(row.new for row in some.rules) == some.standing["new"]


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.00001, "< 0.01 %"), (0.99999, "> 99.99 %"), (0.0523, "5.23 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_everything(value: float, said: str) -> None:
    assert environment().filters["share"](value) == said


def test_a_quarter_of_a_million_findings_are_put_in_order(maker: ModuleType) -> None:
    """Polars plans big sorts differently; one of its plans broke down on a wrongly typed standing."""
    few = maker.make_findings(2_000)
    many = pl.concat([few] * 125).with_columns(
        (pl.int_range(pl.len()) * 7_919 % 1_000_003).cast(pl.String).alias("finding_id")
    )
    rows, in_all = page.riskiest_first(maker.make_content(findings=many), rows_at_most=1_000, to_do_only=True)
    assert (rows.height, in_all) == (1_000, 250_000)
    assert rows["expected_loss"].is_sorted(descending=True)


def test_a_list_that_stands_in_for_an_official_one_says_so_on_the_page(
    tmp_path: Path, maker: ModuleType
) -> None:
    content = maker.make_content(60)
    note = "Stands in for the printed list of the toolkit"
    flagged = content.findings["rule_id"][0]
    rules = tuple(
        dataclasses.replace(rule, stand_ins=(note,)) if rule.rule_id == flagged else rule
        for rule in content.rules
    )
    html = html_of(tmp_path, dataclasses.replace(content, rules=rules))
    assert note in without_scripts(html)
    assert html.count(note) >= 2  # in the table of rules, and for the drawer of a finding
