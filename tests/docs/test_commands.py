"""Every command that a page shows in a shell block runs, in the order of the page, in a folder like a clone."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "docs" / "first-rule.md", *(ROOT / "docs" / "tutorials").glob("*.md")]
)
NIGHT = "validator run sample_claims --out reports --batch-date 2026-03-01 --fail-on never"
# What a page says has to be there before.
BEFORE = {"billing.md": [NIGHT], "README.md": []}
EXAMPLES = ROOT / "docs" / "commands" / "examples.txt"
PAGES.append(EXAMPLES)
# Commands about a machine of the reader's, about making the environment that runs the tests, or about files
# that cannot be shipped (tests/unit/reference adds files of their kinds).
NOT_HERE = re.compile(r"^(make|echo|pip|export|\.venv/)|/data/|^validator reference (add|remove|build)\b")


def shell_lines(page: Path) -> list[str]:
    if page == EXAMPLES:
        return [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_pages_show_commands() -> None:
    assert all(shell_lines(page) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_claims", tmp_path / "sample_claims")
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    for line in [*BEFORE.get(page.name, []), *shell_lines(page)]:
        if NOT_HERE.search(line):
            continue
        words = shlex.split(line)
        if words[0] == "cp":
            shutil.copytree(tmp_path / words[2], tmp_path / words[3])
            continue
        assert words[0] == "validator", line
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        findings = "run" in words and "--fail-on" not in words
        assert done.returncode in ((0, 1) if findings else (0,)), f"{line}\n{done.stdout}{done.stderr}"
        if page.name == "first-rule.md" and words[:3] == ["validator", "rules", "new"]:
            (rule,) = (tmp_path / "my_rules").rglob("ZZ001-*.yaml")
            (shown,) = re.findall(
                r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
            )
            rule.write_text(shown, encoding="utf-8")


def test_the_first_rule_finds_what_it_is_about(tmp_path: Path) -> None:
    """The page's rule on a claim with the code: what the page promises."""
    from datetime import date

    from tests.night.test_week import HEAD, claim
    from validator.run import Request, run_night

    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    page = (ROOT / "docs" / "first-rule.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (rules / "other").mkdir()
    (rules / "other" / "ZZ001-new-rule.yaml").write_text(shown, encoding="utf-8")
    (tmp_path / "claims.csv").write_text(HEAD + claim("A", "M54.50") + claim("B", "M54.51"))
    made = run_night(
        Request([str(tmp_path / "claims.csv")], date(2026, 2, 1), out=tmp_path / "out", rules=rules)
    )
    found = made.content.findings
    assert found.filter(found["rule_id"] == "ZZ001")["claim_id"].to_list() == ["A"]
