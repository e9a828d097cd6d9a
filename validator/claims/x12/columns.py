"""The columns that the X12 reader hands over, named after the segments that they come from."""

from collections.abc import Iterable

from validator.claims.fields import CAUSE_SLOTS, MAIN_SLOTS, PROCEDURE_SLOTS, VISIT_SLOTS

MODIFIERS = 4


def _numbered(stem: str, count: int) -> Iterable[str]:
    return (f"{stem}_{n}" for n in range(1, count + 1))


CLAIM_COLUMNS = (
    *"CONTROL CLM01 FORM CLM02 CLM05_BILL CLM05_3 REF_F8 REF_G1 PATIENT DMG02 DMG03 PAT06".split(),
    *"FROM THROUGH DTP_435 DISCHARGE DTP_096 CL101 CL103 NM1_PR SBR03 NM1_85 REF_EI PRV_BI".split(),
    *"NM1_77 NM1_71 NM1_41 HI_BG HI_DR HI_BJ HI_BJ_SYSTEM".split(),
    *_numbered("HI_BK", MAIN_SLOTS),
    *_numbered("HI_BK_SYSTEM", MAIN_SLOTS),
    *_numbered("HI_BK_POA", MAIN_SLOTS),
    *_numbered("HI_PR", VISIT_SLOTS),
    *_numbered("HI_PR_SYSTEM", VISIT_SLOTS),
    *_numbered("HI_BN", CAUSE_SLOTS),
    *_numbered("HI_BN_SYSTEM", CAUSE_SLOTS),
    *_numbered("HI_BN_POA", CAUSE_SLOTS),
    *_numbered("HI_BR", PROCEDURE_SLOTS),
    *_numbered("HI_BR_DATE", PROCEDURE_SLOTS),
)
LINE_COLUMNS = (
    *("LX01", "SV_CODE", *_numbered("SV_MODIFIER", MODIFIERS)),
    *"SV_CHARGE SV_UNITS SV_PLACE SV_REVENUE SV_POINTERS".split(),
    *"DTP_472_FROM DTP_472_THROUGH NM1_82 PRV_PE LIN03".split(),
)
