"""Dated value sets mean the same to both implementations: stems, ranges, single codes, days on every side."""

import shutil
from datetime import date

import pytest

from tests.agree import pools
from tests.agree.build import add_code, build_tables
from tests.agree.compare import differences, engine_answers, plain_answers, plain_engine
from tests.agree.plain_codes import REFERENCE, PlainCodes
from tests.agree.plain_tables import PlainTables
from tests.agree.strategies_rules import rule_set
from validator.engine.settings import Settings
from validator.reference.build import build_reference
from validator.reference.lookup import Reference, open_reference
from validator.reference.sources import ReferenceSources
from validator.rules.model import (
    ALWAYS,
    Compare,
    Condition,
    Exists,
    Field,
    MessageCase,
    None_,
    Rule,
    SeverityCase,
    Source,
)

SPINE = """\
# source: made for this test
code,valid_from,valid_to
M53.-,2016-10-01,2024-09-30
M54.5,2021-10-01,
I60..I62,,2020-09-30
G46.3,,
S72.001-,,
"""
CODES = (
    "M532",
    "M532X6",
    "M53",
    "M545",
    "M5450",
    "I600",
    "I629",
    "I63",
    "I639",
    "G463",
    "S72001A",
    "S72001",
    "M53999",
)
DAYS = (
    *(date(2016, 9, 30), date(2016, 10, 1), date(2020, 9, 30), date(2020, 10, 1), date(2021, 9, 30)),
    *(date(2021, 10, 1), date(2024, 9, 30), date(2024, 10, 1), date(2027, 4, 1), None),
)

CONDITIONS = (
    Compare(Field("diagnosis.code"), "in_set", "spine"),
    Compare(Field("diagnosis.code"), "not_in_set", "spine"),
    None_((Compare(Field("diagnosis.code"), "in_set", "spine"),)),
    Exists(
        table="diagnosis",
        negated=False,
        same=("claim",),
        where=Compare(Field("diagnosis.code", other=True), "in_set", "spine"),
    ),
)


@pytest.fixture(scope="module")
def with_set(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reference, PlainTables]:
    """A reference with one value set more than the shipped one."""
    folder = tmp_path_factory.mktemp("reference")
    for name in ("facts", "valuesets"):
        shutil.copytree(REFERENCE / name, folder / name)
    shutil.copy(REFERENCE / "releases.yaml", folder)
    (folder / "valuesets" / "spine.csv").write_text(SPINE)
    built = build_reference(folder, sources=ReferenceSources(folder))
    made = open_reference(built)
    codes = PlainCodes(folder / "valuesets")
    return made, PlainTables(codes, made, folder=folder)


def rule(number: int, condition: Condition) -> Rule:
    return Rule(
        rule_id=f"ZZ{number:03}",
        title="A rule with a value set",
        version=1,
        status="active",
        severity=(SeverityCase(None, "deny"),),
        confidence="certain",
        why="",
        sources=(Source("none"),),
        check_each="diagnosis",
        only_for=ALWAYS,
        flag_when=condition,
        message=(MessageCase(None, "A finding"),),
    )


def test_a_value_set_holds_the_same_codes_on_every_day(with_set: tuple[Reference, PlainTables]) -> None:
    reference, looked_up = with_set
    claims = [
        {
            "claim_id": f"C{number}",
            "claim_key": f"C{number}",
            "patient_id": f"P{number}",
            "from_date": day,
            "diagnoses": [
                add_code({"code_as_sent": code, "role": "secondary", "position": place + 2})
                for place, code in enumerate(CODES[number % 3 :: 2])
            ],
        }
        for number, day in enumerate(DAYS * 3)
    ]
    rules = rule_set(tuple(rule(number, condition) for number, condition in enumerate(CONDITIONS, 1)))
    tables = build_tables(claims)
    settings = Settings(pools.BATCH_DATE)
    said, _ = plain_answers(plain_engine(tables, reference, settings, looked_up), rules)
    assert differences(said, engine_answers(tables, rules, reference, settings)) == []
    assert set(said.values()) == {"flagged", "clear", "not_evaluated"}
