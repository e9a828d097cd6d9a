"""Small files that went wrong in ways that real ones do: each is read, or refused, as it should be."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.claims.claim_files import read
from validator.errors import ClaimFileError

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Wanted:
    """What must come out of a file: claim numbers, rejected rows by reason, unusable cells, notes."""

    claims: list[str]
    rejected: dict[str, int]
    unusable: list[tuple[str, int]]
    notes: tuple[str, ...] = ()


WANTED = {
    # Saved by a spreadsheet: zeros lost, long numbers rounded, a claim number turned into a day.
    "after_a_spreadsheet.csv": Wanted(
        ["10017", "10018"],
        {
            "no claim number: rounded by a spreadsheet (scientific notation)": 2,
            "no claim number: turned into a day by a spreadsheet": 1,
        },
        [("billing_npi", 1)],
        (
            "2 days are day numbers of a spreadsheet; they were read as days (from_date)",
            "1 ICD-9 codes lack leading zeros, as after a spreadsheet; they are judged as sent (diagnosis)",
            "1 cells are in scientific notation, rounded by a spreadsheet; codes are judged as sent (billing_npi)",
            "4 cells lack leading zeros, as after a spreadsheet; the zeros were put back "
            "(place_of_service, procedure_code, revenue_code)",
        ),
    ),
    # ="00123" keeps the zeros, with and without quotes around it.
    "formulas.csv": Wanted(
        ["0012", "0013", "=1+1"],
        {},
        [],
        ('5 cells are written ="..." to keep their zeros; what stands in the marks was read',),
    ),
    # Lists in cells, in every way to write them; separators inside quotes.
    "lists.csv": Wanted(["L1", "L2", "L3", "L4", "L5", "L6"], {}, [("diagnosis_pointers", 1)]),
    # A mark that is never closed, a cell too many, a record over two lines, blank lines, an old line end.
    "quotes.csv": Wanted(
        ["Q1", "Q2", "Q5", "Q6"],
        {
            "quotation marks do not pair up": 1,
            "the number of cells differs from the number of headings": 1,
        },
        [],
    ),
    # Blanks of other kinds around cells, a mark of byte order, fillers of a mainframe.
    "blanks.txt": Wanted(["B1", "B2"], {"no claim number": 2}, []),
    # Dates in every form, some that are none.
    "dates.tsv": Wanted(
        ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8"],
        {},
        [("from_date", 3)],
        ("1 days are day numbers of a spreadsheet; they were read as days (from_date)",),
    ),
    "keys_that_come_late.ndjson": Wanted(["N1", "N2", "N3"], {"not a JSON object": 2}, []),
}


@pytest.mark.parametrize("name", WANTED)
def test_a_nasty_file_is_read_as_far_as_it_goes(name: str) -> None:
    wanted, found = WANTED[name], read(CORPUS / name)
    assert found.tables.claims["claim_id"].to_list() == wanted.claims
    assert found.account.rejected_by_reason == wanted.rejected
    assert [(cell.column, cell.count) for cell in found.account.unusable_cells] == wanted.unusable
    assert found.account.notes == wanted.notes


REFUSED = {
    "title_above.csv": "no layout fits",
    "two_diagnoses_one_name.csv": "second column for what",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_would_be_misread_is_refused(name: str) -> None:
    with pytest.raises(ClaimFileError, match=REFUSED[name]):
        read(CORPUS / name)


def test_every_file_of_the_corpus_is_tested() -> None:
    tested = {*WANTED, *REFUSED, "old_workbook.xls", "endless.ods"}
    assert {path.name for path in CORPUS.iterdir()} == tested
