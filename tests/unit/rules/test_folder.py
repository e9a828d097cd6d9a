"""A rule folder is read whole: what runs, what the profile changes, and what is missing."""

import errno
import os
from datetime import date
from pathlib import Path

import pytest

from tests.spec.problem_cases import SAMPLE, changed_sample
from tests.unit.rules.rule_files import write_folder
from validator.errors import ExitCode, RuleError
from validator.rules.folder import read_rule_folder, read_rule_set
from validator.rules.model import Compare, Field, Precedence, RiskWeights, SeverityCase, Suppression
from validator.rules.nodes import LARGEST_FILE
from validator.rules.problems import RuleProblemsError


def variant(rule_id: str, fragment: str = "") -> str:
    """Another rule: the sample with this id and these keys."""
    return changed_sample(f"rule: {rule_id}\n{fragment}")


def text_of_problems(folder: Path, **settings: str) -> str:
    with pytest.raises(RuleProblemsError) as caught:
        read_rule_set(folder, **settings)
    return "\n\n".join(map(str, caught.value.problems)).replace(f"{folder.as_posix()}", "rules")


def test_active_and_shadow_rules_run_in_order_of_id(tmp_path: Path) -> None:
    files = {
        "code_set/DX900-later.yaml": variant("DX900", "status: shadow\n"),
        "claim/CL900.yaml": variant("CL900"),
        "claim/CL901-draft.yaml": variant("CL901", "status: draft\n"),
        "claim/CL902-old.yaml": variant("CL902", "status: retired\n"),
    }
    folder = read_rule_folder(write_folder(tmp_path, files))
    assert [rule.rule_id for rule in folder.rules] == ["CL900", "CL901", "CL902", "DX900", "ZZ001"]
    assert [rule.rule_id for rule in folder.rule_set().rules] == ["CL900", "DX900", "ZZ001"]


def test_files_that_are_missing_are_empty(tmp_path: Path) -> None:
    found = read_rule_set(write_folder(tmp_path))
    assert (found.precedence, found.suppressions, found.profile) == ((), (), "default")
    assert found.risk == RiskWeights(
        {"reject": 0.9, "deny": 0.6, "audit": 0.3, "advise": 0.0},
        {"certain": 1.0, "likely": 0.8, "possible": 0.4},
    )


def test_risk_weights_must_be_there(tmp_path: Path) -> None:
    (write_folder(tmp_path) / "risk.yaml").unlink()
    assert text_of_problems(tmp_path) == (
        "rules/risk.yaml: R033 the risk weights are missing\n"
        "   = write a weight for each severity and confidence"
    )


def test_a_profile_chooses_and_weighs(tmp_path: Path) -> None:
    profile = """
rules: [ZZ001, ZZ002, ZZ003]
except: [ZZ003]
severity:
  - {rule: ZZ001, when: {claim.payer_id: P100}, is: audit}
  - {rule: ZZ001, when: {claim.type: dental}, is: advise, reason: Agreed}
  - {rule: ZZ002, is: reject}
"""
    files = {f"claim/{rule_id}.yaml": variant(rule_id) for rule_id in ("ZZ002", "ZZ003", "ZZ004")}
    write_folder(tmp_path, {**files, "profiles/small.yaml": profile})
    first, second = read_rule_set(tmp_path, profile="small").rules
    assert first.severity == (
        SeverityCase(Compare(Field("claim.payer_id"), "equals", "P100"), "audit"),
        SeverityCase(Compare(Field("claim.type"), "equals", "dental"), "advise"),
        SeverityCase(None, "deny"),
    )
    assert second.severity == (SeverityCase(None, "reject"),)
    # The logic of a rule is its own; what the profile changed shows in the hash of the set.
    assert first.logic_hash == read_rule_set(tmp_path).rules[0].logic_hash


def test_an_empty_profile_runs_everything(tmp_path: Path) -> None:
    write_folder(tmp_path, {"profiles/default.yaml": "# everything\n"})
    assert len(read_rule_set(tmp_path).rules) == 1


def test_a_profile_that_does_not_exist(tmp_path: Path) -> None:
    write_folder(tmp_path, {"profiles/nightly.yaml": "rules: all\n"})
    assert text_of_problems(tmp_path, profile="nigthly") == (
        'rules/profiles: R032 there is no profile "nigthly"\n   = did you mean "nightly"?'
    )
    assert text_of_problems(tmp_path, profile="x") == (
        'rules/profiles: R032 there is no profile "x"\n   = the profiles are nightly'
    )


def test_precedence_keeps_only_rules_that_run(tmp_path: Path) -> None:
    files = {
        "claim/ZZ002.yaml": variant("ZZ002"),
        "claim/ZZ003.yaml": variant("ZZ003", "status: draft\n"),
        "precedence.yaml": """
- {per: claim, order: [ZZ003, ZZ002, ZZ001]}
- {per: claim, order: [ZZ003, ZZ001]}
""",
    }
    assert read_rule_set(write_folder(tmp_path, files)).precedence == (
        Precedence("claim", ("ZZ002", "ZZ001")),
    )


def test_a_suppression_keeps_codes_as_the_claims_do(tmp_path: Path) -> None:
    rule = variant(
        "DX900",
        "check_each: diagnosis\nflag_when: {diagnosis.role: principal}\nmessage: '{diagnosis.code}'\n",
    )
    text = """
- rule: DX900
  where: {diagnosis.code: m53.2, claim.payer_id: 007}
  reason: Agreed
  by: billing lead
  until: 2027-03-31
"""
    files = {"code_set/DX900.yaml": rule, "suppressions.yaml": text}
    assert read_rule_set(write_folder(tmp_path, files)).suppressions == (
        Suppression(
            "DX900",
            {"diagnosis.code": "M532", "claim.payer_id": "007"},
            "Agreed",
            "billing lead",
            date(2027, 3, 31),
        ),
    )


def test_suppressions_never_appear_in_messages(tmp_path: Path) -> None:
    text = "- {rule: ZZ001, where: {claim.id: CANARY-1, patient.idd: CANARY-2}, by: x, until: 2027-01-01}\n"
    write_folder(tmp_path, {"suppressions.yaml": text})
    with pytest.raises(RuleProblemsError) as caught:
        read_rule_set(tmp_path)
    assert "CANARY" not in str(caught.value)
    assert "R006" in str(caught.value)


def test_all_problems_of_all_files_at_once_in_order(tmp_path: Path) -> None:
    files = {
        "claim/CL900.yaml": variant("CL900", "severity: denied\nflag_when: {claim.typ: dental}\n"),
        "claim/CL901.yaml": variant("CL901", "message: '{claim.nothing_like_it}'\n"),
        "profiles/default.yaml": "except: [CL999]\n",
        "precedence.yaml": "x\n",
    }
    write_folder(tmp_path, files)
    with pytest.raises(RuleError) as caught:
        read_rule_set(tmp_path)
    assert isinstance(caught.value, RuleProblemsError)
    assert caught.value.exit_code == ExitCode.BROKEN_RULE
    places = [(Path(p.place.file).name, p.place.line, p.code) for p in caught.value.problems]
    assert places == [
        ("CL900.yaml", 5, "R008"),
        ("CL900.yaml", 11, "R009"),
        ("CL901.yaml", 13, "R021"),
        ("precedence.yaml", 1, "R007"),
        ("default.yaml", 1, "R030"),
    ]
    assert str(caught.value).startswith("5 problems in 4 files of the rule set\n\n")


def test_a_folder_that_is_missing_or_holds_no_rule(tmp_path: Path) -> None:
    assert text_of_problems(tmp_path / "nowhere") == (
        "rules: R001 there is no rule folder here\n   = give the folder with --rules"
    )
    assert "R001 the folder holds no rule" in text_of_problems(tmp_path)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = write_folder(tmp_path) / "claim" / "ZZ002.yaml"
    path.write_bytes("rule: ZZ002 # caf\xe9".encode("latin-1"))
    assert text_of_problems(tmp_path) == (
        "rules/claim/ZZ002.yaml: R001 the file is not UTF-8 (byte 18)\n   = save it as UTF-8"
    )


def test_a_file_with_a_control_character(tmp_path: Path) -> None:
    write_folder(tmp_path, {"claim/ZZ002.yaml": "rule: ZZ002\ntitle: a\x07b\n"})
    assert text_of_problems(tmp_path) == (
        "rules/claim/ZZ002.yaml:2:9: R002 a control character stands here\n"
        "  |\n2 | title: a\ufffdb\n  |         ^\n  = delete the character"
    )


def test_a_control_character_that_is_spelt_out(tmp_path: Path) -> None:
    write_folder(tmp_path, {"claim/ZZ002.yaml": 'rule: ZZ002\ntitle: "a\\x1bb"\n'})
    assert text_of_problems(tmp_path) == (
        "rules/claim/ZZ002.yaml:2:8: R002 the text holds a control character\n"
        '  |\n2 | title: "a\\x1bb"\n  |        ^^^^^^^^\n  = delete it'
    )


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    write_folder(tmp_path, {"claim/ZZ002.yaml": "# " + "x" * LARGEST_FILE})
    assert text_of_problems(tmp_path).startswith(
        "rules/claim/ZZ002.yaml: R001 the file is larger than 256 KiB\n"
    )


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "ZZ002.yaml":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    write_folder(tmp_path, {"claim/ZZ002.yaml": SAMPLE})
    assert text_of_problems(tmp_path) == (
        "rules/claim/ZZ002.yaml: R001 the file cannot be read: Permission denied\n   = check its permissions"
    )


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (write_folder(tmp_path) / "claim" / "ZZ002.yaml").mkdir()
    assert "R001 the file cannot be read: Is a directory" in text_of_problems(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = read_rule_set(write_folder(tmp_path)).set_hash
    path = tmp_path / "claim" / "ZZ001-sample.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode())
    assert read_rule_set(tmp_path).set_hash == plain


def test_hidden_files_are_not_rules(tmp_path: Path) -> None:
    write_folder(tmp_path, {".git/x.yaml": "no: rule", "claim/.draft.yaml": "no: rule"})
    assert len(read_rule_set(tmp_path).rules) == 1


def test_value_sets_may_be_unknown_or_none(tmp_path: Path) -> None:
    write_folder(
        tmp_path, {"claim/ZZ002.yaml": variant("ZZ002", "flag_when: {claim.drg: {in_set: some_set}}\n")}
    )
    assert "there is no value set" in text_of_problems(tmp_path)
    assert len(read_rule_set(tmp_path, value_sets=None).rules) == 2
    assert len(read_rule_set(tmp_path, value_sets=["some_set"]).rules) == 2


def test_places_are_as_seen_from_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "my" / "rules", {"claim/ZZ001-sample.yaml": "a: b"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuleProblemsError) as caught:
        read_rule_set(tmp_path / "my" / "rules")
    assert caught.value.problems[0].place.file == "my/rules/claim/ZZ001-sample.yaml"
