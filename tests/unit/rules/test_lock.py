"""rules.lock follows the rules, and refuses logic that moves under its version."""

from pathlib import Path

import pytest

from tests.spec.problem_cases import changed_sample
from tests.unit.rules.rule_files import write_folder
from validator.rules.folder import RuleFolder, read_rule_folder
from validator.rules.lock import LOCK, lock_text, write_lock
from validator.rules.problems import RuleProblemsError

RULE = "claim/ZZ001-sample.yaml"


def folder_with(path: Path, fragment: str = "") -> RuleFolder:
    return read_rule_folder(write_folder(path, {RULE: changed_sample(fragment)}))


def codes(folder: RuleFolder) -> list[str]:
    with pytest.raises(RuleProblemsError) as caught:
        write_lock(folder)
    return [problem.code for problem in caught.value.problems]


def test_the_lock_is_one_line_a_rule_in_order_of_id(tmp_path: Path) -> None:
    files = {
        "claim/AA001.yaml": changed_sample("rule: AA001\nstatus: retired\nversion: 12\n"),
        "claim/AA002.yaml": changed_sample("rule: AA002\nstatus: draft\n"),
    }
    folder = read_rule_folder(write_folder(tmp_path, files))
    first, _, last = folder.rules
    assert lock_text(folder.rules).splitlines()[1:] == [
        f"- {{rule: AA001, version: 12, logic: {first.logic_hash}}}",
        f"- {{rule: ZZ001, version: 1, logic: {last.logic_hash}}}",
    ]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    assert write_lock(folder) is True
    assert write_lock(folder) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claim", "risk.yaml", LOCK]


def test_wording_may_change_freely(tmp_path: Path) -> None:
    write_lock(folder_with(tmp_path))
    assert write_lock(folder_with(tmp_path, "title: Other words\nmessage: Others\n")) is False


def test_logic_may_not_move_under_its_version(tmp_path: Path) -> None:
    write_lock(folder_with(tmp_path))
    before = (tmp_path / LOCK).read_text(encoding="utf-8")
    assert codes(folder_with(tmp_path, "flag_when: {claim.type: pharmacy}\n")) == ["R201"]
    assert (tmp_path / LOCK).read_text(encoding="utf-8") == before
    assert write_lock(folder_with(tmp_path, "flag_when: {claim.type: pharmacy}\nversion: 2\n")) is True
    assert codes(folder_with(tmp_path)) == ["R202"]


def test_a_rule_may_not_vanish(tmp_path: Path) -> None:
    other = changed_sample("rule: ZZ002\nflag_when: {claim.type: pharmacy}\n")
    write_lock(read_rule_folder(write_folder(tmp_path, {"claim/ZZ002.yaml": other})))
    (tmp_path / "claim/ZZ002.yaml").unlink()
    assert codes(read_rule_folder(tmp_path)) == ["R203"]


def test_a_damaged_lock_is_not_written_over(tmp_path: Path) -> None:
    write_folder(tmp_path, {LOCK: "- {rule: ZZ001, version: 1, logic: abc}\n"})
    assert codes(read_rule_folder(tmp_path)) == ["R205"]
