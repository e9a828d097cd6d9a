"""The names of the differences between our rules and the editor, and how far each explains a stay."""

from collections import Counter

from tests.agree.plain_codes import COVERS_TO, plain_codes
from tests.oracle.editor import OF_PROCEDURES
from tests.oracle.ours import INVALID, MAIN_LIST, Ours
from tests.oracle.plain_procedures import BIRTHS, plain_procedures
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
ROLES_OF_INVALID = {"INVALID_CODE": MAIN_LIST, "INVALID_ADMIT_DX": ("admitting",)}
DELIVERY_CODES = ("O80", "O82")
STATUSES_OF_OTHER_BILLS = ("09", "40", "41", "42")
# What the editor has known on every day from 2016.
STATUSES = frozenset(
    f"{number:02}"
    for number in (*range(1, 8), 20, 21, 30, 43, 50, 51, *range(61, 67), 69, 70, *range(81, 96))
)


def explained(stay: Stay, ours: Ours, edit: str) -> Counter[str]:
    """Name of a reason -> by how much our count is above the editor's because of it.

    The numbers follow from the stay and from what we found on it. The editor's answer is not looked at: no
    name can stretch to what happened to come out.
    """
    if edit == "INVALID_DISCHARGE_DATE":
        none_sent = stay.discharged > COVERS_TO and not ours.judged
        return Counter({NO_DIAGNOSIS: -1}) if none_sent else Counter()
    if stay.discharged > COVERS_TO:
        return Counter({AFTER_THE_REFERENCE: _needs_no_release(stay, ours, edit)})
    if edit in ROLES_OF_INVALID:
        return _invalid(stay, ours, ROLES_OF_INVALID[edit])
    if edit == "DUPLICATE_OF_PDX":
        return _repeated(stay, ours)
    if edit in RULE_OF_EDIT:
        return _by_code(stay, ours, edit)
    if edit in _ONCE_A_CLAIM:
        return _ONCE_A_CLAIM[edit](stay, ours)
    other_bill = edit == "INVALID_DISCHARGE_STATUS" and stay.status in STATUSES_OF_OTHER_BILLS
    return Counter({OTHER_BILLS: -1}) if other_bill and "status" not in ours.wrong else Counter()


def _needs_no_release(stay: Stay, ours: Ours, edit: str) -> int:
    """What we may still say after the last release, when the editor says nothing at all."""
    if edit in ROLES_OF_INVALID:
        known = plain_codes()
        return sum(
            ours.flagged(INVALID, role, place)
            for role, place, sent in stay.slots
            if role in ROLES_OF_INVALID[edit] and sent
            if not known.well_formed(code := ours.judged[role, place]) or known.icd9_exists(code)
        )
    if edit == "DUPLICATE_OF_PDX":
        main = [code for (role, _), code in ours.judged.items() if role in MAIN_LIST]
        return len(main) - len(set(main))
    if edit == "INVALID_AGE":
        return not 0 <= stay.age <= 124
    if edit == "INVALID_DISCHARGE_STATUS":
        return stay.status not in STATUSES.union(STATUSES_OF_OTHER_BILLS)
    return 0


def _invalid(stay: Stay, ours: Ours, roles: tuple[str, ...]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for role, place, sent in stay.slots:
        if role not in roles or not sent:
            continue
        if sent == "0" and role != "principal":
            reasons[ZERO] += ours.flagged(INVALID, role, place)
        elif sent != ours.judged[role, place]:
            reasons[SPELLING] -= not ours.flagged(INVALID, role, place)
    return reasons


def _repeated(stay: Stay, ours: Ours) -> Counter[str]:
    """The editor compares each secondary code, as sent, with the principal; DX207 all codes, as judged."""
    reasons: Counter[str] = Counter()
    principal = stay.codes[0]
    before: list[str] = []
    for role, place, sent in stay.slots:
        if role not in MAIN_LIST or not sent:
            continue
        code = ours.judged[role, place]
        if code in before and not (role == "secondary" and sent == principal):
            alike = ours.judged.get(("principal", 1)) == code
            reasons[OTHER_SPELLING if alike else SECONDARY_PAIRS] += 1
        before.append(code)
    return reasons


def _by_code(stay: Stay, ours: Ours, edit: str) -> Counter[str]:
    reasons: Counter[str] = Counter()
    rule = (RULE_OF_EDIT[edit],)
    for role, place, sent in stay.slots:
        if role not in MAIN_LIST or not sent:
            continue
        if sent != ours.judged[role, place]:
            reasons[SPELLING] += ours.flagged(rule, role, place)
        elif edit == "AGE_CONFLICT" and not 0 <= stay.age <= 124:
            reasons[NO_AGE] -= _has(stay, sent, "icd10.age_group")
        elif edit == "SEX_CONFLICT" and stay.sex == "U":
            reasons[UNKNOWN_SEX] -= _has(stay, sent, "icd10.sex")
        elif edit == "UNSPECIFIED" and ours.flagged(("DX207",), role, place):
            reasons[REPEATED] -= _has(stay, sent, "icd10.unspecified")
        elif edit == "REQUIRES_SDX" and len(stay.codes) > 1:
            reasons[STILL_ALONE] += ours.flagged(rule, role, place)
    return reasons


def _has(stay: Stay, code: str, fact: str) -> bool:
    return bool(plain_codes().fact(fact, code, stay.discharged))


def _one_sided(we_say: int, editor_says: bool, only_we: str | None, only_editor: str | None) -> Counter[str]:
    if we_say == editor_says:
        return Counter()
    reason = only_we if we_say else only_editor
    return Counter({reason: 1 if we_say else -1}) if reason else Counter()


def _procedure(stay: Stay, ours: Ours) -> Counter[str]:
    known = plain_procedures()
    sent = [code for code in stay.procedures if code != "0"]
    wrong = [code for code in sent if not known.in_force(code, stay.discharged)]
    respelt = all(known.in_force(code.upper(), stay.discharged) for code in wrong)
    return _one_sided(
        ours.says("PX319"),
        bool(wrong),
        only_we=ZERO if "0" in stay.procedures else None,
        only_editor=SPELLING if respelt else None,
    )


def _wrong_surgery(stay: Stay, ours: Ours) -> Counter[str]:
    says_so = [
        sent
        for role, place, sent in stay.slots
        if role in MAIN_LIST and sent and _has(stay, ours.judged[role, place], "icd10.wrong_procedure")
    ]
    return _one_sided(
        ours.says("PX321"),
        any(_has(stay, sent, "icd10.wrong_procedure") for sent in says_so),
        only_we=SPELLING if says_so else None,
        only_editor=NON_PAYMENT if stay.bill == "110" else None,
    )


def _outcome(stay: Stay, ours: Ours) -> Counter[str]:
    delivered = any(plain_procedures().delivers(code, stay.discharged) for code in stay.procedures)
    main = [ours.judged[role, place] for role, place, sent in stay.slots if role in MAIN_LIST and sent]
    outcome = any(code.startswith("Z37") for code in main)
    only_we = only_editor = None
    if outcome and not any(code.startswith(BIRTHS) for code in stay.procedures):
        only_we = NO_DELIVERY
    elif not outcome and any(code in DELIVERY_CODES for code in main):
        only_we = NO_PROCEDURE
    if stay.bill[2] not in "17":
        only_editor = PART_OF_STAY
    elif stay.age < 9 or any(code.startswith("Z38") for code in ours.judged.values()):
        only_editor = CHILD
    elif _is_outcome(stay.codes[0], stay):
        only_editor = OUTCOME_FIRST
    elif outcome:
        only_editor = SPELLING
    editor_says = delivered and not any(_is_outcome(sent, stay) for sent in stay.codes[1:])
    return _one_sided(ours.says("DX118"), editor_says, only_we, only_editor)


def _is_outcome(sent: str, stay: Stay) -> bool:
    return sent.startswith("Z37") and plain_codes().status(sent, stay.discharged) == "in_force"


_ONCE_A_CLAIM = {
    "INVALID_CODE" + OF_PROCEDURES: _procedure,
    "WRONG_PROCEDURE_PERFORMED": _wrong_surgery,
    "QUESTIONABLE_OBSTETRIC_ADMISSION": _outcome,
}
