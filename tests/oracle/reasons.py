"""The names of the differences between our rules and the editor, and how far each explains a stay."""

from collections import Counter
from collections.abc import Mapping

from tests.agree.plain_codes import COVERS_TO, plain_codes
from tests.oracle.editor import OF_PROCEDURES
from tests.oracle.ours import INVALID, MAIN_LIST, Ours
from tests.oracle.plain_procedures import plain_procedures
from tests.oracle.random_stays import Stay

AFTER_THE_REFERENCE = "after the last release the editor refuses the date; we still look at what needs none"
NO_DIAGNOSIS = "a claim without diagnoses has none that a release would have to judge"
ZERO = "a single zero in a slot other than the principal one is a blank to the editor"
SPELLING = "the editor does not read a code with a point or in lower case"
SECONDARY_PAIRS = "the editor compares with the principal code only, we compare all positions"
OTHER_SPELLING = "the principal code is repeated in another spelling"
NO_AGE = "an age below 0 or above 124 is no age to us; the editor reports it and judges it as well"
UNKNOWN_SEX = "to the editor a sex U contradicts the codes of either sex, to us none"
REPEATED = "a repeated code is the finding of DX207 alone"
STILL_ALONE = "to the editor the principal code once more is a secondary diagnosis"
NON_PAYMENT = "on bill type 110 wrong surgery is where it belongs"
NO_PROCEDURE = "O80 or O82 is a delivery to us; the editor knows deliveries by their procedure only"
NO_DELIVERY = "we also report an outcome on a stay without a delivery"
PART_OF_STAY = "an interim bill holds a part of the stay and is not judged for its outcome"
CHILD = "with Z38, or at an age below 9, the claim is the child's, which other rules say"
OUTCOME_FIRST = "Z37 in the first position is an outcome to us and none to the editor"
OTHER_BILLS = "statuses 09 and 40 to 42 stand on bills that the editor does not read"

RULE_OF_EDIT = {
    "AGE_CONFLICT": "DX205",
    "SEX_CONFLICT": "DX206",
    "MANIFESTATION_AS_PDX": "DX101",
    "E_CODE_AS_PDX": "DX102",
    "UNACCEPTABLE_PDX": "DX103",
    "REQUIRES_SDX": "DX104",
    "QUESTIONABLE_ADMISSION": "DX114",
    "UNSPECIFIED": "DX210",
}
DELIVERY_CODES = ("O80", "O82")
STATUSES_OF_OTHER_BILLS = ("09", "40", "41", "42")


def explained(stay: Stay, ours: Ours, edit: str, editor: Mapping[str, int], gap: int) -> Counter[str]:
    """Name of a reason -> by how much our count is above the editor's because of it.

    `gap` is the difference itself. It is used for edits that we count once a claim, where one of several
    facts about the claim says which name the difference has.
    """
    if edit == "INVALID_DISCHARGE_DATE":
        none_sent = stay.discharged > COVERS_TO and not ours.judged
        return Counter({NO_DIAGNOSIS: -1}) if none_sent else Counter()
    if stay.discharged > COVERS_TO:
        return Counter({AFTER_THE_REFERENCE: gap})
    if edit in ("INVALID_CODE", "INVALID_ADMIT_DX"):
        return _invalid(stay, ours, ("admitting",) if edit == "INVALID_ADMIT_DX" else MAIN_LIST)
    if edit == "DUPLICATE_OF_PDX":
        return _repeated(stay, ours)
    if edit in RULE_OF_EDIT:
        return _by_code(stay, ours, edit, editor)
    reason = _ONCE_A_CLAIM[edit](stay, ours, gap) if gap else None
    return Counter({reason: gap}) if reason else Counter()


def slots(stay: Stay) -> list[tuple[str, int, str]]:
    """Role, position and code as sent of every slot, blank ones too."""
    main = [("secondary" if n else "principal", n + 1, code) for n, code in enumerate(stay.codes)]
    return [*main, ("admitting", 1, stay.admitting)]


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


def _by_code(stay: Stay, ours: Ours, edit: str, editor: Mapping[str, int]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    if edit == "AGE_CONFLICT" and not 0 <= stay.age <= 124:
        reasons[NO_AGE] -= editor.get(edit, 0)
    if edit == "SEX_CONFLICT" and stay.sex == "U":
        reasons[UNKNOWN_SEX] -= editor.get(edit, 0)
    for role, place, sent in slots(stay):
        if role not in MAIN_LIST or not sent:
            continue
        we_say = ours.flagged((RULE_OF_EDIT[edit],), role, place)
        if sent != ours.judged[role, place]:
            reasons[SPELLING] += we_say
        elif edit == "UNSPECIFIED" and ours.flagged(("DX207",), role, place):
            listed = plain_codes().fact("icd10.unspecified", sent, stay.discharged)
            reasons[REPEATED] -= bool(listed)
        elif edit == "REQUIRES_SDX" and len(stay.codes) > 1:
            reasons[STILL_ALONE] += we_say
    return reasons


def _procedure(stay: Stay, ours: Ours, gap: int) -> str | None:
    known = plain_procedures()
    if gap > 0:
        return ZERO if "0" in stay.procedures else None
    wrong = [code for code in stay.procedures if code != "0" and not known.in_force(code, stay.discharged)]
    respelt = all(known.in_force(code.upper(), stay.discharged) for code in wrong)
    return SPELLING if respelt else None


def _wrong_surgery(stay: Stay, ours: Ours, gap: int) -> str | None:
    if gap < 0:
        return NON_PAYMENT if stay.bill == "110" else None
    respelt = any(sent and sent != ours.judged[role, place] for role, place, sent in slots(stay))
    return SPELLING if respelt else None


def _outcome(stay: Stay, ours: Ours, gap: int) -> str | None:
    main = [ours.judged.get((role, place), "") for role, place, _ in slots(stay) if role in MAIN_LIST]
    everywhere = ours.judged.values()
    if gap < 0:
        if stay.bill[2] not in "17":
            return PART_OF_STAY
        if stay.age < 9 or any(code.startswith("Z38") for code in everywhere):
            return CHILD
        if main[0].startswith("Z37"):
            return OUTCOME_FIRST
        respelt = (
            sent != code for (_, _, sent), code in zip(slots(stay), main, strict=False) if code[:3] == "Z37"
        )
        return SPELLING if any(respelt) else None
    if any(code.startswith("Z37") for code in main):
        return NO_DELIVERY
    return NO_PROCEDURE if any(code in DELIVERY_CODES for code in main) else None


def _status(stay: Stay, ours: Ours, gap: int) -> str | None:
    return OTHER_BILLS if gap < 0 and stay.status in STATUSES_OF_OTHER_BILLS else None


def _no_reason(stay: Stay, ours: Ours, gap: int) -> str | None:
    return None


_ONCE_A_CLAIM = {
    "INVALID_CODE" + OF_PROCEDURES: _procedure,
    "WRONG_PROCEDURE_PERFORMED": _wrong_surgery,
    "QUESTIONABLE_OBSTETRIC_ADMISSION": _outcome,
    "INVALID_AGE": _no_reason,
    "INVALID_SEX": _no_reason,
    "INVALID_DISCHARGE_STATUS": _status,
}
