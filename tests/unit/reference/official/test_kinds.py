"""Each kind of official file: told by its content, its rows read exactly, its days known."""

from datetime import date
from pathlib import Path

import pytest

from tests.unit.reference.official import made_up
from validator.errors import ReferenceError
from validator.reference.official.add import parse
from validator.reference.official.kind import Asked, Parsed, Quarter
from validator.reference.official.kinds import nppes, poa_exempt

NO = Asked()


def rows(parsed: Parsed, table: str) -> list[tuple[object, ...]]:
    return parsed.tables[table].rows()


def refusal(path: Path, asked: Asked = NO) -> str:
    with pytest.raises(ReferenceError) as caught:
        parse(path, asked)
    return str(caught.value)


EDITS = made_up.ncci(
    "00001 00002  20200101 * 1",
    "00001 00003 * 19960101 20201231 0",
    "00001 0004T  20220101 20220101 9",
)


def test_ncci_edits_keep_their_own_dates_and_the_quarter_comes_from_the_name(tmp_path: Path) -> None:
    found = parse(made_up.write(tmp_path, "ccipra-v322r0-f1.txt", EDITS), NO)
    assert (found.kind, found.setting, found.covers) == (
        "ncci_ptp",
        "practitioner",
        (date(1996, 1, 1), date(2026, 9, 30)),
    )
    assert rows(found, "pairs") == [
        ("", "00001", "0004T", date(2022, 1, 1), date(2022, 1, 1)),
        ("ncci_ptp_never", "00001", "00003", date(1996, 1, 1), date(2020, 12, 31)),
        ("ncci_ptp_unless_modifier", "00001", "00002", date(2020, 1, 1), None),
    ]


def test_ncci_edits_without_a_telling_name_need_their_setting_and_date_themselves(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, "edits.txt", EDITS)
    assert "for which setting these edits are" in refusal(path)
    assert "'nurse' is no setting" in refusal(path, Asked(setting="nurse"))
    found = parse(path, Asked(setting="hospital"))
    assert (found.setting, found.covers[1]) == ("hospital", date(2022, 3, 31))
    assert parse(path, Asked(setting="hospital", quarter="2026Q4")).covers[1] == date(2026, 12, 31)


def test_ncci_edits_of_an_archive_with_a_workbook_are_read_once(tmp_path: Path) -> None:
    head = [
        "Column 1",
        "Column 2",
        "*=in existence\nprior to 1996",
        "Effective\nDate",
        "Deletion\nDate\n*=no data",
        "Modifier\n0=not allowed",
        "PTP Edit Rationale",
    ]
    book = made_up.workbook(
        tmp_path, "a.xlsx", [["Copyright"], head, ["00001", "00002", "", 20200101, "*", 1, "x"]]
    )
    alone = parse(book, Asked(setting="hospital"))
    assert rows(alone, "pairs") == [("ncci_ptp_unless_modifier", "00001", "00002", date(2020, 1, 1), None)]
    both = made_up.zipped(
        tmp_path, "ccioph-v320r0-f2.zip", {"ccioph.txt": EDITS, "ccioph.xlsx": book.read_bytes()}
    )
    assert parse(both, NO).tables["pairs"].height == 3


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("00001 0002  20200101 * 1", "has no two codes"),
        ("00001 000023  20200101 * 1", "has no two codes"),
        ("00001 00002  2020-01 * 1", "has no effective date"),
        ("00001 00002  20200230 * 1", "has no effective date"),
        ("00001 00002  20200101 x 1", "has neither a deletion date nor *"),
        ("00001 00002  20200101 * 2", "has no modifier indicator 0, 1 or 9"),
    ],
)
def test_an_ncci_row_that_is_none_refuses_the_file(tmp_path: Path, row: str, says: str) -> None:
    path = made_up.write(tmp_path, "ccipra.txt", EDITS + made_up.ncci(row).removeprefix(made_up.NCCI_HEAD))
    assert f"row 10 {says}" in refusal(path)


def test_mue_values_hold_for_their_quarter_and_the_header_says_the_setting(tmp_path: Path) -> None:
    settings = {
        "Practitioner Services": "practitioner",
        "Outpatient Hospital Services": "hospital",
        "DME Supplier Services": "dme",
    }
    for what, setting in settings.items():
        content = made_up.mue(what, "00001,2,2 Date of Service Edit: Policy", "A0001,1,1 Line Edit")
        found = parse(made_up.write(tmp_path, "MUE_Eff_07-01-2026.csv", content), NO)
        first, last = date(2026, 7, 1), date(2026, 9, 30)
        assert (found.kind, found.setting, found.covers) == ("mue", setting, (first, last))
        assert rows(found, "keyed") == [("00001", 2, "2", first, last), ("A0001", 1, "1", first, last)]


def test_mue_values_without_a_quarter_are_refused(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, "mue.csv", made_up.mue("Practitioner Services", "00001,2,3 x"))
    assert "--quarter 2026Q3" in refusal(path)
    assert "is no quarter" in refusal(path, Asked(quarter="third"))
    assert parse(path, Asked(quarter="2025q4")).covers == (date(2025, 10, 1), date(2025, 12, 31))


def test_mue_rows_that_are_none_refuse_the_file(tmp_path: Path) -> None:
    for row, says in (
        ("00001,,3 x", "number of units"),
        ("00001,1,4 x", "adjudication indicator"),
        ("00001,1", "adjudication"),
    ):
        path = made_up.write(tmp_path, "mue_2026q1.csv", made_up.mue("Practitioner Services", row))
        assert says in refusal(path)
    path = made_up.write(
        tmp_path, "mue_2026q1.csv", made_up.mue("Practitioner Services", "00001,1,3 x", "00001,2,3 x")
    )
    assert "two different values" in refusal(path)


def test_fee_schedule_rows_without_modifier_are_kept_from_their_release_on(tmp_path: Path) -> None:
    content = made_up.mpfs(
        2026, " July Release", "00001,,X,A,,1.0,090,2,1", "00001,26,X,A,,1.0,XXX,0,0", "G0001,,X,I,,0.0,0,9,9"
    )
    found = parse(made_up.write(tmp_path, "PPRRVU26_JUL.csv", content), NO)
    first, last = date(2026, 7, 1), date(2026, 12, 31)
    assert (found.kind, found.covers) == ("mpfs", (first, last))
    assert found.tables["keyed"].columns == [
        "code",
        "status",
        "bilateral",
        "global_days",
        "valid_from",
        "valid_to",
    ]
    assert rows(found, "keyed") == [
        ("00001", "A", "1", "090", first, last),
        ("G0001", "I", "9", "000", first, last),
    ]


def test_a_fee_schedule_without_its_title_or_as_fixed_width_text_is_refused(tmp_path: Path) -> None:
    content = made_up.mpfs(2026, "", "00001,,X,A,,1.0,090,2,1")
    assert parse(made_up.write(tmp_path, "a.csv", content), NO).covers[0] == date(2026, 1, 1)
    untitled = "\n" + content.partition("\n")[2]
    assert "the title that says the year" in refusal(made_up.write(tmp_path, "b.csv", untitled))
    fixed = "HDR2026 National Physician Fee Schedule Relative Value File\n" + "00001  TEXT A 000001.00\n" * 20
    assert "Add the .csv or the .xlsx" in refusal(made_up.write(tmp_path, "c.txt", fixed))


HCPCS_ROWS = (
    "A0001,0010,3,Text,19820101,20200101,,N",
    "A0001,0020,4,more text,,,,",
    "A0002,0010,3,Text,19820101,20200101,20191231,D",
    "   A1,0010,7,Text,20020701,20200401,,N",
    "   A1,0020,8,more text,,,,",
)
HCPCS_SETS = [
    ("hcpcs_level_2", "A0001", date(1982, 1, 1), None),
    ("hcpcs_level_2", "A0002", date(1982, 1, 1), date(2019, 12, 31)),
    ("hcpcs_modifiers", "A1", date(2002, 7, 1), None),
]


def test_hcpcs_codes_and_modifiers_have_their_days_and_no_continuation_records(tmp_path: Path) -> None:
    as_text = parse(made_up.write(tmp_path, "a.csv", made_up.hcpcs(*HCPCS_ROWS)), NO)
    cells = [line.split(",") for line in made_up.hcpcs(*HCPCS_ROWS).splitlines()]
    as_book = parse(made_up.workbook(tmp_path, "a.xlsx", [["Note"], [], *cells]), NO)  # type: ignore[list-item]
    for found in (as_text, as_book):
        assert rows(found, "sets") == HCPCS_SETS
        assert found.covers == (date(2017, 1, 1), date(2020, 6, 30))


def test_the_fixed_width_hcpcs_file_is_read_by_its_published_columns(tmp_path: Path) -> None:
    content = made_up.hcpcs_fixed(
        ("A1", "7", "20020701", ""),
        ("A1", "8", "", ""),
        ("A0001", "3", "19820101", ""),
        ("A0002", "3", "19820101", "20191231"),
    )
    found = parse(made_up.write(tmp_path, "HCPC2020_ANWEB.txt", content), NO)
    assert rows(found, "sets") == HCPCS_SETS
    cut = (content + content.splitlines()[-1])[:-60]
    assert "has no date on which the code was added" in refusal(made_up.write(tmp_path, "cut.txt", cut))


def test_add_on_codes_have_types_primary_codes_and_days_of_the_year(tmp_path: Path) -> None:
    content = made_up.add_on(
        "1 00001 - 00010 - 2013091 -",
        "1 00001 - 00011 - 2013091 2020366",
        "2 00002 - CCCCC - 2014001 -",
        "3 00003 2025091 00010 2024001 2015001 -",
    )
    found = parse(made_up.write(tmp_path, "AOC_V2026Q2-MCR.txt", content), NO)
    assert (found.kind, found.covers) == ("add_on", (date(2013, 4, 1), date(2026, 6, 30)))
    assert rows(found, "sets") == [
        ("add_on_type_1", "00001", date(2013, 4, 1), None),
        ("add_on_type_1", "00001", date(2013, 4, 1), date(2020, 12, 30)),
        ("add_on_type_2_3", "00002", date(2014, 1, 1), None),
        ("add_on_type_2_3", "00003", date(2015, 1, 1), date(2025, 3, 31)),
    ]
    assert rows(found, "pairs") == [
        ("add_on_primary", "00001", "00010", date(2013, 4, 1), None),
        ("add_on_primary", "00001", "00011", date(2013, 4, 1), date(2020, 12, 31)),
        ("add_on_primary", "00003", "00010", date(2015, 1, 1), date(2024, 1, 1)),
    ]


def test_a_day_of_the_year_that_is_none_refuses_the_add_on_file(tmp_path: Path) -> None:
    for day in ("2023366", "2023000", "20230230", "soon"):
        content = made_up.add_on(f"1 00001 - 00010 - {day} -")
        assert "has a date that is none" in refusal(made_up.write(tmp_path, "a.txt", content))


def test_a_poa_exempt_list_covers_its_fiscal_year_only(tmp_path: Path) -> None:
    whole, additions = made_up.poa(), made_up.poa(200)
    path = made_up.zipped(
        tmp_path,
        "POA.zip",
        {
            "AddCodes.txt": additions,
            "codes.txt": whole,
            "deleted.txt": "POAexemptCode\tDescription\nA00.0\tText\n",
        },
    )
    found = parse(path, NO)
    assert (found.covers, found.rows) == ((date(2025, 10, 1), date(2026, 9, 30)), 20_000)
    assert rows(found, "sets")[0] == ("poa_exempt", "A000", date(2025, 10, 1), date(2026, 9, 30))
    assert "only the additions" in refusal(made_up.write(tmp_path, "POAexemptAddCodesFY26.txt", additions))
    deleted = "POAexemptCode\tDescription\nA00.0\tText\nA00.1\tText\n"
    assert "left or joined" in refusal(made_up.write(tmp_path, "deleted.txt", deleted))


def test_a_poa_list_without_its_year_in_the_header_takes_it_from_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poa_exempt, "_FEWEST", 2)
    content = made_up.poa(5, "Order\tPOAexemptCode\tDescription")
    assert parse(made_up.write(tmp_path, "POAexemptCodesFY24.txt", content), NO).covers[1] == date(
        2024, 9, 30
    )
    assert "fiscal year" in refusal(made_up.write(tmp_path, "codes.txt", content))


def test_leie_keeps_npis_and_days_and_nothing_else(tmp_path: Path) -> None:
    content = made_up.leie(
        ("1234567893", "20200120", "00000000"),
        ("1234567893", "20100120", "20150301"),
        ("0000000000", "20260918", "00000000"),
    )
    found = parse(made_up.write(tmp_path, "UPDATED.csv", content), NO)
    assert found.covers == (date(1977, 1, 1), date(2026, 10, 31))
    assert rows(found, "sets") == [
        ("leie_npis", "1234567893", date(2010, 1, 20), date(2015, 2, 28)),
        ("leie_npis", "1234567893", date(2020, 1, 20), None),
    ]
    assert found.remark == "1 of 3 exclusions name no NPI"
    assert "row 2 has no exclusion date" in refusal(
        made_up.write(tmp_path, "x.csv", made_up.leie(("1234567893", "2020", "")))
    )


def test_nppes_keeps_types_and_the_days_between_deactivation_and_reactivation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = made_up.nppes(
        ("1234567893", "1", "05/23/2005", "", ""),
        ("1111111112", "2", "05/24/2006", "01/10/2010", "03/01/2010"),
        ("1222222223", "", "", "02/01/2020", ""),
    )
    path = made_up.zipped(
        tmp_path,
        "NPPES.zip",
        {
            "npidata_pfile_20050523-20261108.csv": content,
            "npidata_pfile_fileheader.csv": "NPI\n",
            "readme.pdf": b"%PDF",
        },
    )
    assert "weekly file" in refusal(path)
    monkeypatch.setattr(nppes, "_FEWEST", 3)
    found = parse(path, NO)
    assert found.covers == (date(2005, 5, 23), date(2006, 5, 24))
    assert rows(found, "sets") == [
        ("nppes_individual", "1222222223", None, date(2020, 1, 31)),
        ("nppes_individual", "1234567893", None, None),
        ("nppes_organization", "1111111112", None, date(2010, 1, 9)),
        ("nppes_organization", "1111111112", date(2010, 3, 1), None),
        ("nppes_organization", "1222222223", None, date(2020, 1, 31)),
    ]


def test_articles_pair_each_procedure_with_each_covered_diagnosis_of_the_same_article(tmp_path: Path) -> None:
    inner = made_up.zip_bytes(made_up.articles())  # type: ignore[arg-type]
    found = parse(
        made_up.zipped(
            tmp_path, "current_article.zip", {"current_article_csv.zip": inner, "readme.txt": "see"}
        ),
        NO,
    )
    assert (found.kind, found.covers) == ("coverage", (None, None))
    assert rows(found, "pairs") == [
        ("coverage", "20605", "M1990", date(2024, 1, 1), date(2024, 12, 31)),
        ("coverage", "20610", "M1711", date(2024, 1, 1), None),
        ("coverage", "20610", "M1712", date(2024, 1, 1), None),
    ]
    assert [row[1] for row in rows(found, "sets")] == ["20605", "20610"]


def test_articles_of_several_contractors_and_broken_downloads_are_refused(tmp_path: Path) -> None:
    head = "article_id,article_version,contractor_id\n"
    several = made_up.articles(**{"article_x_contractor.csv": head + "5,2,10\n6,1,11\n"})
    assert "several contractors" in refusal(made_up.zipped(tmp_path, "a.zip", several))  # type: ignore[arg-type]
    one = made_up.articles(**{"article_x_contractor.csv": head + "5,2,10\n5,2,11\n6,1,10\n"})
    assert parse(made_up.zipped(tmp_path, "b.zip", one), NO).kind == "coverage"  # type: ignore[arg-type]
    del one["article.csv"]
    assert "lacks article.csv" in refusal(made_up.zipped(tmp_path, "c.zip", one))  # type: ignore[arg-type]


def test_a_plain_coverage_list_is_read_with_its_dates(tmp_path: Path) -> None:
    content = "procedure,diagnosis,valid_from,valid_to\n20610,M17.11,2024-01-01,\n20610,m1712,,\n"
    found = parse(made_up.write(tmp_path, "coverage.csv", content), NO)
    assert rows(found, "pairs") == [
        ("coverage", "20610", "M1711", date(2024, 1, 1), None),
        ("coverage", "20610", "M1712", None, None),
    ]


def test_plain_lists_say_their_kind_and_their_days(tmp_path: Path) -> None:
    listed = "code,valid_from,valid_to\n99202,,\n00001,2020-01-01,2020-12-31\n"
    path = made_up.write(tmp_path, "list.csv", f"# kind: cpt\n# covers: 2026-01-01..2026-12-31\n{listed}")
    found = parse(path, NO)
    assert (found.kind, found.covers) == ("cpt", (date(2026, 1, 1), date(2026, 12, 31)))
    assert rows(found, "sets") == [
        ("cpt", "00001", date(2020, 1, 1), date(2020, 12, 31)),
        ("cpt", "99202", None, None),
    ]
    plain = made_up.write(tmp_path, "plain.csv", listed)
    assert "# kind: cpt" in refusal(plain)
    assert "no kind 'cpts'" not in refusal(plain)
    for kind, first in (("ra_eligible_procedures", date(2020, 1, 1)), ("cancer_treatment_procedures", None)):
        found = parse(plain, Asked(kind=kind))
        assert (found.kind, found.covers) == (kind, (first, None))
    drugs = made_up.write(
        tmp_path,
        "d.csv",
        "# kind: anticoagulant_ndcs\ncode,valid_from,valid_to\n00000-0000-01,,\n00000000002,,\n",
    )
    assert [row[1] for row in rows(parse(drugs, NO), "sets")] == ["00000-0000-01", "00000000002"]
    undated = made_up.write(tmp_path, "undated.csv", "# kind: cpt\ncode,valid_from,valid_to\n99202,,\n")
    assert "of which days this is the whole list" in refusal(undated)


def test_visit_times_need_no_kind(tmp_path: Path) -> None:
    found = parse(made_up.write(tmp_path, "times.csv", "code,minutes\n99213,20\n99214,30\n"), NO)
    assert rows(found, "keyed") == [("99213", 20, None, None), ("99214", 30, None, None)]
    assert "has no number of minutes" in refusal(
        made_up.write(tmp_path, "t.csv", "code,minutes\n99213,many\n")
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("order.txt", "00001 A00     0 Cholera      Cholera\n00002 A000    1 Text    Text\n00003 A001    1 Text   Text\n", "ICD-10-CM order file"),
        ("pcs.txt", "00001 001     0 Text         Text\n00002 0016070 1 Text         Text\n00003 0016071 1 Text    Text\n", "ICD-10-PCS order file"),
        ("codes.txt", "A000    Text\nA001    Text\nA009    Text\n", "list of ICD-10-CM codes"),
        ("tabular.xml", '<?xml version="1.0"?>\n<ICD10CM.tabular>\n</ICD10CM.tabular>\n', "tabular list"),
        ("medicaid.txt", "Column 1\tColumn 2\tEffective Date\tDeletion Date\tModifier Indicator\n00001\t00002\t20200101\t*\t1\n", "as Medicaid has them"),
        ("conversion.csv", "Title,,\nCurrent code assignment,Effective,Previous Code(s) Assignment\nA04.71,2017,A04.7\n", "conversion table"),
        ("hcc.csv", "Diagnosis Code,Description,CMS-HCC Model Category V28\nA0103,Text,115\n", "mapping of diagnoses to HCCs"),
    ],
)  # fmt: skip
def test_files_that_are_known_and_not_used_are_refused_with_the_reason(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    assert says in refusal(made_up.write(tmp_path, name, content))


def test_a_quarter_is_told_by_names() -> None:
    assert Quarter.said("medicare-ncci-2026q3-edits") == Quarter(2026, 3)
    assert Quarter.said("MCR_MUE_PractitionerServices_Eff_01-01-2026.csv") == Quarter(2026, 1)
    assert Quarter.said("version 2026") is None
    assert (Quarter(2025, 4).first, Quarter(2025, 4).last) == (date(2025, 10, 1), date(2025, 12, 31))
