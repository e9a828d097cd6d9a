"""Value sets: codes, stems and ranges with dates, and what a faulty file gets."""

from pathlib import Path

import polars as pl
import pytest

from validator.errors import ReferenceError
from validator.reference.lookup import Reference
from validator.reference.schema import OFFICIAL_SETS
from validator.reference.valuesets import read_value_sets

CODES = pl.Series(
    "code", ["I60", "I600", "I6000", "I63", "I639", "I64", "I69", "I699", "I70", "M532", "M532X6"]
)
HEAD = "# source: ICD-10-CM Official Guidelines, section I.C.9\ncode,valid_from,valid_to\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_codes_stems_and_ranges_are_spelled_out(tmp_path: Path) -> None:
    path = write(tmp_path, "stroke", HEAD + "I60.-,,\nI63..I69,2015-10-01,2026-09-30\nM53.2X6,2016-10-01,\n")
    found = read_value_sets([path], CODES).members
    assert found.select("name").unique().rows() == [("stroke",)]
    assert found["code"].to_list() == ["I60", "I600", "I6000", "I63", "I639", "I64", "I69", "I699", "M532X6"]
    dates = {code: (str(first), str(last)) for _, code, first, last in found.rows()}
    assert dates["I600"] == ("None", "None")
    assert dates["I699"] == ("2015-10-01", "2026-09-30")
    assert dates["M532X6"] == ("2016-10-01", "None")


def test_every_problem_of_every_file_is_named(tmp_path: Path) -> None:
    files = [
        write(tmp_path, "no_source", "code,valid_from,valid_to\nI60,,\n"),
        write(tmp_path, "odd_lines", HEAD + "I60 to I69,,\nI63,01.10.2026,\nZ99.9,,\nI60\n"),
        write(tmp_path, "Stroke", HEAD + "I60,,\n"),
        write(tmp_path, "empty", ""),
    ]
    with pytest.raises(ReferenceError) as caught:
        read_value_sets(files, CODES)
    text = str(caught.value)
    assert "no_source.csv:1: the first line must name the source" in text
    assert "odd_lines.csv:3: not a code, a stem or a range" in text
    assert "odd_lines.csv:4: a date is written" in text
    assert "odd_lines.csv:5: no release of ICD-10-CM has a code that this names" in text
    assert "odd_lines.csv:6: not a code" in text
    assert "Stroke.csv: the name of a value set" in text
    assert "empty.csv:1:" in text


def test_the_shipped_value_sets_can_be_read_by_name(reference: Reference) -> None:
    for name in set(reference.value_sets) - set(OFFICIAL_SETS):
        found = reference.value_set(name)
        assert found is not None and found.source and found.covers is None
        assert found.members.columns == ["code", "valid_from", "valid_to"]
        assert not found.members.is_empty()


def test_an_unknown_name_is_refused(reference: Reference) -> None:
    with pytest.raises(ReferenceError, match="there is no value set 'acute_strok'"):
        reference.value_set("acute_strok")


def test_lists_of_procedures_texts_and_npis_say_so(tmp_path: Path) -> None:
    head = "# source: made up\n# system: {}\n# note: stands in\ncode,valid_from,valid_to\n"
    files = [
        write(tmp_path, "visits", head.format("procedure") + "99202..99205,,\ng0438..G0439,2020-01-01,\n"),
        write(tmp_path, "bill_types", head.format("text") + "110..112,,\nXa,,\n"),
        write(tmp_path, "npis", head.format("npi") + "1234567893,,\n"),
    ]
    found = read_value_sets(files, CODES)
    codes = {
        name: found.members.filter(pl.col("name") == name)["code"].to_list()
        for name in ("visits", "bill_types")
    }
    assert codes == {
        "visits": ["99202", "99203", "99204", "99205", "G0438", "G0439"],
        "bill_types": ["110", "111", "112", "Xa"],
    }
    assert found.about.filter(pl.col("name") == "npis").row(0) == ("npis", "npi", "made up", "stands in")


@pytest.mark.parametrize(
    ("system", "entry"),
    [
        ("procedure", "992"),
        ("procedure", "99205..99202"),
        ("procedure", "A0001..B0002"),
        ("npi", "12345"),
        ("text", "1..10"),
        ("text", ""),
    ],
)
def test_an_entry_of_the_wrong_shape_is_named(tmp_path: Path, system: str, entry: str) -> None:
    path = write(tmp_path, "odd", f"# source: x\n# system: {system}\ncode,valid_from,valid_to\n{entry},,\n")
    with pytest.raises(ReferenceError, match=r"odd.csv:4: not "):
        read_value_sets([path], CODES)
