"""`validator rules`: what is printed and what is returned."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.spec.problem_cases import changed_sample
from tests.unit.rules.rule_files import write_folder
from validator.cli import app
from validator.errors import ExampleError, ExitCode, UsageError
from validator.rules.folder import read_rule_folder
from validator.rules.problems import RuleProblemsError


@dataclass(frozen=True)
class FakeResult:
    """What validator.engine.examples gives back, without running anything."""

    rule_id: str
    says: str
    expect: str
    outcome: str
    place: object = None

    @property
    def holds(self) -> bool:
        return self.expect == self.outcome


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Outcome by the words of an example; the expected one unless a test says otherwise. No engine runs."""
    wrong: dict[str, str] = {}

    def run_examples(rules, rule_set, reference) -> list[FakeResult]:
        return [
            FakeResult(rule.rule_id, e.says, e.expect, wrong.get(e.says, e.expect), e.place)
            for rule in rules
            for e in rule.examples
        ]

    monkeypatch.setattr("validator.engine.examples.run_examples", run_examples)
    monkeypatch.setattr("validator.reference.lookup.open_reference", lambda: None)
    return wrong


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draft = changed_sample("rule: ZZ002\nstatus: draft\nflag_when: {claim.type: pharmacy}\n")
    left_out = changed_sample("rule: ZZ003\nflag_when: {claim.type: unknown}\n")
    profile = "except: [ZZ003]\n"
    files = {"claim/ZZ002.yaml": draft, "claim/ZZ003.yaml": left_out, "profiles/default.yaml": profile}
    return write_folder(tmp_path / "rules", files)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["rules", *words, "--rules", "rules"])


def test_list_shows_every_rule_and_what_does_not_run(folder: Path) -> None:
    assert run("list").output.splitlines() == [
        "ZZ001  v1  active   claim      deny          A sample",
        "ZZ002  v1  draft    claim      deny          A sample",
        "ZZ003  v1  active   claim      deny          A sample  (not in this profile)",
    ]


def test_list_for_programs(folder: Path) -> None:
    listed = json.loads(run("list", "--json").output)
    assert [(rule["rule"], rule["status"], rule["runs"]) for rule in listed] == [
        ("ZZ001", "active", True),
        ("ZZ002", "draft", False),
        ("ZZ003", "active", False),
    ]


def test_show_prints_the_page_and_takes_small_letters(folder: Path) -> None:
    assert run("show", "zz001").output.startswith("# ZZ001 A sample\n\n**active**")
    shown = json.loads(run("show", "ZZ001", "--json").output)
    assert shown["file"] == "rules/claim/ZZ001-sample.yaml"
    assert shown["examples"][0] == {
        "says": "a dental claim",
        "given": {"claim": {"type": "dental"}},
        "expect": "flagged",
    }


def test_a_rule_that_does_not_exist(folder: Path) -> None:
    error = run("show", "ZZ01").exception
    assert isinstance(error, UsageError)
    assert str(error) == 'there is no rule "ZZ01" in rules\n  did you mean "ZZ001"?'


def test_explain_says_english_polars_and_inputs(folder: Path) -> None:
    lines = run("explain", "ZZ001").output.splitlines()
    assert lines[:6] == [
        "ZZ001 A sample",
        "",
        "Each claim is judged.",
        "It is flagged when the claim type is dental.",
        "Severity: deny.",
        "",
    ]
    assert lines[6] == "As Polars runs it"
    assert any('col("claim.type")' in line and "dental" in line for line in lines[7:9])
    assert lines[-3:] == ["It reads", "  columns: claim.type", "  tables: claim"]
    assert json.loads(run("explain", "ZZ001", "--json").output)["inputs"]["columns"] == ["claim.type"]


def test_check_and_lock_together(folder: Path, outcomes: dict[str, str]) -> None:
    before = run("check")
    assert isinstance(before.exception, RuleProblemsError)
    assert before.exception.exit_code == ExitCode.BROKEN_RULE
    assert "R204" in str(before.exception)
    assert run("lock").output == "rules.lock is written\n"
    assert run("lock").output == "rules.lock was up to date\n"
    assert run("check").output == "3 rules and 6 examples are in order\n"


def test_check_can_bring_the_lock_up_to_date(folder: Path, outcomes: dict[str, str]) -> None:
    assert run("check", "--update").output == "3 rules and 6 examples are in order\n"
    assert (folder / "rules.lock").is_file()


def test_check_for_programs(folder: Path, outcomes: dict[str, str]) -> None:
    answer = run("check", "--json")
    assert answer.exit_code == ExitCode.BROKEN_RULE
    (problem,) = json.loads(answer.output)["problems"]
    assert problem == {
        "code": "R204",
        "file": "rules/rules.lock",
        "line": None,
        "column": None,
        "what": "no version of a rule is locked yet",
        "fix": "run `validator rules lock`",
    }
    assert json.loads(run("check", "--update", "--json").output) == {"problems": [], "examples": []}


def test_an_example_that_fails(folder: Path, outcomes: dict[str, str]) -> None:
    run("lock")
    outcomes["a dental claim"] = "clear"
    for words in (["check"], ["test"], ["test", "ZZ001"]):
        error = run(*words).exception
        assert isinstance(error, ExampleError)
        assert error.exit_code == ExitCode.EXAMPLES
        first = "rules/claim/ZZ001-sample.yaml:15:5: ZZ001 is clear, expected flagged: a dental claim"
        assert str(error).splitlines()[1] == first
    answer = run("check", "--json")
    assert answer.exit_code == ExitCode.EXAMPLES
    assert [found["rule"] for found in json.loads(answer.output)["examples"]] == ["ZZ001", "ZZ002", "ZZ003"]
    assert run("test", "--json").exit_code == ExitCode.EXAMPLES


def test_examples_of_one_rule(folder: Path, outcomes: dict[str, str]) -> None:
    assert run("test", "zz001").output.splitlines() == [
        "holds  flagged       a dental claim",
        "holds  clear         the clean claim",
        "2 examples of ZZ001 come out as they say",
    ]
    assert run("test").output == "6 examples of 3 rules come out as they say\n"


def test_examples_of_retired_rules_are_left_alone(folder: Path, outcomes: dict[str, str]) -> None:
    write_folder(folder, {"claim/ZZ002.yaml": changed_sample("rule: ZZ002\nstatus: retired\n")})
    assert run("test").output == "4 examples of 2 rules come out as they say\n"


def test_docs_are_written_checked_and_removed(folder: Path) -> None:
    assert run("docs", "--check").exit_code == 1
    assert run("docs").output == "6 pages, 6 written, 0 removed\n"
    assert run("docs", "--check").exit_code == 0
    (folder / "claim" / "ZZ002.yaml").unlink()
    stale = run("docs", "--check")
    assert stale.exit_code == 1
    assert "docs/rules/ZZ002.md: there is no such rule" in stale.output
    assert run("docs").output == "5 pages, 1 written, 1 removed\n"
    assert not Path("docs/rules/ZZ002.md").exists()


@pytest.mark.parametrize("grain", ["diagnosis", "line", "claim", "provider"])
def test_a_new_rule_is_a_draft_in_order(folder: Path, outcomes: dict[str, str], grain: str) -> None:
    said = run("new", "px399", "--check-each", grain)
    path = Path("rules/procedures/PX399-new-rule.yaml")
    assert said.output.startswith(f"{path}: a draft")
    assert "  - {title: The official text, section: its section, checked: 20" in path.read_text("utf-8")
    rule = read_rule_folder(folder).files["PX399"].rule
    assert (rule.status, rule.check_each) == ("draft", grain)
    assert {example.expect for example in rule.examples} >= {"flagged", "clear"}
    assert run("check", "--update").output == "4 rules and 9 examples are in order\n"


def test_a_new_rule_of_no_known_group_has_a_folder_of_its_own(folder: Path) -> None:
    assert run("new", "ZZ900").exit_code == 0
    assert (folder / "other" / "ZZ900-new-rule.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ZZ002",), "ZZ002 is the id of rules/claim/ZZ002.yaml"),
        (("ZZ2",), '"ZZ2" is no rule id'),
        (("ZZ900", "--check-each", "lines"), 'no rule checks each "lines"'),
    ],
)
def test_a_new_rule_needs_a_free_id_and_a_grain(folder: Path, words: tuple[str, ...], said: str) -> None:
    before = sorted(folder.rglob("*"))
    error = run("new", *words).exception
    assert isinstance(error, UsageError)
    assert said in str(error)
    assert sorted(folder.rglob("*")) == before
