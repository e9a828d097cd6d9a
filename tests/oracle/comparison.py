"""Our rules beside the edits of the Medicare Code Editor: counts, differences by name, and the table of the page."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracle.editor import OF_PROCEDURES
from tests.oracle.ours import INVALID, Ours, judge
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

# Edits that the editor has and no rule speaks of; the page says why.
WITHOUT_A_RULE = frozenset(
    {
        "NON_COVERED",
        "LIMITED_COVERAGE",
        "INCONSISTENT_WITH_LENGTH_OF_STAY",
        "SEX_CONFLICT" + OF_PROCEDURES,
    }
)


@dataclass
class Comparison:
    """What came out over all stays; `unexplained` holds a sentence for each difference without a name."""

    stays: int
    the_same: Counter[str] = field(default_factory=Counter)
    editor: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def compare(stays: Sequence[Stay], editor_says: Sequence[Mapping[str, int]]) -> Comparison:
    """Hold the editor's answers against our findings, edit by edit."""
    found = Comparison(len(stays))
    for stay, editor, ours in zip(stays, editor_says, judge(stays), strict=True):
        found.others.update({edit: n for edit, n in editor.items() if edit not in OUR_COUNT})
        for edit, (_, count) in OUR_COUNT.items():
            theirs = editor.get(edit, 0)
            if edit in ONCE_A_CLAIM:
                theirs = min(theirs, 1)
            gap = count(ours) - theirs
            why = explained(stay, ours, edit, editor, gap)
            found.editor[edit] += theirs
            found.ours[edit] += count(ours)
            found.the_same[edit] += gap == 0
            for reason, number in why.items():
                found.reasons[edit, reason] += number
            if gap != sum(why.values()):
                found.unexplained.append(f"{edit}, stay {stay.number}: {gap:+} where {dict(why)} explains")
    return found


def table(found: Comparison) -> str:
    """The table of docs/second-opinions.md."""
    lines = [
        "| edit | rules | editor | ours | stays with the same count | difference, by reason | unexplained |",
        "|---|---|---|---|---|---|---|",
    ]
    for edit, (rules, _) in OUR_COUNT.items():
        reasons = sorted(found.reasons.items())
        why = [f"{number:+,} {reason}" for (of, reason), number in reasons if of == edit and number]
        unexplained = sum(1 for sentence in found.unexplained if sentence.startswith(f"{edit},"))
        counts = f"{found.editor[edit]:,} | {found.ours[edit]:,} | {found.the_same[edit]:,}"
        lines.append(f"| {edit} | {rules} | {counts} | {'; '.join(why)} | {unexplained} |")
    return "\n".join(lines)
