"""Short cards tell of many codes at once what the whole card tells of one."""

from datetime import date

from validator.reference.lookup import open_reference
from validator.reference.short_card import short_cards


def test_they_agree_with_the_whole_card() -> None:
    reference = open_reference()
    codes = ["M53.2", "M54.5", "I10", "G35", "S72.001A", "K80"]
    cards = short_cards(reference, codes)
    assert set(cards) == set(codes)
    for code in codes:
        whole = reference.card(code, date(2026, 3, 1))
        told = [(span.kind, str(span.valid_from), str(span.valid_to or "")) for span in whole.spans]
        assert [tuple(span) for span in cards[code]["spans"]] == told
        every = {(note.kind.replace("_", " "), note.text) for note in whole.notes}
        assert {tuple(note) for note in cards[code]["notes"]} <= every


def test_a_code_that_no_release_has_and_no_code_at_all_have_no_card() -> None:
    assert short_cards(open_reference(), ["QX9.KAN", "M53.2"]).keys() == {"M53.2"}
    assert short_cards(open_reference(), []) == {}
