"""Masked runs: no number of a patient or claim anywhere, the same masks every night, the key elsewhere."""

import base64
import gzip
import re
import stat
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.night.test_week import claim, night, standing
from tests.phi.canaries import CLAIM_ID, TEXTS, as_csv, canary_rows
from validator.audit.explain import explain_claim
from validator.audit.rerun import request_of, rerun
from validator.audit.runs import open_run
from validator.claims.masking import KEY_NAME, Mask, make_mask_key, read_mask
from validator.errors import OutputError
from validator.run import Request, run_night

NUMBERS = (CLAIM_ID, *(TEXTS[name] for name in ("patient_id", "original_claim_id", "prior_authorization")))


def everything(folder: Path) -> str:
    """All that the files of a run folder say, unpacked."""
    told = []
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            told.append(str(pl.read_parquet(path).to_dicts()))
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                told += [book.read(name).decode() for name in book.namelist() if name.endswith(".xml")]
        elif path.is_file():
            told.append(path.read_text())
    page = (folder / "report.html").read_text()
    [packed] = re.findall(r'id="findings-data">([^<]+)<', page)
    told.append(gzip.decompress(base64.b64decode(packed)).decode())
    return "\n".join(told)


@pytest.mark.parametrize("keep", [False, True])
def test_a_masked_run_holds_no_number_of_a_patient_or_claim(tmp_path: Path, keep: bool) -> None:
    rows = canary_rows()
    for row in rows:
        row["diagnosis_1"] = "M532"
    file = tmp_path / "claims.csv"
    file.write_text(as_csv(rows))
    asked = {"out": tmp_path / "out", "keep_claims": keep}
    plain = run_night(Request([str(file)], date(2026, 11, 23), **asked))
    seen = everything(plain.published.path)
    assert CLAIM_ID in seen, "the search itself works"
    masked = run_night(
        Request([str(file)], date(2026, 11, 23), mask_key=tmp_path / "out" / KEY_NAME, **asked)
    )
    told = everything(masked.published.path)
    assert [number for number in NUMBERS if number.lower() in told.lower()] == []
    assert masked.content.findings.height == plain.content.findings.height
    assert "Contains PHI, numbers masked" in (masked.published.path / "report.html").read_text()


def test_masks_are_the_same_every_night_and_the_key_stays_outside(tmp_path: Path) -> None:
    key = tmp_path / "out" / KEY_NAME
    one = night(
        tmp_path, 1, claim("A", "M53.2"), claim("A7", "L30.8", frequency="7", original="B"), mask_key=key
    )
    two = night(tmp_path, 2, claim("A", "M53.2"), claim("B", "M53.2"), mask_key=key)
    mask = read_mask(key)
    assert standing(one) == {f"{mask.claim_id('A')} DX002": "new"}
    assert standing(two)[f"{mask.claim_id('A')} DX002"] == "open"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().strip() not in everything(two.published.path)


def test_a_replacement_still_names_its_original(tmp_path: Path) -> None:
    key = tmp_path / "key"
    made = night(
        tmp_path, 1, claim("A", "M53.2"), claim("A7", "L30.8", frequency="7", original="A"), mask_key=key
    )
    mask = read_mask(key)
    superseded = made.content.superseded_claims
    assert superseded.select("claim_id", "by").rows() == [(mask.claim_id("A"), mask.claim_id("A7"))]


def test_a_masked_run_is_made_again_and_explained_with_its_key(tmp_path: Path) -> None:
    made = night(tmp_path, 1, claim("A", "M53.2"), mask_key=tmp_path / "out" / KEY_NAME)
    run = open_run(made.published.path)
    assert rerun(run, request_of(run)).identical
    with pytest.raises(OutputError, match="cannot be read"):
        rerun(run, request_of(run, mask_key=tmp_path / "other"))
    assert not (tmp_path / "other").exists(), "to run again writes nothing"
    make_mask_key(tmp_path / "other")
    other = rerun(run, request_of(run, mask_key=tmp_path / "other"))
    assert [each.name for each in other.differences] == ["mask"] and not other.identical
    mask = read_mask(tmp_path / "out" / KEY_NAME)
    for asked in ("A", mask.claim_id("A")):
        [told] = explain_claim(run, request_of(run), asked)
        assert "claim A" not in str(told)


def test_another_key_makes_other_masks_and_no_key_is_told(tmp_path: Path) -> None:
    one, other = Mask(b"1" * 32), Mask(b"2" * 32)
    assert one.claim_id("A") == one.claim_id("A") != other.claim_id("A")
    assert one.claim_id("A") != one.text("patient", "A")
    (tmp_path / "key").write_text("SECRET")
    with pytest.raises(OutputError, match="no mask key") as caught:
        read_mask(tmp_path / "key")
    assert "SECRET" not in str(caught.value)
    with pytest.raises(OutputError, match="cannot be read"):
        read_mask(tmp_path / "no folder" / "key")
    with pytest.raises(OutputError, match="cannot be made"):
        make_mask_key(tmp_path / "no folder" / "key")
