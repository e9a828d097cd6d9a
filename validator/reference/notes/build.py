"""The tables that the reference's build makes of the tabular list's notes and titles."""

import polars as pl

from validator.reference.notes.book import open_book
from validator.reference.notes.facts import list_facts
from validator.reference.notes.rules import read_notes
from validator.reference.notes.tables import pair_tables
from validator.reference.tabular import TabularList


def note_tables(
    tabular: TabularList, codes: pl.DataFrame, note_days: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """(facts of each code, rows for the tables of pairs).

    `codes`: code, in_force, as the build has. `note_days`: kind, stands_on, names, valid_from of the rules
    that an earlier list did not have.
    """
    days = {(kind, where, names): (day, None) for kind, where, names, day in note_days.rows()}
    notes = read_notes(tabular, open_book(tabular, codes))
    return list_facts(tabular, notes, codes), pair_tables(notes, days)
