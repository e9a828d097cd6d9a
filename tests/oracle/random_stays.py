"""Random inpatient claims: valid, wrong and odd diagnosis codes in every position, on every kind of day."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.agree.build import add_code, build_tables
from tests.agree.code_pool import ICD9, NAMED, NO_CODES
from tests.agree.plain_codes import PlainCodes
from validator.claims.schema import ClaimTables

FIRST_DISCHARGE = date(2016, 1, 1)
LAST_DISCHARGE = date(2027, 12, 31)
BILLS = ("111", "114", "117", "181", "411")
BOUNDARIES = tuple(date(year, month, 1) for year in range(2016, 2028) for month in (4, 10))


@dataclass(frozen=True)
class Stay:
    """One claim in terms that both sides understand. `codes` begins with the principal; blank = none."""

    number: int
    discharged: date
    age: int
    bill: str
    admitting: str
    codes: tuple[str, ...]


def random_stays(how_many: int, codes: PlainCodes, seed: int) -> list[Stay]:
    """The same stays for the same seed; about one code in six is not valid on the day of discharge."""
    chance = random.Random(seed)
    pools = _pools(codes)
    stays = []
    for number in range(how_many):
        discharged = _day(chance)
        chosen = [_code(chance, pools, discharged) for _ in range(chance.choice((1, 2, 3, 5, 8, 25)))]
        if len(chosen) > 1 and chance.random() < 0.2:
            repeated = chosen[chance.choice((0, 0, chance.randrange(len(chosen))))]
            respelt = repeated.lower() if chance.random() < 0.05 else repeated
            chosen[chance.randrange(1, len(chosen))] = respelt
        if chance.random() < 0.02:
            chosen[0] = ""
        stays.append(
            Stay(
                number=number,
                discharged=discharged,
                age=chance.choice((0, 0, 1, 8, 9, 11, 12, 14, 15, 17, 18, 55, 56, 64, 65, 124, 125))
                if chance.random() < 0.5
                else chance.randrange(0, 100),
                bill=chance.choice(BILLS),
                admitting=_code(chance, pools, discharged) if chance.random() < 0.7 else "",
                codes=tuple(chosen),
            )
        )
    return stays


def _day(chance: random.Random) -> date:
    """Any day, but one in three just before or on the day of a release."""
    if chance.random() < 0.33:
        return chance.choice(BOUNDARIES) - timedelta(days=chance.randrange(2))
    return FIRST_DISCHARGE + timedelta(days=chance.randrange((LAST_DISCHARGE - FIRST_DISCHARGE).days + 1))


def _pools(codes: PlainCodes) -> Mapping[str, Sequence[str]]:
    flagged = [code for code, spans in sorted(codes.flags.items()) if spans]
    stems = sorted(codes.stems)
    return {
        "listed": codes.sorted_codes,
        "flagged": flagged,
        "stem": stems,
        "wrong 7th": [stem + "Q" for stem in stems],
        "changed": [
            code
            for code, spans in sorted(codes.spans.items())
            if len(spans) > 1 or spans[0].valid_from > FIRST_DISCHARGE or spans[0].valid_to < LAST_DISCHARGE
        ],
        "odd": (*NAMED, *ICD9 * 3, *NO_CODES),
    }


def _code(chance: random.Random, pools: Mapping[str, Sequence[str]], on: date) -> str:
    kind = chance.choices(tuple(pools), weights=(50, 30, 3, 2, 12, 3))[0]
    code = chance.choice(pools[kind])
    if chance.random() < 0.01 and len(code) > 3 and code.isalnum():
        return chance.choice((f"{code[:3]}.{code[3:]}", code.lower()))
    return code


def birthday(stay: Stay) -> date:
    """A day of birth that makes the patient exactly that old on admission, the day before discharge."""
    admitted = stay.discharged - timedelta(days=1)
    return admitted.replace(year=admitted.year - stay.age, day=min(admitted.day, 28))


def as_claim_tables(stays: Sequence[Stay]) -> ClaimTables:
    """The stays as delivered institutional claims; each is a patient of its own."""
    claims = []
    for stay in stays:
        admitted = stay.discharged - timedelta(days=1)
        diagnoses = [
            add_code({"code_as_sent": code, "role": "secondary" if n else "principal", "position": n + 1})
            for n, code in enumerate(stay.codes)
            if code
        ]
        if stay.admitting:
            sent = {"code_as_sent": stay.admitting, "role": "admitting", "position": 1}
            diagnoses.append(add_code(sent))
        claims.append(
            {
                "claim_id": f"S{stay.number}",
                "claim_key": f"S{stay.number}",
                "claim_type": "institutional",
                "type_of_bill": stay.bill,
                "patient_id": f"P{stay.number}",
                "birth_date": birthday(stay),
                "from_date": admitted,
                "through_date": stay.discharged,
                "admission_date": admitted,
                "discharge_date": stay.discharged,
                "diagnoses": diagnoses,
            }
        )
    return build_tables(claims)
