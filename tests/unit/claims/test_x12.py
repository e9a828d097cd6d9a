"""X12 837: every claim in comes out, envelopes are held against their own words, and nothing crashes the reader."""

import re
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.claims.claim_files import Read, read, read_text
from tests.unit.claims.fuzz import read_claims
from tests.unit.claims.x12_writer import Style, a_claim, interchange
from validator.errors import ClaimFileError

SEEDS = Path(__file__).parent / "x12_corpus"
# Without the letters of NULL and the like, which mean blank in every format.
ids = st.text("ABCDEF12345-", min_size=1, max_size=12)
days = st.dates(date(2016, 1, 1), date(2026, 9, 30))
money = st.decimals(Decimal(0), Decimal("99999.99"), places=2).map(str)
codes10 = st.sampled_from(["M5450", "E119", "I10", "S72001A", "Z0000"])
codes9 = st.sampled_from(["25000", "4019", "V270"])
people = st.fixed_dictionaries(
    {"id": ids, "birth": days.map("{:%Y%m%d}".format), "sex": st.sampled_from(["M", "F", "U"])}
)


@st.composite
def claims(draw: st.DrawFn, form: str) -> dict[str, Any]:
    old = draw(st.booleans())
    codes = codes9 if old else codes10
    hospital = form == "institutional"
    present = st.sampled_from(["Y", "N", "U", "W", ""]) if hospital else st.just("")
    diagnoses = draw(st.lists(st.tuples(codes, present), min_size=1, max_size=25))
    day = draw(days)
    line = st.fixed_dictionaries(
        {
            "code": st.sampled_from(["99213", "J0696", "D0120"]),
            "modifiers": st.lists(st.sampled_from(["25", "59", "RT"]), max_size=4),
            "charge": money,
            "units": st.integers(1, 99).map(str),
            "revenue": st.sampled_from(["0450", "0120"]),
            "day": st.just(f"{day:%Y%m%d}"),
            "pointers": st.just([])
            if hospital
            else st.lists(st.integers(1, min(len(diagnoses), 4)), min_size=1, max_size=4),
        }
    )
    return {
        "id": draw(ids),
        "patient": draw(people),
        "dependent": draw(st.none() | people),
        "billing_npi": "1234567893",
        "tin": draw(st.integers(10**8, 10**9 - 1).map(str)),
        "group": draw(st.sampled_from(["", "GROUP1"])),
        "payer": draw(ids),
        "bill": draw(st.sampled_from(["111", "131", "851"])),
        "place": draw(st.sampled_from(["11", "22"])),
        "frequency": draw(st.sampled_from(["1", "7"])),
        "original": draw(st.none() | ids),
        "charge": draw(money),
        "from": f"{day:%Y%m%d}",
        "through": f"{day:%Y%m%d}",
        "status": draw(st.sampled_from(["01", "30"])),
        "system": "icd9cm" if old else "icd10cm",
        "diagnoses": diagnoses,
        "admitting": draw(st.none() | codes) if hospital else None,
        "causes": draw(st.lists(st.tuples(codes, present), max_size=12)) if hospital else [],
        "procedures": draw(st.lists(st.tuples(st.just("0SR9019"), st.just(f"{day:%Y%m%d}")), max_size=13))
        if hospital
        else [],
        "lines": draw(st.lists(line, max_size=4)),
    }


styles = st.builds(
    Style,
    element=st.sampled_from("*|^"),
    component=st.sampled_from(":>"),
    repetition=st.just("!"),
    segment=st.sampled_from("~'\n"),
    after=st.sampled_from(["", "\n", "\r\n", "\n   "]),
    before=st.sampled_from(["", "\ufeff", "\n"]),
)


def told(read_back: Read) -> list[dict[str, Any]]:
    """What the tables say of each claim, in file order, in the words of the writer."""
    if not read_back.partitions:
        return []
    tables = read_back.tables
    found = []
    for claim in tables.claims.to_dicts():
        number = claim["claim_no"]
        own = {name: [r for r in frame.to_dicts() if r["claim_no"] == number] for name, frame in tables}
        coded = {role: [] for role in ("principal", "secondary", "admitting", "external_cause")}
        for row in own["diagnoses"]:
            coded[row["role"]].append((row["code"], row["present_on_admission"] or ""))
        found.append(
            {
                "row": claim["source_row"],
                "id": claim["claim_id"],
                "form": claim["claim_type"],
                "bill": claim["type_of_bill"],
                "frequency": claim["frequency_code"],
                "original": claim["original_claim_id"],
                "charge": claim["total_charge"],
                "birth": claim["birth_date"],
                "sex": claim["sex"],
                "payer": claim["payer_id"],
                "group": claim["plan_id"],
                "npi": claim["billing_npi"],
                "tin": claim["billing_tin"],
                "from": claim["from_date"],
                "status": claim["discharge_status"],
                "systems": {row["declared_code_system"] for row in own["diagnoses"]},
                "main": coded["principal"] + coded["secondary"],
                "admitting": coded["admitting"],
                "causes": coded["external_cause"],
                "procedures": [(row["code"], row["date"]) for row in own["procedures"]],
                "lines": [
                    (
                        row["procedure_code"],
                        row["modifiers"] or [],
                        row["charge"],
                        row["units"],
                        row["revenue_code"],
                        row["place_of_service"],
                        row["from_date"],
                        row["diagnosis_pointers"] or [],
                    )
                    for row in own["lines"]
                ],
            }
        )
    return sorted(found, key=lambda claim: claim["row"])


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def expected(claim: dict[str, Any], form: str) -> dict[str, Any]:
    hospital = form == "institutional"
    person = claim["dependent"] or claim["patient"]
    return {
        "id": claim["id"],
        "form": form,
        "bill": claim["bill"] if hospital else None,
        "frequency": claim["bill"][2] if hospital else claim["frequency"],
        "original": claim["original"],
        "charge": Decimal(claim["charge"]),
        "birth": _day(person["birth"]),
        "sex": person["sex"],
        "payer": claim["payer"],
        "group": claim["group"] or None,
        "npi": claim["billing_npi"],
        "tin": claim["tin"],
        "from": _day(claim["from"]) if hospital or claim["lines"] else None,
        "status": claim["status"] if hospital else None,
        "systems": {claim["system"]},
        "main": claim["diagnoses"],
        "admitting": [(claim["admitting"], "")] if claim["admitting"] else [],
        "causes": claim["causes"],
        "procedures": [(code, _day(day)) for code, day in claim["procedures"]],
        "lines": [
            (
                line["code"],
                line["modifiers"],
                Decimal(line["charge"]),
                Decimal(line["units"]),
                line["revenue"] if hospital else None,
                None if hospital else claim["place"],
                _day(line["day"]),
                line["pointers"],
            )
            for line in claim["lines"]
        ],
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(["professional", "institutional", "dental"]), styles)
def test_what_is_written_is_read_back(data: st.DataObject, form: str, style: Style) -> None:
    sent = data.draw(st.lists(claims(form), min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        back = read_text(Path(folder), interchange(sent, form, style), "claims.837")
    got = told(back)
    for claim in got:
        del claim["row"]
    assert got == [expected(claim, form) for claim in sent]
    assert not any("tells another" in note or "without" in note for note in back.account.notes)
    assert back.account.unusable_cells == ()


def test_one_number_sent_twice_is_two_claims_with_keys_of_their_own(tmp_path: Path) -> None:
    text = interchange([a_claim("A"), a_claim("A")], "professional") + interchange(
        [a_claim("A")], "professional", control=2
    )
    back = read_text(tmp_path, text)
    assert back.tables.claims["claim_id"].to_list() == ["A"] * 3
    assert back.tables.claims["claim_key"].n_unique() == 3
    places = back.tables.claims["source_control"].to_list()
    assert [place.rsplit("/", 1)[0] for place in places] == ["000000001/1/0001"] * 2 + ["000000002/2/0002"]
    assert any("stand for several patients or claims" in note for note in back.account.notes)


def test_a_row_is_the_number_of_its_segment(tmp_path: Path) -> None:
    text = interchange([a_claim("A"), a_claim("B")], "professional")
    segments = text.split("~")
    back = read_text(tmp_path, text)
    for number, row in back.tables.claims.select("claim_id", "source_row").iter_rows():
        assert segments[row - 1].startswith(f"CLM*{number}*")
    for row in back.tables.lines["source_row"]:
        assert segments[row - 1] == "LX*1"


def test_a_dependent_is_a_patient_of_its_own(tmp_path: Path) -> None:
    child = {"birth": "20200505", "sex": "M"}
    back = read_text(
        tmp_path,
        interchange(
            [a_claim("A"), {**a_claim("B"), "patient": a_claim("A")["patient"], "dependent": child}],
            "professional",
        ),
    )
    member, dependent = back.tables.claims.sort("claim_id")["patient_id"].to_list()
    assert member == "MA" and dependent != member and dependent.startswith("MA/")


def test_interchanges_may_change_their_separators(tmp_path: Path) -> None:
    other = Style(element="|", component=">", segment="\n")
    text = (
        interchange([a_claim("A")], "professional")
        + "\n"
        + interchange([a_claim("B")], "institutional", other, control=2)
    )
    text += interchange([a_claim("C")], "professional", control=3)
    back = read_text(tmp_path, text)
    assert back.tables.claims.sort("source_row").select("claim_id", "claim_type").rows() == [
        ("A", "professional"),
        ("B", "institutional"),
        ("C", "professional"),
    ]


def test_composites_may_be_divided_by_another_mark_than_the_isa_names(tmp_path: Path) -> None:
    told, divided = Style(component=":"), Style(component=">")
    hospital = {"diagnoses": [("I214", "Y"), ("I10", "N")], "bill": "131"}
    for form, changes in (("professional", {}), ("institutional", hospital)):
        sent = [a_claim("A", **changes), a_claim("B", **changes)]
        sound, odd = interchange(sent, form, told), interchange(sent, form, divided)
        back = read_text(tmp_path, odd.replace("*P*>~", "*P*:~"))
        same = read_text(tmp_path, sound)
        for table in ("claims", "diagnoses", "lines"):
            keys = ("claim_key", "source_file")
            one, other = (getattr(each.tables, table).drop(keys, strict=False) for each in (back, same))
            assert one.equals(other), table
        [note] = [note for note in back.account.notes if "another mark" in note]
        assert note.startswith("2 claims")
        assert not any("another mark" in note for note in same.account.notes)


@pytest.mark.parametrize("place", ["11", "", "11:B:1", "a*b", "1>B:1", "11>C>1", "1111>B>1", ">>", "11>B"])
def test_the_mark_of_the_isa_counts_unless_another_one_is_plain(tmp_path: Path, place: str) -> None:
    text = interchange([a_claim("A")], "professional").replace("*11:B:1*", f"*{place}*")
    assert not any("another mark" in note for note in read_text(tmp_path, text).account.notes)


def test_old_icd_codes_under_new_qualifiers_keep_what_was_declared(tmp_path: Path) -> None:
    text = interchange([a_claim("A", system="icd9cm")], "professional")
    assert "HI*BK:M5450" in text
    assert read_text(tmp_path, text).tables.diagnoses["declared_code_system"].to_list() == ["icd9cm"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda t: re.sub(r"SE\*\d+", "SE*3", t),
            "1 transactions whose SE segment tells another number of segments",
        ),
        (
            lambda t: t.replace("IEA*1*000000001", "IEA*1*000000009"),
            "1 interchanges whose IEA segment has another control number",
        ),
        (
            lambda t: t.replace("GE*1*1", "GE*4*1"),
            "1 functional groups whose GE segment tells another number of transactions",
        ),
        (lambda t: t[: t.index("SE*")], "1 transactions without their SE segment"),
        (
            lambda t: t.replace("X222A1", "X223A2"),
            "1 claims whose lines are of another form than their group (GS08) says; the lines count",
        ),
        (
            lambda t: t.replace("SV1*HC:99213*100*UN*1", "SV1*HC:00790*100*MJ*90"),
            "1 lines measured in minutes, whose number is not read as units",
        ),
    ],
)
def test_what_does_not_fit_is_told_and_the_claim_is_kept(tmp_path: Path, change: Any, says: str) -> None:
    back = read_text(tmp_path, change(interchange([a_claim("A")], "professional")))
    assert back.tables.claims.height == 1
    assert says in back.account.notes


def test_a_claim_in_which_the_file_is_cut_off_is_rejected_with_its_lines(tmp_path: Path) -> None:
    text = interchange([a_claim("A"), a_claim("B")], "professional")
    back = read_text(tmp_path, text[: text.rindex("DTP*472") + 9])
    assert back.tables.claims["claim_id"].to_list() == ["A"]
    assert back.account.rejected_by_reason == {"the file is cut off inside this claim": 2}


def test_transactions_of_another_kind_are_counted(tmp_path: Path) -> None:
    text = interchange([a_claim("A")], "professional")
    status = "ST*277*0009~BHT*0010*08*1~CLM*NOT A CLAIM*5~SE*4*0009~"
    back = read_text(tmp_path, text.replace("GE*1", status + "GE*2"))
    assert back.tables.claims["claim_id"].to_list() == ["A"]
    assert "1 transactions of kind 277, which are no claims" in back.account.notes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*0000*^*00501*000000001*0*P*:~GS*HP*A*B*20260101*0000*1*X*005010X221A1~ST*835*0001~",
            "is an X12 835: a remittance, not a claim",
        ),
        (
            "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*0000*^*00501*000000001*0*P*:~TA1*000000001*260101*0000*A*000~IEA*0*000000001~",
            "is an X12 interchange without any transaction",
        ),
        ("ST*270*0001~BHT*0022*13~", "is an X12 270: an eligibility inquiry, not a claim"),
        ("ISA*00*short*ST*837*0001~", "is X12 without a sound ISA segment"),
    ],
)
def test_what_is_no_claim_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ClaimFileError) as caught:
        read_text(tmp_path, text)
    assert caught.value.what.startswith(says)


def test_what_is_not_used_is_listed_once_and_never_a_value(tmp_path: Path) -> None:
    text = interchange([a_claim("A"), a_claim("B")], "professional").replace(
        "LX*1~", "NTE*ADD*SECRET~REF*EA*SECRET~AMT*F5*7~LX*1~"
    )
    [said] = [note for note in read_text(tmp_path, text).account.notes if note.startswith("not used")]
    assert said == "not used: AMT, BHT, NTE, REF*EA"


@pytest.mark.parametrize("path", sorted(SEEDS.iterdir()), ids=lambda path: path.name)
def test_the_corpus_never_crashes(path: Path, tmp_path: Path) -> None:
    assert read_claims(path.read_bytes(), tmp_path) in ("read", "refused")


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["x12_837", "x12_837_older"])
def test_as_many_claims_come_out_as_clm_segments_go_in(real_data: Path, folder: str) -> None:
    for path in sorted((real_data / "claims" / folder).iterdir()):
        text = path.read_text(encoding="utf-8", errors="replace")
        element = text[text.index("ISA") + 3]
        there = len(re.findall(rf"(?:[^\w\s]|\n)\s*CLM{re.escape(element)}", text))
        assert read(path).account.claims == there > 0, path.name
