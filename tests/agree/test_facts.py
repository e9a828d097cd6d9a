"""The reference and the plain look-up agree on every fact of many codes, at both ends of each period."""

import random
import string

import polars as pl

from tests.agree.code_pool import ICD9, code_pool
from tests.agree.plain_codes import plain_codes
from validator.reference.lookup import Reference
from validator.reference.schema import CODE_FACTS, ICD10_FACTS

HOW_MANY = 2000
SEED = 53
NAME_OF_CODE_FACT = {"icd9": "icd9.exists"}


def spoilt(code: str, chance: random.Random, stems: list[str]) -> str:
    """A listed code as it is, or damaged in one of the ways in which claims damage codes."""
    letter = chance.choice(string.ascii_uppercase + string.digits)
    place = chance.randrange(len(code))
    ways = (
        code,
        code[: chance.randint(1, 7)],
        chance.choice(stems),
        chance.choice(stems).rstrip("X"),
        chance.choice(stems) + letter,
        code.replace("X", "", chance.randint(1, 2)),
        code[:place] + letter + code[place + 1 :],
        code[:place] + "X" + code[place:],
        code + letter,
        chance.choice(ICD9),
    )
    return chance.choice(ways)


def test_every_fact_of_every_code_on_every_boundary_is_the_same(reference: Reference) -> None:
    codes, chance = plain_codes(), random.Random(SEED)
    stems = sorted(codes.stems)
    drawn = [spoilt(code, chance, stems) for code in chance.choices(codes.sorted_codes, k=HOW_MANY)]
    asked = list(dict.fromkeys([*code_pool(), *drawn]))
    answers = reference.facts(pl.Series(asked, dtype=pl.String))
    assert answers.codes["code"].to_list() == asked
    assert answers.by_period.height == len(asked) * len(reference.periods)
    wrong = []
    for code, known in zip(asked, answers.codes.to_dicts(), strict=True):
        for fact in CODE_FACTS:
            name = NAME_OF_CODE_FACT.get(fact.name, f"icd10.{fact.name}")
            if known[fact.name] != codes.fact(name, code, None):
                wrong.append(f"{code}: {name} is {known[fact.name]} to the reference")
    rows = answers.by_period.to_dicts()
    for number, code in enumerate(asked):
        for period in reference.periods:
            known = rows[number * len(reference.periods) + period.number]
            for on in {period.valid_from, period.valid_to}:
                for fact in ICD10_FACTS:
                    if known[fact.name] != codes.fact(f"icd10.{fact.name}", code, on):
                        wrong.append(f"{code} on {on}: {fact.name} is {known[fact.name]} to the reference")
    assert wrong[:20] == []


def test_every_status_is_met(reference: Reference) -> None:
    """The comparison would prove little if some status never came up."""
    periods = reference.periods
    met = {plain_codes().status(code, period.valid_from) for code in code_pool() for period in periods}
    assert met == {"in_force", "incomplete", "header", "expired", "not_yet", "unknown"}
