"""Every problem of a rule file is reported as the docs say: the whole text, caret included."""

import re
from pathlib import Path

import pytest
import yaml

from tests.spec.problem_cases import SAMPLE_FILE, Case, read_cases
from validator.rules.checks import check_folder
from validator.rules.folder import read_rule_folder
from validator.rules.lock import LOCK, lock_text
from validator.rules.problems import RuleProblemsError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors-rules.md"
VALUE_SETS = ("acute_stroke", "medicare_payers")
# No sample rule can show these: they are about files and arguments. tests/unit/rules/test_folder.py does.
WITHOUT_CASE = ("R001", "R032")

DOCUMENTED = list(read_cases(PAGE))
MORE = [
    case for page in sorted((ROOT / "tests/spec/rule_problems").glob("*.md")) for case in read_cases(page)
]


def problems_of(case: Case, folder: Path) -> str:
    """Every problem that reading, or for R1 and R2 checking, reports."""
    case.write(folder)
    rules = Path("rules")
    try:
        if case.code < "R100":
            read_rule_folder(rules, value_sets=VALUE_SETS)
        else:
            if "rules/rules.lock" not in case.files:
                locked = read_rule_folder(rules, value_sets=VALUE_SETS)
                (folder / "rules" / LOCK).write_text(lock_text(locked.rules), encoding="utf-8")
            check_folder(rules, value_sets=VALUE_SETS)
    except RuleProblemsError as error:
        # A house rule is shown alone: the sample may break another one on the way.
        found = [p for p in error.problems if case.code < "R100" or p.code == case.code]
        return "\n\n".join(map(str, found))
    return "no problem"


@pytest.mark.parametrize(
    "case", [c for c in DOCUMENTED + MORE if c.code not in WITHOUT_CASE], ids=lambda c: f"{c.code} {c.title}"
)
def test_the_message_is_the_one_that_is_promised(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert case.files and case.says, "a case shows what is written and what is said"
    assert problems_of(case, tmp_path) == case.says
    assert case.code in case.says


@pytest.mark.parametrize(
    "case", [c for c in DOCUMENTED + MORE if "R002" <= c.code <= "R004"], ids=lambda c: f"{c.code} {c.title}"
)
def test_the_message_is_the_same_where_yaml_has_no_c_parser(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("validator.rules.nodes._LOADER", yaml.SafeLoader)
    assert problems_of(case, tmp_path) == case.says


def test_the_sample_itself_is_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems_of(Case("R100", "", {}, ""), tmp_path) == "no problem"
    assert (tmp_path / SAMPLE_FILE).is_file()


def test_every_code_has_one_section_and_every_section_a_code() -> None:
    sources = (ROOT / "validator" / "rules").glob("*.py")
    used = {code for path in sources for code in re.findall(r'"(R\d{3})"', path.read_text(encoding="utf-8"))}
    sections = [case.code for case in DOCUMENTED]
    assert sections == sorted(used)
