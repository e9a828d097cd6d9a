"""What a printed note cites: ranges in all their spellings, qualifiers, and what only looks like a code."""

import pytest

from validator.reference.notes.citations import Citation, Qualifier, cited

LINES = [
    ("discitis NOS (M46.4-)", ["M464"]),
    ("neoplasm (C00-D49)", ["C00-D49"]),
    ("rheumatic fever with heart involvement (I01.0 -I01.9)", ["I010-I019"]),
    ("atherosclerosis of the extremities (I70.2--I70.7-)", ["I702-I707"]),
    ("apnea of newborn (P28.3- - P28.4-)", ["P283-P284"]),
    ("drug dependence (F10.- -F19.-)", ["F10-F19"]),
    ("rheumatoid arthritis by site, if known (M05.00 to M05.8A)", ["M0500-M058A"]),
    ("abortion or ectopic or molar pregnancy (O00-O07, O08.1)", ["O00-O07", "O081"]),
    ("BMI for adults (Z68.1-Z68.45) or pediatrics (Z68.5-)", ["Z681-Z6845", "Z685"]),
    ("conditions classified to Q67.0-Q67.4", ["Q670-Q674"]),
    ("acquired absence of knee joint (Z89.52-", ["Z8952"]),
    ("tuberculosis, any type in A15 (J65)", ["J65"]),
    ("multiple sclerosis (G35-)", ["G35"]),
    ("glucose-6-phosphate dehydrogenase (G6PD) deficiency without anemia (D75.A)", ["D75A"]),
    ("influenza A/H1N1 (J10.-)", ["J10"]),
    ("acute nephritis with C3 glomerulopathy (N00.A)", ["N00A"]),
    ("angiostrongyliasis due to:", []),
]


@pytest.mark.parametrize(("text", "expected"), LINES, ids=[line for line, _ in LINES])
def test_a_line_cites_the_codes_that_it_prints(text: str, expected: list[str]) -> None:
    assert [one.written for one in cited(text)] == expected


QUALIFIED = [
    ("gangrene in diabetes mellitus (E08-E13 with .52)", ["E1152"], ["E1151", "E1165"]),
    ("diabetic angiopathy (E08-E13 with .51-.52)", ["E1151", "E1152"], ["E1159"]),
    ("diabetes mellitus (E08-E13 with .61-)", ["E11610", "E11618"], ["E11621"]),
    ("mood disorders (F10-F19 with .14, .24, .94)", ["F1014", "F1124", "F1994"], ["F1020"]),
    ("aphasia (I69. with final characters -20)", ["I69020", "I69320"], ["I6920", "I69321"]),
    ("hallucinations (F11-F19 with fifth to sixth characters 51)", ["F11151"], ["F11150"]),
    ("neuropathy (B27.0-B27.9 with fifth character 1)", ["B2701"], ["B2700"]),
    ("open skull fracture (S02.- with 7th character B)", ["S020XXB"], ["S020XXA"]),
    ("open fracture (S42.- with 7th character B or C)", ["S42001B", "S42301C"], ["S42001A"]),
    ("open fracture (S52.- with open fracture 7th character)", ["S52501B", "S52501N"], ["S52501A"]),
    ("underdosing of medication (T36-T50) with fifth or sixth character 6", ["T360X6A"], ["T360X5A"]),
    (
        "poisoning (T36-T65 with fifth or sixth character 1-4)",
        ["T360X1A", "T4271XA", "T39011A"],
        ["T360X5A", "T4275XA", "T39015A"],
    ),
    ("diabetic acidosis - see categories E08-E10, E11, E13 with ketoacidosis", ["E1110"], ["E119"]),
]


@pytest.mark.parametrize(("text", "meant", "others"), QUALIFIED, ids=[line for line, *_ in QUALIFIED])
def test_a_qualifier_tells_which_of_the_cited_codes_are_meant(
    text: str, meant: list[str], others: list[str]
) -> None:
    """The 5th character of T39.015A is 1, and yet it is an adverse effect: the intent is the 6th."""
    qualifier = cited(text)[0].qualifier
    assert qualifier is not None
    assert [code for code in meant + others if qualifier.holds(code)] == meant


def test_a_range_within_a_category_is_closer_than_one_across_categories() -> None:
    levels = [Citation("J329"), Citation("J32"), Citation("J320", "J328"), Citation("O00", "O07")]
    assert [one.level for one in levels] == [4, 3, 4, 2]


def test_the_same_citation_is_written_the_same_in_every_year() -> None:
    assert Citation("T36", "T65", Qualifier(intent="1234")).written == "T36-T65 with intent 1234"
