"""Random inpatient claims: valid, wrong and odd codes in every position, patients and statuses of every kind, every day."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from tests.agree.build import add_code, build_tables, deliverable_columns
from tests.agree.code_pool import ICD9, NAMED, NO_CODES
from tests.agree.plain_codes import PlainCodes, plain_codes
from tests.oracle.plain_procedures import PlainProcedures, plain_procedures
from validator.claims.schema import ClaimTables

SEED = 20261123
FIRST_DISCHARGE = date(2016, 1, 1)
LAST_DISCHARGE = date(2027, 12, 31)
BILLS = (*("111", "114", "117", "181", "411") * 6, "110")
BOUNDARIES = tuple(date(year, month, 1) for year in range(2016, 2028) for month in (4, 10))
AGES = (-1, 0, 0, 1, 8, 9, 11, 12, 14, 15, 17, 18, 55, 56, 64, 65, 124, 125, 126)
SEXES = (*"FM" * 6, "U")
PRESENT = (*"YNUW", "")
STATUSES = tuple(f"{number:02}" for number in range(100))
USUAL_STATUSES = ("01", "02", "03", "06", "07", "20", "30", "50", "62", "65", "81")
NO_PROCEDURES = ("0SG00ZZ", "10E0XZY", "8154", "XXX", "0", "0210", "0DTJ4ZI", "0dtj4zz", "00160701")


@dataclass(frozen=True)
class Stay:
    """One claim in terms that both sides understand. `codes` begins with the principal; blank = none.

    `present` says of each code whether it was present on admission. Procedures were done on the day of
    admission, the day before the discharge, or on the day of the discharge: `early` says which.
    """

    number: int
    discharged: date
    age: int
    bill: str
    admitting: str
    codes: tuple[str, ...]
    sex: str = "F"
    status: str = "01"
    present: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    early: tuple[bool, ...] = ()

    @property
    def admitted(self) -> date:
        return self.discharged - timedelta(days=1)

    @cached_property
    def slots(self) -> tuple[tuple[str, int, str], ...]:
        """Role, position and code as sent of every slot, blank ones too."""
        main = (("secondary" if n else "principal", n + 1, code) for n, code in enumerate(self.codes))
        return (*main, ("admitting", 1, self.admitting))


def random_stays(how_many: int) -> list[Stay]:
    """The same stays every time, the first ones of more; one code in six is not valid on its day."""
    chance = random.Random(SEED)
    pools, lists = _pools(plain_codes()), _lists(plain_codes())
    of_procedures = _procedure_pools(plain_procedures())
    stays = []
    for number in range(how_many):
        size = chance.choice((1, 2, 3, 5, 8, 25))
        chosen = [_code(chance, pools, lists) for _ in range(size)]
        if size > 1 and chance.random() < 0.2:
            repeated = chosen[chance.choice((0, 0, chance.randrange(size)))]
            respelt = repeated.lower() if chance.random() < 0.05 else repeated
            chosen[chance.randrange(1, size)] = respelt
        if chance.random() < 0.02:
            chosen[0] = ""
        done = [_procedure(chance, of_procedures) for _ in range(chance.choice((0, 0, 0, 1, 2, 4)))]
        stays.append(
            Stay(
                number=number,
                discharged=_day(chance),
                age=chance.choice(AGES) if chance.random() < 0.5 else chance.randrange(0, 100),
                bill=chance.choice(BILLS),
                admitting=_code(chance, pools, lists) if chance.random() < 0.7 else "",
                codes=tuple(chosen),
                sex=chance.choice(SEXES),
                status=chance.choice(STATUSES if chance.random() < 0.2 else USUAL_STATUSES),
                present=tuple(chance.choice(PRESENT) for _ in chosen),
                procedures=tuple(done),
                early=tuple(chance.random() < 0.5 for _ in done),
            )
        )
    return stays


def _day(chance: random.Random) -> date:
    """Any day, but one in three just before or on the day of a release (the lists' own days are among them)."""
    if chance.random() < 0.33:
        return chance.choice(BOUNDARIES) - timedelta(days=chance.randrange(2))
    return FIRST_DISCHARGE + timedelta(days=chance.randrange((LAST_DISCHARGE - FIRST_DISCHARGE).days + 1))


def _pools(codes: PlainCodes) -> Mapping[str, Sequence[str]]:
    stems = sorted(codes.stems)
    return {
        "listed": codes.sorted_codes,
        "flagged": (),
        "stem": stems,
        "wrong 7th": [stem + "Q" for stem in stems],
        "changed": [
            code
            for code, spans in sorted(codes.spans.items())
            if len(spans) > 1 or spans[0].valid_from > FIRST_DISCHARGE or spans[0].valid_to < LAST_DISCHARGE
        ],
        "odd": (*NAMED, *ICD9 * 3, *NO_CODES),
    }


def _lists(codes: PlainCodes) -> list[list[str]]:
    """The editor's lists, one by one: chosen evenly, so that the lists of three codes are seen as well."""
    lists: dict[str, set[str]] = {}
    for code, spans in codes.flags.items():
        for span in spans:
            lists.setdefault(span.what, set()).add(code)
    return [sorted(lists[flag]) for flag in sorted(lists)]


def _code(chance: random.Random, pools: Mapping[str, Sequence[str]], lists: Sequence[Sequence[str]]) -> str:
    kind = chance.choices(tuple(pools), weights=(50, 30, 3, 2, 12, 3))[0]
    code = chance.choice(pools[kind] or chance.choice(lists))
    if chance.random() < 0.01 and len(code) > 3 and code.isalnum():
        return chance.choice((f"{code[:3]}.{code[3:]}", code.lower()))
    return code


def _procedure_pools(procedures: PlainProcedures) -> Sequence[Sequence[str]]:
    listed = sorted(procedures.spans)
    changed = [
        code
        for code in listed
        if any(
            span.valid_from > FIRST_DISCHARGE or span.valid_to < LAST_DISCHARGE
            for span in procedures.spans[code]
        )
    ]
    return (listed, changed, procedures.births(), sorted(procedures.flagged), NO_PROCEDURES)


def _procedure(chance: random.Random, pools: Sequence[Sequence[str]]) -> str:
    return chance.choice(chance.choices(pools, weights=(50, 20, 12, 10, 8))[0])


def birthday(stay: Stay) -> date:
    """A day of birth that makes the patient exactly that old on admission, the day before discharge."""
    admitted = stay.admitted
    return admitted.replace(year=admitted.year - stay.age, day=min(admitted.day, 28))


def as_claim_tables(stays: Sequence[Stay]) -> ClaimTables:
    """The stays as delivered institutional claims; each is a patient of its own."""
    return build_tables([_as_claim(stay) for stay in stays], {"claims.csv": deliverable_columns()})


def _as_claim(stay: Stay) -> dict[str, object]:
    diagnoses = [
        add_code(
            {
                "code_as_sent": code,
                "role": "secondary" if n else "principal",
                "position": n + 1,
                "present_on_admission": (stay.present[n] if stay.present else "") or None,
            }
        )
        for n, code in enumerate(stay.codes)
        if code
    ]
    if stay.admitting:
        diagnoses.append(add_code({"code_as_sent": stay.admitting, "role": "admitting", "position": 1}))
    procedures = [
        {
            "position": n + 1,
            "code": code.upper(),
            "date": stay.admitted if stay.early[n] else stay.discharged,
        }
        for n, code in enumerate(stay.procedures)
    ]
    return {
        "claim_id": f"S{stay.number}",
        "claim_key": f"S{stay.number}",
        "claim_type": "institutional",
        "type_of_bill": stay.bill,
        "frequency_code": stay.bill[2],
        "discharge_status": stay.status,
        "patient_id": f"P{stay.number}",
        "sex": stay.sex,
        "birth_date": birthday(stay),
        "from_date": stay.admitted,
        "through_date": stay.discharged,
        "admission_date": stay.admitted,
        "discharge_date": stay.discharged,
        "diagnoses": diagnoses,
        "procedures": procedures,
    }
