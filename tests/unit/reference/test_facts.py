"""What a code was on a day: status, 7th character, placeholder, edit flags; known and unknown codes."""

import random
from datetime import date

import polars as pl
import pytest

from validator.reference.lookup import Reference
from validator.reference.schema import CODE_FACTS, ICD10_FACTS
from validator.reference.sources import shipped_sources


def fact_row(reference: Reference, code: str, on: str) -> dict[str, object]:
    facts = reference.facts(pl.Series("code", [code]))
    day = date.fromisoformat(on)
    number = next(one.number for one in reference.periods if one.valid_from <= day <= one.valid_to)
    return {**facts.by_period.row(number, named=True), **facts.codes.row(0, named=True)}


STATUS = """
    M532     2026-02-10  header
    M532X6   2026-02-10  in_force
    M545     2021-09-30  in_force
    M545     2021-10-01  header
    G35      2025-09-30  in_force
    G35      2025-10-01  header
    G35A     2025-09-30  not_yet
    G35A     2025-10-01  in_force
    U071     2020-03-31  not_yet
    U071     2020-04-01  in_force
    M3581    2020-12-31  not_yet
    M3581    2021-01-01  in_force
    O350XX0  2022-09-30  in_force
    O350XX0  2022-10-01  expired
    O350XX   2022-09-30  incomplete
    O350XX   2022-10-01  expired
    O350     2022-09-30  incomplete
    O350     2022-10-01  header
    S301XXA  2025-09-30  in_force
    S301XXA  2025-10-01  expired
    S72001   2026-01-15  incomplete
    S7200    2026-01-15  header
    M8008    2026-01-15  incomplete
    T7840    2026-01-15  incomplete
    T7840X   2026-01-15  incomplete
    W19      2026-01-15  incomplete
    W19X     2026-01-15  incomplete
    W19XX    2026-01-15  incomplete
    W19XXX   2026-01-15  incomplete
    W19XXXA  2026-01-15  in_force
    C44102   2018-09-30  in_force
    C44102   2018-10-01  header
    H4010X   2026-01-15  incomplete
    H4011X   2016-10-01  expired
    I10      2015-10-01  in_force
    I420     2026-09-30  in_force
    I420     2026-10-01  header
    QA00101  2025-10-01  in_force
    M5320    2026-02-10  unknown
    M5326    2026-02-10  unknown
    25000    2026-02-10  unknown
"""


@pytest.mark.parametrize("line", STATUS.strip().splitlines(), ids=lambda line: "-".join(line.split()))
def test_the_status_is_that_of_the_day(reference: Reference, line: str) -> None:
    code, on, status = line.split()
    assert fact_row(reference, code, on)["status"] == status


SEVENTH_AND_PLACEHOLDER = """
    S72001A  2026-01-15  permitted      false
    S72001   2026-01-15  missing        false
    T7840    2026-01-15  missing        false
    M8008XB  2026-01-15  not_permitted  false
    M8008XD  2026-01-15  permitted      false
    S061X7D  2017-09-30  permitted      false
    S061X7D  2026-01-15  not_permitted  false
    O350XX0  2026-01-15  none           false
    C441021  2026-01-15  none           false
    I10      2026-01-15  none           false
    M5326    2026-01-15  none           true
    T7840A   2026-01-15  none           true
    T784X0A  2026-01-15  none           true
    I10X     2026-01-15  none           false
    S0616    2026-01-15  none           false
    M5320    2026-01-15  none           false
    X58A     2026-01-15  none           true
"""


@pytest.mark.parametrize(
    "line", SEVENTH_AND_PLACEHOLDER.strip().splitlines(), ids=lambda line: "-".join(line.split())
)
def test_the_seventh_character_and_the_placeholder_are_judged(reference: Reference, line: str) -> None:
    code, on, seventh, placeholder = line.split()
    row = fact_row(reference, code, on)
    assert (row["seventh_character"], row["placeholder_missing"]) == (seventh, placeholder == "true")


CODE_FACTS_OF = """
    M532      true   true   false  false
    M5320     true   false  false  false
    M545      true   true   true   false
    E8809     true   true   true   true
    25000     false  false  false  true
    250       false  false  false  true
    E880      true   true   false  true
    V5861     true   false  false  true
    T7840X    true   true   false  false
    M5        false  false  false  false
    M532X6AA  false  false  false  false
    m532      false  false  false  false
"""


@pytest.mark.parametrize("line", CODE_FACTS_OF.strip().splitlines(), ids=lambda line: line.split()[0])
def test_the_facts_of_the_code_alone_need_no_date(reference: Reference, line: str) -> None:
    code, *expected = line.split()
    facts = reference.facts(pl.Series("code", [code])).codes.row(0, named=True)
    assert [facts[fact.name] for fact in CODE_FACTS] == [word == "true" for word in expected]


@pytest.mark.parametrize(
    ("code", "on", "name", "expected"),
    [
        ("W19XXXA", "2026-01-15", "external_cause", True),
        ("M532X6", "2026-01-15", "external_cause", False),
        ("M532", "2026-01-15", "external_cause", None),
        ("D631", "2026-01-15", "manifestation", True),
        ("Z5189", "2026-01-15", "requires_secondary", True),
        ("F0781", "2026-03-31", "unacceptable_principal", True),
        ("F0781", "2026-04-01", "unacceptable_principal", False),
        ("R6520", "2017-09-30", "unacceptable_principal", False),
        ("R6520", "2017-10-01", "unacceptable_principal", True),
        ("I10", "2026-01-15", "questionable_admission", True),
        ("N401", "2024-09-30", "sex", "M"),
        ("N401", "2024-10-01", "sex", None),
        ("O80", "2026-01-15", "age_group", "maternity"),
        ("O80", "2019-09-30", "age_from", 12),
        ("O80", "2019-09-30", "age_to", 55),
        ("O80", "2019-10-01", "age_from", 9),
        ("O80", "2019-10-01", "age_to", 64),
        ("Z3800", "2026-01-15", "age_to", 0),
        ("N401", "2026-01-15", "age_from", 15),
    ],
)
def test_edit_flags_hold_on_their_days_and_only_for_codes_in_force(
    reference: Reference, code: str, on: str, name: str, expected: object
) -> None:
    assert fact_row(reference, code, on)[name] == expected


def test_facts_come_in_the_order_asked_for_with_the_declared_types(reference: Reference) -> None:
    asked = pl.Series("code", ["W19", "nonsense", "A000", "", "ZZZ99", "M532"])
    facts = reference.facts(asked)
    assert facts.codes["code"].to_list() == asked.to_list()
    assert facts.by_period.height == len(asked) * len(reference.periods)
    assert dict(facts.by_period.schema) == {
        fact.name: fact.type() if isinstance(fact.type, type) else fact.type for fact in ICD10_FACTS
    }
    for number, code in enumerate(asked):
        alone = reference.facts(pl.Series("code", [code]))
        rows = facts.by_period.slice(number * len(reference.periods), len(reference.periods))
        assert rows.equals(alone.by_period)


def test_no_codes_give_no_rows(reference: Reference) -> None:
    facts = reference.facts(pl.Series("code", [], dtype=pl.String))
    assert facts.codes.is_empty()
    assert facts.by_period.is_empty()


def test_the_packed_histories_say_what_the_plain_tables_say(reference: Reference) -> None:
    """A slow reading of the fact tables, one code and day at a time, against the packed answer."""
    sources = shipped_sources()
    spans = sources.table("icd10cm_spans.csv.gz")
    standing: dict[str, list[tuple[str, date, date, bool]]] = {}
    for code, kind, seventh, first, last, _ in spans.rows():
        standing.setdefault(code, []).append((kind, first, last or reference.covers_to, seventh))
    below: dict[str, list[str]] = {}
    for code in standing:
        for length in range(3, 7):
            below.setdefault(code[:length], []).append(code)

    def is_a(code: str, kind: str, day: date) -> bool:
        return any(k == kind and first <= day <= last for k, first, last, _ in standing.get(code, []))

    def is_stem(code: str, day: date) -> bool:
        return len(code) == 6 and any(
            seventh and first <= day <= last
            for longer in below.get(code, [])
            if len(longer) == 7
            for _, first, last, seventh in standing[longer]
        )

    def stands(code: str, day: date) -> str | None:
        if is_a(code, "billable", day):
            return "in_force"
        if len(code) <= 6 and is_stem(code.ljust(6, "X"), day):
            return "incomplete"
        return "header" if is_a(code, "header", day) else None

    def status(code: str, day: date) -> str:
        now = stands(code, day)
        if now:
            return now
        others = {one.valid_from for one in reference.periods if stands(code, one.valid_from)}
        if any(one < day for one in others):
            billable_below = any(
                is_a(longer, "billable", day) for longer in below.get(code, []) if longer != code
            )
            return "header" if billable_below else "expired"
        return "not_yet" if others else "unknown"

    every = reference.known["code"].sort().to_list()
    sample = random.Random(20261123).sample(every, 1500)
    sample += [code[:-1] for code in sample[:200] if len(code) > 3] + [code + "X" for code in sample[:200]]
    sample = sorted(set(sample))
    facts = reference.facts(pl.Series("code", sample))
    found = facts.by_period["status"].to_list()
    wrong = [
        (code, period.release, answer, status(code, period.valid_from))
        for number, code in enumerate(sample)
        for period in reference.periods
        if (answer := found[number * len(reference.periods) + period.number])
        != status(code, period.valid_from)
    ]
    assert not wrong, wrong[:10]
