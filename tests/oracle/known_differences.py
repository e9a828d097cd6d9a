"""One stay for each difference between our rules and the editor: no name is known without its example."""

from dataclasses import dataclass
from datetime import date

from tests.oracle import reasons as why
from tests.oracle.editor import OF_PROCEDURES
from tests.oracle.random_stays import Stay

A_DAY = date(2026, 5, 10)
WITH_SEX_CONFLICTS = date(2020, 5, 10)
TOO_LATE = date(2027, 6, 1)
BIRTH = "10E0XZZ"
OF_PROCEDURE = "INVALID_CODE" + OF_PROCEDURES
OBSTETRIC = "QUESTIONABLE_OBSTETRIC_ADMISSION"


@dataclass(frozen=True)
class Known:
    """A stay on which the editor counts its edit `editor` times, where we count `ours`, for one reason."""

    edit: str
    reason: str
    stay: Stay
    editor: int
    ours: int


def _known(edit: str, reason: str, editor: int, ours: int, *codes: str, **other: object) -> Known:
    told: dict[str, object] = {"discharged": A_DAY, "age": 40, "bill": "111", "admitting": "", **other}
    early = (False,) if "procedures" in told else ()
    return Known(edit, reason, Stay(number=0, codes=codes, early=early, **told), editor, ours)  # type: ignore


# The edit, its reason, the count of the editor, our count, the codes from the principal on, what else matters.
KNOWN = (
    _known("INVALID_CODE", why.AFTER_THE_REFERENCE, 0, 1, "J189", "4019", discharged=TOO_LATE),
    _known("INVALID_CODE", why.ZERO, 0, 1, "J189", "0"),
    _known("INVALID_CODE", why.SPELLING, 2, 0, "J189", "j449", "E11.9"),
    _known("INVALID_ADMIT_DX", why.AFTER_THE_REFERENCE, 0, 1, "J189", admitting="4019", discharged=TOO_LATE),
    _known("INVALID_ADMIT_DX", why.ZERO, 0, 1, "J189", admitting="0"),
    _known("INVALID_ADMIT_DX", why.SPELLING, 1, 0, "J189", admitting="r05.9"),
    _known(OF_PROCEDURE, why.ZERO, 0, 1, "J189", procedures=("0",)),
    _known(OF_PROCEDURE, why.SPELLING, 1, 0, "J189", procedures=("0dtj4zz",)),
    _known("DUPLICATE_OF_PDX", why.AFTER_THE_REFERENCE, 0, 1, "J189", "J189", discharged=TOO_LATE),
    _known("DUPLICATE_OF_PDX", why.SECONDARY_PAIRS, 0, 1, "J189", "E119", "E119"),
    _known("DUPLICATE_OF_PDX", why.OTHER_SPELLING, 0, 1, "J189", "J18.9"),
    _known("AGE_CONFLICT", why.NO_AGE, 1, 0, "J189", "O80", age=125),
    _known("AGE_CONFLICT", why.SPELLING, 0, 1, "J189", "o80", age=5),
    _known("SEX_CONFLICT", why.UNKNOWN_SEX, 2, 0, "N400", "O80", sex="U", discharged=WITH_SEX_CONFLICTS),
    _known("SEX_CONFLICT", why.SPELLING, 0, 1, "J189", "n400", sex="F", discharged=WITH_SEX_CONFLICTS),
    _known("MANIFESTATION_AS_PDX", why.SPELLING, 0, 1, "f02.80", "J189"),
    _known("E_CODE_AS_PDX", why.SPELLING, 0, 1, "v0001xa", "J189"),
    _known("UNACCEPTABLE_PDX", why.SPELLING, 0, 1, "z37.0", "J189"),
    _known("REQUIRES_SDX", why.STILL_ALONE, 0, 1, "Z5189", "Z5189"),
    _known("REQUIRES_SDX", why.SPELLING, 0, 1, "Z51.89"),
    _known("QUESTIONABLE_ADMISSION", why.SPELLING, 0, 1, "E11.9", "J189"),
    _known("UNSPECIFIED", why.REPEATED, 2, 1, "J189", "G8100", "G8100"),
    _known("UNSPECIFIED", why.SPELLING, 0, 1, "J189", "G81.00"),
    _known("WRONG_PROCEDURE_PERFORMED", why.NON_PAYMENT, 1, 0, "J189", "Y6551", bill="110"),
    _known("WRONG_PROCEDURE_PERFORMED", why.SPELLING, 0, 1, "J189", "Y65.51"),
    _known(OBSTETRIC, why.NO_PROCEDURE, 0, 1, "O80", "Z3A39"),
    _known(OBSTETRIC, why.NO_DELIVERY, 0, 1, "O1413", "Z370"),
    _known(OBSTETRIC, why.PART_OF_STAY, 1, 0, "O701", bill="114", procedures=(BIRTH,)),
    _known(OBSTETRIC, why.CHILD, 1, 0, "Z3800", age=0, procedures=(BIRTH,)),
    _known(OBSTETRIC, why.OUTCOME_FIRST, 1, 0, "Z370", "O701", procedures=(BIRTH,)),
    _known(OBSTETRIC, why.SPELLING, 1, 0, "O701", "Z37.0", procedures=(BIRTH,)),
    _known("INVALID_AGE", why.AFTER_THE_REFERENCE, 0, 1, "J189", age=125, discharged=TOO_LATE),
    _known(
        "INVALID_DISCHARGE_STATUS", why.AFTER_THE_REFERENCE, 0, 1, "J189", status="99", discharged=TOO_LATE
    ),
    _known("INVALID_DISCHARGE_STATUS", why.OTHER_BILLS, 1, 0, "J189", status="40"),
    _known("INVALID_DISCHARGE_DATE", why.NO_DIAGNOSIS, 1, 0, "", discharged=TOO_LATE),
)
