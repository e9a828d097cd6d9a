"""Our rules beside the edits of the Medicare Code Editor: counts, differences by name, and the table of the page."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracle.editor import OF_PROCEDURES
from tests.oracle.ours import INVALID, Ours
from tests.oracle.random_stays import Stay
from tests.oracle.reasons import RULE_OF_EDIT, explained

Count = Callable[[Ours], int]


def _findings_of(rule: str) -> Count:
    return lambda ours: ours.count((rule,))


def _claim_by(rule: str) -> Count:
    return lambda ours: ours.says(rule)


def _wrong(name: str) -> Count:
    return lambda ours: int(name in ours.wrong)


# Edit -> the rules that speak of the same thing, and what we count where the editor counts its edit.
OUR_COUNT: Mapping[str, tuple[str, Count]] = {
    "INVALID_CODE": ("DX001-DX010", lambda ours: ours.count(INVALID)),
    "INVALID_ADMIT_DX": ("DX001-DX010", lambda ours: ours.count(INVALID, ("admitting",))),
    "INVALID_CODE" + OF_PROCEDURES: ("PX319", _claim_by("PX319")),
    "DUPLICATE_OF_PDX": ("DX207", _findings_of("DX207")),
    **{edit: (rule, _findings_of(rule)) for edit, rule in RULE_OF_EDIT.items()},
    "WRONG_PROCEDURE_PERFORMED": ("PX321", _claim_by("PX321")),
    "QUESTIONABLE_OBSTETRIC_ADMISSION": ("DX118", _claim_by("DX118")),
    "INVALID_AGE": ("CL413, CL402", _wrong("age")),
    "INVALID_SEX": ("CL413", _wrong("sex")),
    "INVALID_DISCHARGE_STATUS": ("CL413", _wrong("status")),
    "INVALID_DISCHARGE_DATE": ("DX014", _claim_by("DX014")),
}

# Rules that judge whole claims: of the editor, too, only whether it says anything is counted.
ONCE_A_CLAIM = frozenset(
    {"INVALID_CODE" + OF_PROCEDURES, "WRONG_PROCEDURE_PERFORMED", "QUESTIONABLE_OBSTETRIC_ADMISSION"}
)

# Edits that the editor has and no rule speaks of, and why.
WITHOUT_A_RULE: Mapping[str, str] = {
    "NON_COVERED": "coverage is not coding",
    "LIMITED_COVERAGE": "coverage is not coding",
    "INCONSISTENT_WITH_LENGTH_OF_STAY": "one procedure code, ventilation of more than 96 hours",
    "SEX_CONFLICT" + OF_PROCEDURES: "conflicts of procedures with the sex ended with September 2024",
}


@dataclass
class Comparison:
    """What came out over all stays; `unexplained` holds a sentence for each difference without a name."""

    stays: int
    the_same: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)
    editor: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    stays_with: Counter[str] = field(default_factory=Counter)


def compare(
    stays: Sequence[Stay], editor_says: Sequence[Mapping[str, int]], we_say: Sequence[Ours]
) -> Comparison:
    """Hold the editor's answers against our findings, edit by edit."""
    found = Comparison(len(stays))
    for stay, editor, ours in zip(stays, editor_says, we_say, strict=True):
        others = {edit: n for edit, n in editor.items() if edit not in OUR_COUNT}
        found.others.update(others)
        found.stays_with.update(others.keys())
        for edit, (_, count) in OUR_COUNT.items():
            theirs = editor.get(edit, 0)
            if edit in ONCE_A_CLAIM:
                theirs = min(theirs, 1)
            number = count(ours)
            why = explained(stay, ours, edit)
            found.editor[edit] += theirs
            found.ours[edit] += number
            found.both[edit] += min(number, theirs)
            found.the_same[edit] += number == theirs
            for reason, by in why.items():
                found.reasons[edit, reason] += by
            if number - theirs != sum(why.values()):
                sentence = f"{edit}, stay {stay.number}: {number - theirs:+} where {dict(why)} explains"
                found.unexplained.append(sentence)
    return found


def table(found: Comparison) -> str:
    """The table of docs/second-opinions.md."""
    lines = [
        "| edit | rules | both | editor only | ours only | stays alike, % | difference, by reason | unexplained |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for edit, (rules, _) in OUR_COUNT.items():
        reasons = sorted(found.reasons.items())
        why = [f"{number:+,} {reason}" for (of, reason), number in reasons if of == edit and number]
        unexplained = sum(1 for sentence in found.unexplained if sentence.startswith(f"{edit},"))
        both, alike = found.both[edit], 100 * found.the_same[edit] / found.stays
        counts = f"{both:,} | {found.editor[edit] - both:,} | {found.ours[edit] - both:,}"
        lines.append(f"| {edit} | {rules} | {counts} | {alike:.3f} | {'<br>'.join(why)} | {unexplained} |")
    for edit, why_none in WITHOUT_A_RULE.items():
        number, alike = found.others[edit], 100 * (1 - found.stays_with[edit] / found.stays)
        lines.append(f"| {edit} | none | 0 | {number:,} | 0 | {alike:.3f} | -{number:,} {why_none} | 0 |")
    return "\n".join(lines)
