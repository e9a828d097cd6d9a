"""A week of nights over the command's own function: corrected, returned, replaced, re-sent claims."""

import json
from datetime import date
from pathlib import Path

import polars as pl

from validator.errors import ExitCode
from validator.run import Night, Request, run_night

HEAD = (
    "claim_id,claim_type,frequency_code,original_claim_id,patient_id,birth_date,sex,from_date,through_date,"
    "billing_npi,total_charge,diagnosis_1,line_number,line_from_date,procedure_code,units,line_charge,"
    "place_of_service,diagnosis_pointers,rendering_npi\n"
)


def claim(number: str, code: str, *, frequency: str = "1", original: str = "") -> str:
    patient = f"P{original or number}"
    day = "2026-01-15"
    return (
        f"{number},professional,{frequency},{original},{patient},1970-01-01,M,{day},{day},1234567893,100.00,{code},"
        f"1,{day},99213,1,100.00,11,1,1234567893\n"
    )


def night(folder: Path, day: int, *claims: str, **asked: object) -> Night:
    file = folder / f"night{day}.csv"
    file.write_text(HEAD + "".join(claims))
    return run_night(Request([str(file)], date(2026, 2, day), out=folder / "out", **asked))  # type: ignore[arg-type]


def standing(night: Night) -> dict[str, str]:
    """Claim number and rule -> where the finding stands."""
    told = night.content.findings.join(
        pl.read_parquet(night.published.path / "standing.parquet"), on="finding_id"
    )
    keys = told.select(pl.format("{} {}", "claim_id", "rule_id")).to_series()
    return dict(zip(keys, told["standing"].cast(pl.String), strict=True))


def test_a_week_of_corrections(tmp_path: Path) -> None:
    header, fine, unknown = "M53.2", "M53.2X6", "M99.999"
    one = night(tmp_path, 1, claim("A", header), claim("B", header), claim("C", fine))
    assert standing(one) == {"A DX002": "new", "B DX002": "new"}
    assert one.exit_code == ExitCode.FINDINGS and one.content.compared_with is None

    # Nothing was done: known, still to do, and no alarm again unless every finding is to count.
    same = (claim("A", header), claim("B", header), claim("C", fine))
    two = night(tmp_path, 2, *same)
    assert standing(two) == {"A DX002": "open", "B DX002": "open"}
    assert two.exit_code == ExitCode.NOTHING_FOUND
    assert night(tmp_path, 2, *same, fail_on_all=True).exit_code == ExitCode.FINDINGS
    assert two.content.compared_with == date(2026, 2, 1)

    # A is replaced under a number of its own and right; B is not in the batch; C is broken.
    three = night(tmp_path, 3, claim("A7", fine, frequency="7", original="A"), claim("C", unknown))
    assert standing(three) == {"C DX001": "new"}
    assert three.content.gone == {"resolved": 1, "not seen": 1}

    # B comes again unchanged, C was corrected under its own number.
    four = night(tmp_path, 4, claim("B", header), claim("C", fine))
    assert standing(four) == {"B DX002": "open"}
    assert four.content.gone == {"resolved": 1}

    # A's replacement is replaced by what was wrong before; C breaks again.
    five = night(tmp_path, 5, claim("A", header), claim("C", unknown))
    assert standing(five) == {"A DX002": "reopened", "C DX001": "reopened"}
    assert five.exit_code == ExitCode.FINDINGS

    # B is voided: nothing of it is left, and a void is not judged.
    six = night(tmp_path, 6, claim("B8", header, frequency="8", original="B"))
    assert standing(six) == {}
    assert six.content.gone == {"resolved": 1, "not seen": 2}
    told = json.loads((six.published.path / "run.json").read_text())
    assert told["gone"] == {"not seen": 2, "resolved": 1} and told["compared_with"] == "2026-02-05"
    page = (six.published.path / "report.html").read_text()
    assert "Not seen" in page and "their claims were not delivered" in page


def test_the_history_is_not_tonights_batch(tmp_path: Path) -> None:
    night(tmp_path, 1, claim("A", "M53.2"))
    earlier = tmp_path / "night1.csv"
    two = night(tmp_path, 2, claim("B", "M53.2X6"), history=[str(earlier)])
    assert two.content.gone == {"not seen": 1}


def test_a_claim_whose_file_could_not_be_read_is_not_seen(tmp_path: Path) -> None:
    night(tmp_path, 1, claim("A", "M53.2"))
    folder = tmp_path / "claims"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    (folder / "b.csv").write_text(HEAD + claim("B", "M53.2X6"))
    two = run_night(Request([str(folder)], date(2026, 2, 2), out=tmp_path / "out"))
    assert two.content.gone == {"not seen": 1}
    assert two.exit_code == ExitCode.NOT_WHOLE


def test_a_rule_that_could_judge_nothing_resolves_nothing(tmp_path: Path) -> None:
    night(tmp_path, 1, claim("A", "M53.2"))
    unreadable_day = claim("A", "M53.2").replace("2026-01-15", "2031-01-15")
    two = night(tmp_path, 2, unreadable_day)
    assert two.content.gone == {"not judged": 1}
