"""Small rule folders for tests of the rules room."""

from pathlib import Path

from tests.spec.problem_cases import RISK, SAMPLE_FILE, changed_sample
from validator.rules.model import Rule
from validator.rules.nodes import read_text
from validator.rules.problems import Problems
from validator.rules.reading import read_rule

SETS = ("acute_stroke",)


def rule_of(fragment: str) -> Rule:
    """The sample rule with the keys of the fragment, read; every problem is raised."""
    problems = Problems()
    node = read_text(changed_sample(fragment), SAMPLE_FILE, problems)
    rule = read_rule(node, problems, value_sets=SETS) if node else None
    problems.raise_all()
    assert rule is not None
    return rule


def write_folder(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A rule folder with the sample rule and weights, and the files given (names below it)."""
    everything = {"risk.yaml": RISK, "claim/ZZ001-sample.yaml": changed_sample(""), **(files or {})}
    for name, text in everything.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
