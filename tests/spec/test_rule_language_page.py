"""Every YAML block of docs/rule-language.md is read by the program without a complaint."""

import re
from pathlib import Path

import pytest

from tests.spec.problem_cases import RISK, SAMPLE, changed_sample
from validator.rules.folder import read_rule_folder

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rule-language.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
SECOND = SAMPLE.replace("ZZ001", "ZZ002").replace("dental", "pharmacy")


def test_the_page_shows_rules_and_files() -> None:
    assert len(BLOCKS) > 8


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_a_block_of_the_page_can_be_read(block: str, tmp_path: Path) -> None:
    files = {"risk.yaml": RISK, "claim/ZZ001-sample.yaml": SAMPLE, "claim/ZZ002-second.yaml": SECOND}
    if block.startswith("# rules/"):
        files[block.split("\n", 1)[0].removeprefix("# rules/")] = block
    elif block.startswith("rule:"):
        files["code_set/DX900-header.yaml"] = block
    else:
        files["claim/ZZ001-sample.yaml"] = changed_sample(block)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_rule_folder(tmp_path, value_sets=()).rules


def test_the_page_names_every_key_of_a_rule_and_every_test() -> None:
    from validator.rules.conditions import OPERATORS
    from validator.rules.parts import SUGGEST_KINDS
    from validator.rules.reading import KEYS

    page = PAGE.read_text(encoding="utf-8")
    missing = [word for word in (*KEYS, *OPERATORS, *SUGGEST_KINDS) if not re.search(rf"\b{word}\b", page)]
    assert missing == []


def test_the_page_names_every_table_and_value_set_that_a_rule_may_name() -> None:
    from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES

    page = PAGE.read_text(encoding="utf-8")
    facts = [
        f"{table}.{fact.name}" for table, keyed in KEYED_TABLES.items() if keyed.file for fact in keyed.facts
    ]
    missing = [
        name for name in (*PAIR_TABLES, *KEYED_TABLES, *OFFICIAL_SETS, *facts) if f"`{name}`" not in page
    ]
    assert missing == []


def test_the_page_names_every_word_of_a_search_and_every_placeholder_of_its_own() -> None:
    from validator.rules.exists import SEARCH_KEYS
    from validator.rules.message import DAY, NOTE, OTHER_TITLE, PROVIDER, SHARE

    page = PAGE.read_text(encoding="utf-8")
    words = (*SEARCH_KEYS, *(f"{{{name}}}" for name in (*DAY, NOTE, OTHER_TITLE, *PROVIDER, *SHARE)))
    assert [word for word in words if word not in page] == []
