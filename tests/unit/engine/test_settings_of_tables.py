"""A table that has the file of one setting only says nothing about claims of another."""

from datetime import date

import polars as pl

from validator.engine.keyed import does_speak
from validator.reference.schema import Keyed

QUARTER = (date(2026, 1, 1), date(2026, 3, 31))
ROWS = pl.DataFrame(
    {
        "on": [date(2026, 2, 1), date(2026, 2, 1), date(2026, 4, 1), date(2026, 2, 1)],
        "setting": ["practitioner", "hospital", "practitioner", None],
    }
)


def speaks(held: Keyed) -> list[bool]:
    return ROWS.select(does_speak(held).alias("speaks"))["speaks"].to_list()


def test_a_table_with_settings_speaks_for_those_it_has_on_their_days() -> None:
    held = Keyed(pl.DataFrame(), covers=(QUARTER,), settings={"practitioner": (QUARTER,)})
    assert speaks(held) == [True, False, False, False]


def test_a_table_without_settings_speaks_for_every_claim() -> None:
    assert speaks(Keyed(pl.DataFrame(), covers=(QUARTER,))) == [True, True, False, True]
    assert speaks(Keyed(pl.DataFrame())) == [True, True, True, True]
