"""Which diagnosis codes random claims carry: every kind that a status, a flag or a boundary can make."""

import random
from functools import cache

from tests.agree.plain_codes import PlainCodes, plain_codes

# Codes with a story (each changes its status on some day), and texts that are no codes at all.
NAMED = (
    *(
        "M532",
        "M532X6",
        "M5320",
        "M5326",
        "M532X",
        "M545",
        "M5450",
        "R05",
        "R059",
        "G35",
        "G35A",
        "G20",
        "I10",
    ),
    *(
        "S72001",
        "S72001A",
        "S72001Z",
        "M8008XA",
        "M8008XB",
        "M8008",
        "S061X7D",
        "T7840A",
        "T7840XA",
        "T07",
        "T07XXXA",
    ),
    *(
        "O350XX0",
        "O3500X0",
        "O350XX",
        "O80",
        "S301XXA",
        "N183",
        "N1830",
        "M5136",
        "M51360",
        "U071",
        "H814",
        "I602",
    ),
    *(
        "F0280",
        "F0781",
        "R6521",
        "W19XXXA",
        "X58XXXA",
        "Z0000",
        "Z3800",
        "N401",
        "E8881",
        "E8301",
        "QA00101",
        "H4010X",
    ),
    *("M5136X", "S5290X", "T148XX", "R5555", "M1A0110"),
)
# Codes that belong together: kept apart by a note, sides of one place, a symptom and its disease.
PAIRED = (
    *("E119", "E109", "E1122", "N1830", "I10", "I110", "I509", "Z853", "C50911", "C50912", "B20", "Z21"),
    *("M1711", "M1712", "M170", "M179", "M545", "M5450", "M51360", "I602", "S061X7D", "R0789", "I2699"),
    *("F0280", "G309", "O0991", "O0993", "Z3A12", "Z3A40", "J449", "T07XXXA", "K7460", "K7469", "Z96651"),
)
ICD9 = ("7246", "25000", "V5861", "E8809", "0416", "V10", "E8881", "E888.1", "E880.9", "E830.1")
NO_CODES = (
    "1O",
    "9999999",
    "M5.32X6",
    "M53-26",
    "A",
    "I1O",
    "H0034",
    "160903007",
    "0",
    "ZZZ",
    "M532X6A1",
    "Ä10",
)


@cache
def code_pool() -> tuple[str, ...]:
    """About 150 codes, the same on every run: the named ones and some of every kind in the tables."""
    codes = plain_codes()
    chance = random.Random(2026)
    drawn: list[str] = []
    for kind in _kinds(codes):
        drawn += chance.sample(kind, min(5, len(kind)))
    return tuple(dict.fromkeys([*NAMED, *PAIRED, *ICD9, *NO_CODES, *drawn]))


def _kinds(codes: PlainCodes) -> list[list[str]]:
    """Sorted lists of codes: began, ended, divided, divided back, headers, stems, wrong 7th, each flag."""
    spans = codes.spans
    billable = {code: [s for s in all_ if s.what == "billable"] for code, all_ in spans.items()}
    first_day, last_day = (
        min(s.valid_from for a in spans.values() for s in a),
        max(s.valid_to for a in spans.values() for s in a),
    )
    began = [c for c, found in billable.items() if found and found[0].valid_from > first_day]
    ended = [c for c, found in billable.items() if found and found[-1].valid_to < last_day]
    both = [c for c, all_ in spans.items() if len({s.what for s in all_}) == 2]
    headers = [c for c, found in billable.items() if not found]
    broken = [c for c, found in billable.items() if len(found) > 1]
    stems = sorted(codes.stems)
    shortened = [stem.rstrip("X") for stem in stems if stem.endswith("X")]
    wrong_seventh = [stem + "Z" for stem in stems if stem + "Z" not in spans]
    without_x = [
        c.replace("X", "", 1) for c in billable if "X" in c[3:] and c.replace("X", "", 1) not in spans
    ]
    flagged = [
        sorted(c for c, all_ in codes.flags.items() if any(s.what == flag for s in all_)) for flag in FLAGS
    ]
    return [
        sorted(kind)
        for kind in (began, ended, both, headers, broken, stems, shortened, wrong_seventh, without_x)
    ] + flagged


FLAGS = (
    *("adult", "maternity", "pediatric", "newborn", "ecodepdx", "manifestation", "unacceptable", "reqsdx"),
    *("qadm", "unspecified", "wrngproc", "male", "female"),
)
