"""A run made again from its run.json says that all is the same, or which thing differs and what it changed."""

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from tests.night.test_week import HEAD, claim, night
from validator.audit.compare import compare, in_words
from validator.audit.explain import explain_claim
from validator.audit.explain import in_words as explained
from validator.audit.rerun import in_words as told_in_words
from validator.audit.rerun import request_of, rerun, side_of
from validator.audit.runs import FinishedRun, open_run
from validator.cli import app
from validator.errors import ClaimFileError, OutputError, UsageError
from validator.reference.lookup import open_reference
from validator.reports.prune import prune
from validator.reports.store import STORE
from validator.run import judge_again
from validator.shipped import rules_folder

HEADER, FINE, UNKNOWN = "M53.2", "L30.8", "M99.999"


def a_run(folder: Path, **asked: object) -> FinishedRun:
    made = night(folder, 1, claim("A", HEADER), claim("B", FINE), claim("C", UNKNOWN), **asked)
    return open_run(made.published.path)


def again(run: FinishedRun, *files: str, **asked: object):  # type: ignore[no-untyped-def]
    return rerun(run, request_of(run, files, **asked))  # type: ignore[arg-type]


def changed_rules(folder: Path) -> Path:
    """The shipped rules, with DX001 of another severity."""
    rules = shutil.copytree(rules_folder(), folder / "rules")
    [file] = rules.rglob("DX001-*.yaml")
    text = file.read_text()
    assert "is: reject" in text or "severity: reject" in text
    file.write_text(text.replace("is: reject", "is: deny").replace("severity: reject", "severity: deny"))
    return rules


def changed_reference(folder: Path) -> Path:
    """The reference, with one code made a header."""
    path = folder / "codes.duckdb"
    shutil.copy(open_reference().path, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update code set history = (select history from code where code = 'M532') where code = 'L308'"
        )
        connection.execute("update meta set sha256 = 'changed'")
    return path


def test_the_same_again_is_identical(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    told = again(run)
    assert told.identical and told.differences == ()
    sha256 = run.manifest["outputs"]["findings.parquet"]["sha256"]
    assert told_in_words(told) == f"identical: 2 findings, hash {sha256}"


def test_one_changed_byte_of_an_input_is_named_with_what_it_changed(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    file = tmp_path / "night1.csv"
    file.write_text(file.read_text().replace(FINE, "L30.9"))
    told = again(run)
    assert [(each.kind, each.name) for each in told.differences] == [("input", "night1.csv")]
    assert told.causes.is_empty() and not told.identical, "the keys of the claims hold the hash of the file"
    assert "no finding differs but in the key of its claim" in told_in_words(told)
    file.write_text(file.read_text().replace("L30.9", "L30.Z"))
    told = again(run)
    assert not told.identical
    assert told.causes.select("change", "rule_id", "claim_id", "cause").rows() == [
        ("new", "DX001", "B", "input night1.csv")
    ]
    assert "B" in told_in_words(told) and "night1.csv has another content" in told_in_words(told)


def test_a_changed_rule_is_named_with_what_it_changed(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    told = again(run, rules=changed_rules(tmp_path))
    assert [(each.kind, each.name) for each in told.differences] == [("rule", "DX001")]
    assert told.causes.select("change", "rule_id", "claim_id", "cause").rows() == [
        ("severity changed", "DX001", "C", "rule DX001")
    ]


def test_a_changed_reference_row_is_named_with_what_it_changed(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    told = again(run, reference=changed_reference(tmp_path))
    assert [each.kind for each in told.differences] == ["reference"]
    assert told.causes.select("change", "rule_id", "claim_id").rows() == [("new", "DX002", "B")]
    assert told.causes["cause"][0].startswith("reference ")


def test_an_older_run_is_made_again_with_its_own_rules_and_reference(tmp_path: Path) -> None:
    rules, reference = changed_rules(tmp_path), changed_reference(tmp_path)
    run = a_run(tmp_path, rules=rules, reference=reference)
    assert run.findings.height == 3
    shutil.rmtree(rules)
    reference.unlink()
    assert again(run).identical, "what the store keeps does not go with what it was made of"
    today = again(run, own_copies=False)
    assert {each.kind for each in today.differences} == {"rule", "reference"}
    assert today.causes["change"].to_list() == ["gone", "severity changed"]


@pytest.mark.parametrize("kind", ["rules", "reference"])
def test_a_copy_that_was_changed_or_is_gone_is_told(tmp_path: Path, kind: str) -> None:
    run = a_run(tmp_path)
    [copy] = (run.out / STORE).glob(f"{kind}-*")
    file = next(copy.rglob("DX001*")) if copy.is_dir() else copy
    content = file.read_bytes()
    file.unlink()  # it may be the reference itself under another name
    file.write_bytes(content + b"\n")
    with pytest.raises(OutputError, match=f"the {kind} of the run were changed"):
        again(run)
    shutil.rmtree(copy) if copy.is_dir() else copy.unlink()
    with pytest.raises(OutputError, match=f"the {kind} of the run are not in the store"):
        again(run)


def test_inputs_may_have_moved_and_are_told_when_they_are_gone(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    elsewhere = tmp_path / "archive"
    elsewhere.mkdir()
    shutil.move(tmp_path / "night1.csv", elsewhere / "night1.csv")
    with pytest.raises(ClaimFileError, match="an input of the run is not there"):
        again(run)
    assert again(run, str(elsewhere)).identical
    (elsewhere / "night2.csv").write_text(HEAD + claim("Z", HEADER))
    told = again(run, str(elsewhere))
    assert [(each.name, each.says) for each in told.differences] == [("night2.csv", "was not there")]


def test_the_command_says_by_its_exit_code_whether_all_is_the_same(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    done = CliRunner().invoke(app, ["rerun", str(run.path)])
    assert done.exit_code == 0 and "identical: 2 findings" in done.output
    file = tmp_path / "night1.csv"
    file.write_text(file.read_text().replace(FINE, "=cmd|x"))
    written = tmp_path / "changes.csv"
    done = CliRunner().invoke(app, ["rerun", str(run.path), "--csv", str(written)])
    assert done.exit_code == 1 and "NOT identical" in done.output
    assert written.stat().st_mode & 0o777 == 0o600 and written.read_text().startswith("finding_id,change")


def test_two_runs_are_compared_by_finding(tmp_path: Path) -> None:
    one = a_run(tmp_path)
    made = night(tmp_path, 2, claim("A", HEADER), claim("B", UNKNOWN), claim("D", HEADER))
    told = compare(side_of(one), side_of(open_run(made.published.path)))
    words = told.changes.select("claim_id", "change").sort("claim_id").rows()
    assert words == [("A", "unchanged"), ("B", "new"), ("C", "gone"), ("D", "new")]
    assert told.counts("rule_id").select("rule_id", "new", "gone", "unchanged").rows() == [
        ("DX001", 1, 1, 0),
        ("DX002", 1, 0, 1),
    ]
    assert told.claims_by_severity().row(0)[1:3] == (2, 3)
    text = in_words(told)
    assert "2 new, 1 gone, 0 severity changed, 0 otherwise changed, 1 unchanged" in text
    assert "reject: 2 -> 3 claims (+1), $200.00 -> $300.00 (+100.00)" in text


def test_what_if_a_rule_weighed_less(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    other = judge_again(request_of(run, severities={"DX002": "advise"}))
    told = compare(side_of(run), side_of(run).__class__("what if", other.findings, other.totals))
    assert told.changes.filter(pl.col("change") == "severity changed")["rule_id"].to_list() == ["DX002"]
    page = tmp_path / "what-if.html"
    done = CliRunner().invoke(app, ["diff", str(run.path), "--what-if", "dx002=advise", "--html", str(page)])
    assert done.exit_code == 0
    assert "what if dx002=advise" in done.output
    shown = page.read_text()
    assert "<b>1 finding differs.</b>" in " ".join(shown.split()) and "−$100.00" in shown
    assert "reject: 2 -> 1 claims (-1), $200.00 -> $100.00 (-100.00)" in done.output
    for arguments in (["--what-if", "DX002=worse"], ["--what-if", "XX999=deny"], []):
        done = CliRunner().invoke(app, ["diff", str(run.path), *arguments])
        assert isinstance(done.exception, UsageError), arguments


def test_a_claim_is_explained_rule_by_rule(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    [told] = explain_claim(run, request_of(run), "A")
    by_rule = {rule.rule_id: rule for rule in told.rules}
    assert by_rule["DX002"].outcome == "flagged"
    assert by_rule["DX002"].rows[0].read["icd10.status"] == "header"
    assert by_rule["DX001"].outcome == "out_of_scope", "DX002 has spoken"
    assert {rule.outcome for rule in told.rules} == {"flagged", "not_evaluated", "clear", "out_of_scope"}
    assert told.diagnoses == ("principal 1: M53.2, Spinal instabilities, header on 2026-01-15",)
    text = explained([told])
    assert text.startswith("night1.csv, row 2") and "DX002 flagged: Header diagnosis code" in text
    counts = {row["rule_id"]: row for row in run.manifest["rules"]}
    for rule in told.rules:
        for word in ("flagged", "not_evaluated"):
            assert counts[rule.rule_id][word] >= sum(row.outcome == word for row in rule.rows)


def test_a_finding_leads_back_to_its_file_and_row(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    finding = run.findings.filter(pl.col("claim_id") == "C")["finding_id"][0]
    [told] = explain_claim(run, request_of(run), finding)
    assert (told.source_file, told.source_row) == ("night1.csv", 4)
    assert [(rule.rule_id, rule.outcome) for rule in told.rules] == [("DX001", "flagged")]
    done = CliRunner().invoke(app, ["explain", str(run.path), finding, "--json"])
    assert json.loads(done.output)[0]["source_row"] == 4
    with pytest.raises(UsageError, match="no claim of these inputs has this number"):
        explain_claim(run, request_of(run), "NOBODY")


def test_a_replaced_claim_says_why_it_is_not_judged(tmp_path: Path) -> None:
    made = night(tmp_path, 1, claim("A", HEADER), claim("A7", FINE, frequency="7", original="A"))
    run = open_run(made.published.path)
    [told] = explain_claim(run, request_of(run), "A")
    assert told.superseded == "replaced by claim A7" and "not judged" in explained([told])


def test_copies_that_no_run_needs_go_with_the_runs(tmp_path: Path) -> None:
    a_run(tmp_path, rules=changed_rules(tmp_path))
    night(tmp_path, 2, claim("A", HEADER))
    store = tmp_path / "out" / STORE
    assert len(list(store.iterdir())) == 3
    prune(tmp_path / "out", date(2026, 2, 2), dry=True)
    assert len(list(store.iterdir())) == 3
    prune(tmp_path / "out", date(2026, 2, 2))
    assert sorted(path.name.split("-")[0] for path in store.iterdir()) == ["reference", "rules"]
