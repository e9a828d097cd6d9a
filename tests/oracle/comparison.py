"""Our diagnosis rules beside the edits of the Medicare Code Editor, with a name for every difference."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from tests.agree.plain_codes import COVERS_TO
from tests.oracle.random_stays import Stay, as_claim_tables
from validator.claims.derive import derive
from validator.engine.evaluate import Settings, evaluate
from validator.reference.lookup import open_reference
from validator.rules.folder import read_rule_set
from validator.shipped import rules_folder

MAIN_LIST = ("principal", "secondary")

# DX009 (an ICD-9 code) and DX005 (no code at all) are invalid codes to the editor, too.
INVALID = tuple(f"DX{number:03}" for number in range(1, 11))
RULE_OF_EDIT = {
    "AGE_CONFLICT": "DX205",
    "MANIFESTATION_AS_PDX": "DX101",
    "E_CODE_AS_PDX": "DX102",
    "UNACCEPTABLE_PDX": "DX103",
}
RULES = (*INVALID, "DX207", *RULE_OF_EDIT.values())

AFTER_THE_REFERENCE = "after the last release the editor refuses the date; we still look at what needs none"
ZERO = "a single zero in a secondary or admitting slot is a blank to the editor"
SPELLING = "the editor does not read a code with a point or in lower case"
SECONDARY_PAIRS = "the editor compares with the principal code only, we compare all positions"
OTHER_SPELLING = "the principal code is repeated in another spelling"
NO_AGE = "an age above 124 is no age to us; the editor reports it and judges it as well"


@dataclass(frozen=True)
class Ours:
    """What our rules found on one stay: (rule, role, position) of every finding, and the codes by slot."""

    found: frozenset[tuple[str, str, int]]
    judged: Mapping[tuple[str, int], str]

    def count(self, rules: tuple[str, ...], roles: tuple[str, ...] = MAIN_LIST) -> int:
        return len({(role, place) for rule, role, place in self.found if rule in rules and role in roles})

    def flagged(self, rules: tuple[str, ...], role: str, place: int) -> bool:
        return any((rule, role, place) in self.found for rule in rules)


# What we count where the editor counts its edit.
OUR_COUNT: Mapping[str, Callable[[Ours], int]] = {
    "INVALID_CODE": lambda ours: ours.count(INVALID),
    "INVALID_ADMIT_DX": lambda ours: ours.count(INVALID, ("admitting",)),
    "DUPLICATE_OF_PDX": lambda ours: ours.count(("DX207",)),
    "AGE_CONFLICT": lambda ours: ours.count(("DX205",)),
    "MANIFESTATION_AS_PDX": lambda ours: ours.count(("DX101",)),
    "E_CODE_AS_PDX": lambda ours: ours.count(("DX102",)),
    "UNACCEPTABLE_PDX": lambda ours: ours.count(("DX103",)),
}


def slots(stay: Stay) -> list[tuple[str, int, str]]:
    """Role, position and code as sent of every slot, blank ones too."""
    main = [("secondary" if n else "principal", n + 1, code) for n, code in enumerate(stay.codes)]
    return [*main, ("admitting", 1, stay.admitting)]


def explained(stay: Stay, ours: Ours, edit: str, editor: Mapping[str, int]) -> Counter[str]:
    """Name of a reason -> by how much our count is above the editor's because of it."""
    if stay.discharged > COVERS_TO:
        return Counter({AFTER_THE_REFERENCE: OUR_COUNT[edit](ours)})
    if edit in ("INVALID_CODE", "INVALID_ADMIT_DX"):
        return _invalid(stay, ours, ("admitting",) if edit == "INVALID_ADMIT_DX" else MAIN_LIST)
    if edit == "DUPLICATE_OF_PDX":
        return _repeated(stay, ours)
    reasons: Counter[str] = Counter()
    if edit == "AGE_CONFLICT" and stay.age > 124:
        reasons[NO_AGE] -= editor.get(edit, 0)
    for role, place, sent in slots(stay):
        if role in MAIN_LIST and sent and sent != ours.judged[role, place]:
            reasons[SPELLING] += ours.flagged((RULE_OF_EDIT[edit],), role, place)
    return reasons


def _invalid(stay: Stay, ours: Ours, roles: tuple[str, ...]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for role, place, sent in slots(stay):
        if role not in roles or not sent:
            continue
        wrong = ours.flagged(INVALID, role, place)
        if sent == "0" and role != "principal":
            reasons[ZERO] += wrong
        elif sent != ours.judged[role, place]:
            reasons[SPELLING] -= not wrong
    return reasons


def _repeated(stay: Stay, ours: Ours) -> Counter[str]:
    """The editor compares each secondary code, as sent, with the principal; DX207 all codes, as judged."""
    reasons: Counter[str] = Counter()
    principal = stay.codes[0]
    for role, place, sent in slots(stay):
        we_say = ours.flagged(("DX207",), role, place)
        editor_says = role == "secondary" and sent == principal != ""
        if we_say and not editor_says:
            alike = ours.judged.get(("principal", 1)) == ours.judged[role, place]
            reasons[OTHER_SPELLING if alike else SECONDARY_PAIRS] += 1
    return reasons


@dataclass
class Comparison:
    """What came out over all stays; `unexplained` holds a sentence for each difference without a name."""

    stays: int
    the_same: Counter[str] = field(default_factory=Counter)
    editor: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


def compare(stays: Sequence[Stay], editor_says: Sequence[Mapping[str, int]]) -> Comparison:
    """Hold the editor's answers against our findings, edit by edit."""
    found = Comparison(len(stays))
    for stay, editor, ours in zip(stays, editor_says, judge(stays), strict=True):
        for edit, count in OUR_COUNT.items():
            gap = count(ours) - editor.get(edit, 0)
            why = explained(stay, ours, edit, editor)
            found.editor[edit] += editor.get(edit, 0)
            found.ours[edit] += count(ours)
            found.the_same[edit] += gap == 0
            for reason, number in why.items():
                found.reasons[edit, reason] += number
            if gap != sum(why.values()):
                found.unexplained.append(f"{edit}, stay {stay.number}: {gap:+} where {dict(why)} explains")
    return found


def judge(stays: Sequence[Stay]) -> list[Ours]:
    """Our findings on every stay, by the shipped rules that speak of the same things."""
    reference = open_reference()
    whole = read_rule_set(rules_folder(), value_sets=reference.value_sets)
    rules = replace(whole, rules=tuple(rule for rule in whole.rules if rule.rule_id in RULES))
    assert {rule.rule_id for rule in rules.rules} == set(RULES)
    tables = derive(as_claim_tables(stays))
    findings = evaluate(tables, rules, reference, Settings(date(2027, 12, 31))).findings
    columns = ("claim_key", "rule_id", "diagnosis_role", "diagnosis_position")
    found: dict[str, set[tuple[str, str, int]]] = {f"S{stay.number}": set() for stay in stays}
    for key, rule, role, place in findings.select(columns).rows():
        found[key].add((rule, role, place))
    codes: list[dict[tuple[str, int], str]] = [{} for _ in stays]
    role_text = pl.col("role").cast(pl.String)
    for number, role, place, code in tables.diagnoses.select(
        "claim_no", role_text, "position", "code"
    ).rows():
        codes[number][role, place] = code
    return [Ours(frozenset(found[f"S{s.number}"]), codes[n]) for n, s in enumerate(stays)]


def table(found: Comparison) -> str:
    """The table of docs/second-opinions.md."""
    lines = [
        "| edit | editor | ours | stays with the same count | difference, by reason | unexplained |",
        "|---|---|---|---|---|---|",
    ]
    for edit in OUR_COUNT:
        reasons = sorted(found.reasons.items())
        why = [f"{number:+,} {reason}" for (of, reason), number in reasons if of == edit and number]
        unexplained = sum(1 for sentence in found.unexplained if sentence.startswith(f"{edit},"))
        counts = f"{found.editor[edit]:,} | {found.ours[edit]:,} | {found.the_same[edit]:,}"
        lines.append(f"| {edit} | {counts} | {'; '.join(why)} | {unexplained} |")
    return "\n".join(lines)
