"""What our rules find on the stays that the editor is asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from tests.oracle.random_stays import Stay, as_claim_tables
from validator.claims.derive import derive
from validator.engine.evaluate import Settings, evaluate
from validator.reference.lookup import Reference, open_reference
from validator.rules.folder import RuleFolder, read_rule_folder
from validator.rules.model import RuleSet
from validator.shipped import rules_folder

MAIN_LIST = ("principal", "secondary")
AFTER_THE_BATCH = date(2027, 12, 31)

# DX009 (an ICD-9 code) and DX005 (no code at all) are invalid codes to the editor, too.
INVALID = tuple(f"DX{number:03}" for number in range(1, 11))
OF_DIAGNOSES = ("DX101", "DX102", "DX103", "DX104", "DX114", "DX205", "DX206", "DX207", "DX210")
OF_CLAIMS = ("DX014", "DX118", "PX319", "PX321")
RULES = (*INVALID, *OF_DIAGNOSES, *OF_CLAIMS)

# CL413 says of a claim that one of three fields is wrong. Asked about each with the others in order, it says which.
PATIENT_RULES = ("CL402", "CL413")
IN_ORDER: Mapping[str, object] = {"age": 50, "sex": "F", "status": "01"}


@dataclass(frozen=True)
class Ours:
    """What our rules found on one stay, and how they read its codes.

    `found` holds (rule, role, position) of every finding, `wrong` the fields of IN_ORDER that are flagged,
    `judged` the codes by slot.
    """

    found: frozenset[tuple[str, str | None, int | None]]
    judged: Mapping[tuple[str, int], str]
    wrong: frozenset[str] = frozenset()

    def count(self, rules: Sequence[str], roles: tuple[str, ...] = MAIN_LIST) -> int:
        return len({(role, place) for rule, role, place in self.found if rule in rules and role in roles})

    def says(self, rule: str) -> int:
        """1 where a rule that judges whole claims flags this one."""
        return int(any(rule == finding[0] for finding in self.found))

    def flagged(self, rules: Sequence[str], role: str, place: int) -> bool:
        return any((rule, role, place) in self.found for rule in rules)


def judge(stays: Sequence[Stay]) -> list[Ours]:
    """Our findings on every stay, by the shipped rules that speak of the same things; DX206 is off by default."""
    reference = open_reference()
    whole = read_rule_folder(rules_folder(), value_sets=reference.value_sets)
    rules = _only(whole, RULES)
    tables = derive(as_claim_tables(stays))
    findings = evaluate(tables, rules, reference, Settings(AFTER_THE_BATCH)).findings
    columns = ("claim_key", "rule_id", "diagnosis_role", "diagnosis_position")
    found: dict[str, set[tuple[str, str | None, int | None]]] = {f"S{stay.number}": set() for stay in stays}
    for key, rule, role, place in findings.select(columns).rows():
        found[key].add((rule, role, place))
    codes: list[dict[tuple[str, int], str]] = [{} for _ in stays]
    role_text = pl.col("role").cast(pl.String)
    slots = tables.diagnoses.select("claim_no", role_text, "position", "code")
    for number, role, place, code in slots.rows():
        codes[number][role, place] = code
    wrong = {field: _flagged(stays, field, whole, reference) for field in IN_ORDER}
    return [
        Ours(
            frozenset(found[f"S{stay.number}"]),
            codes[place],
            frozenset(field for field, keys in wrong.items() if f"S{stay.number}" in keys),
        )
        for place, stay in enumerate(stays)
    ]


def _only(folder: RuleFolder, ids: Sequence[str]) -> RuleSet:
    """Some rules of the folder, those that the default profile leaves out as well."""
    kept = replace(folder.rule_set(), rules=tuple(rule for rule in folder.rules if rule.rule_id in ids))
    assert {rule.rule_id for rule in kept.rules} == set(ids)
    return kept


def _flagged(stays: Sequence[Stay], field: str, whole: RuleFolder, reference: Reference) -> set[str]:
    others = {name: value for name, value in IN_ORDER.items() if name != field}
    bare = [replace(stay, codes=("",), admitting="", present=(), procedures=(), **others) for stay in stays]
    found = evaluate(
        derive(as_claim_tables(bare)), _only(whole, PATIENT_RULES), reference, Settings(AFTER_THE_BATCH)
    )
    return set(found.findings["claim_key"])
