"""Earlier claims: read beside tonight's, never counted with them; copies count once; kept claims come back."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.unit.claims.claim_files import Read, Row, as_bytes, one_line, whole
from validator.claims.batch import open_batch
from validator.claims.checks import problems
from validator.claims.copies import LATER_COPY, REDELIVERED, TWIN
from validator.claims.kept import Keeper
from validator.claims.netting import net
from validator.errors import ClaimFileError

BATCH_DATE = date(2026, 11, 23)


def write(path: Path, *rows: Row) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(rows, "csv"))
    return str(path)


def look_back(tonight: Sequence[str], history: Sequence[str], shards: int | None = None) -> Read:
    with open_batch(tonight, history=history, shards=shards) as batch:
        partitions = list(batch.partitions())
        for tables in partitions:
            assert problems(tables) == []
            assert tables.claims["claim_no"].to_list() == list(range(tables.claims.height))
        return Read(partitions, batch.accounts(), batch.rejected())


def claims_of(read: Read) -> dict[str, list[str]]:
    """Claim numbers by file, over all partitions."""
    rows = pl.concat([tables.claims.select("source_file", "claim_id") for tables in read.partitions])
    found = rows.group_by("source_file").agg(pl.col("claim_id").sort())
    return dict(zip(found["source_file"], found["claim_id"].to_list(), strict=True))


@pytest.mark.parametrize("shards", [None, 4])
def test_earlier_claims_stand_beside_those_of_tonight_and_are_marked(
    tmp_path: Path, shards: int | None
) -> None:
    tonight = write(tmp_path / "new" / "claims.csv", *(one_line(patient_id=f"P{n}") for n in range(9)))
    before = write(
        tmp_path / "old" / "claims.csv", *(one_line(claim_id="OLD", patient_id=f"P{n}") for n in range(12))
    )
    read = look_back([tonight], [before], shards)
    for tables in read.partitions:
        assert tables.earlier == {"old/claims.csv"}
        patients = {
            file: set(tables.claims.filter(source_file=file)["patient_id"])
            for file in ("new/claims.csv", "old/claims.csv")
        }
        assert patients["new/claims.csv"] <= patients["old/claims.csv"]
    assert [(each.path, each.role, each.claims) for each in read.accounts] == [
        ("new/claims.csv", "claims", 9),
        ("old/claims.csv", "history", 12),
    ]


def test_a_claim_that_is_delivered_again_tonight_is_no_history(tmp_path: Path) -> None:
    tonight = write(tmp_path / "new.csv", one_line(total_charge="130.00"))
    before = write(
        tmp_path / "old.csv",
        one_line(),
        one_line(claim_id="C2"),
        one_line(patient_id="P2"),
        one_line(claim_id="C1", billing_npi="1003000126", patient_id="P3"),
    )
    read = look_back([tonight], [before])
    assert claims_of(read) == {"new.csv": ["C1"], "old.csv": ["C1", "C1", "C2"]}
    assert read.accounts[1].claims == 3
    assert read.accounts[1].notes[-1] == f"1 {REDELIVERED}"
    assert read.tables.lines.height == read.tables.diagnoses.height == 4


def test_a_claim_that_the_history_delivers_twice_counts_once_and_the_later_one_stands(tmp_path: Path) -> None:
    tonight = write(tmp_path / "new.csv", one_line(claim_id="C9"))
    first = write(tmp_path / "a.csv", one_line(), one_line(claim_id="C2"))
    second = write(tmp_path / "b.csv", one_line(total_charge="99.00"))
    read = look_back([tonight], [first, second])
    assert claims_of(read) == {"new.csv": ["C9"], "a.csv": ["C2"], "b.csv": ["C1"]}
    assert read.accounts[1].notes[-1] == f"1 {LATER_COPY}"


@pytest.mark.parametrize(
    ("change", "stand"),
    [
        ({}, 1),
        ({"total_charge": "99.00"}, 2),
        ({"diagnosis_2": "I10"}, 2),
        ({"units": "2"}, 2),
        ({"modifiers": "25"}, 2),
        ({"from_date": "2026-02-09"}, 2),
        ({"billing_npi": "1003000126"}, 2),
        ({"patient_id": "P2"}, 2),
    ],
)
def test_of_two_claims_with_the_same_content_one_is_judged(
    tmp_path: Path, change: dict[str, str], stand: int
) -> None:
    row = one_line(diagnosis_2=None, modifiers=None)
    files = [
        write(tmp_path / "a.csv", row, one_line(claim_id="C2")),
        write(tmp_path / "b.csv", row | change, one_line(claim_id="C3")),
    ]
    read = look_back(files, [])
    assert sum(ids.count("C1") for ids in claims_of(read).values()) == stand
    assert (f"1 {TWIN}" in read.accounts[1].notes) is (stand == 1)


def test_claims_of_nobody_are_never_taken_for_copies(tmp_path: Path) -> None:
    tonight = write(tmp_path / "new.csv", one_line(patient_id=None))
    before = write(tmp_path / "old.csv", one_line(patient_id=None), one_line(claim_id="C2"))
    assert claims_of(look_back([tonight], [before])) == {"new.csv": ["C1"], "old.csv": ["C1", "C2"]}


def test_netting_works_across_the_nights_and_counts_tonights_claims_only(tmp_path: Path) -> None:
    replacement = one_line(claim_id="C2", frequency_code="7", original_claim_id="C1")
    tonight = write(tmp_path / "new.csv", replacement, one_line(claim_id="C5"))
    older = one_line(claim_id="C4", frequency_code="7", original_claim_id="C3")
    before = write(tmp_path / "old.csv", one_line(), one_line(claim_id="C3"), older)
    standing, away = net(look_back([tonight], [before]).tables)
    assert standing.claims["claim_id"].to_list() == ["C2", "C5", "C4"]
    assert away.is_empty()
    void = one_line(claim_id="C6", frequency_code="8", original_claim_id="C1")
    standing, away = net(look_back([write(tmp_path / "void.csv", void)], [before]).tables)
    assert standing.claims["claim_id"].to_list() == ["C4"]
    assert away.select("claim_id", "why").rows() == [("C6", "is a void")]


def test_rows_of_the_history_are_rejected_and_accounted_for_like_others(tmp_path: Path) -> None:
    tonight = write(tmp_path / "new.csv", one_line())
    before = write(tmp_path / "old.csv", one_line(claim_id="C2"), one_line(claim_id=None))
    read = look_back([tonight], [before])
    assert read.accounts[1].rows_rejected == 1
    assert read.rejected["source_file"].to_list() == ["old.csv"]


def test_a_batch_whose_only_readable_files_are_history_is_none(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("nothing;known\n1;2\n")
    before = write(tmp_path / "old.csv", one_line())
    with pytest.raises(ClaimFileError, match="no layout fits"):
        look_back([str(tmp_path / "new.csv")], [before])


def test_a_file_of_the_history_that_cannot_be_read_is_said_and_tonight_is_judged(tmp_path: Path) -> None:
    tonight = write(tmp_path / "new.csv", one_line())
    (tmp_path / "old.csv").write_text("nothing;known\n1;2\n")
    read = look_back([tonight], [str(tmp_path / "old.csv")])
    assert claims_of(read) == {"new.csv": ["C1"]}
    assert read.accounts[1].error


def test_the_batch_knows_how_far_its_claims_reach(tmp_path: Path) -> None:
    def reach(tonight: Sequence[Row], before: Sequence[Row] = ()) -> tuple[date | None, set[str]]:
        files = [write(tmp_path / "new.csv", *tonight)]
        history = [write(tmp_path / "old.csv", *before)] if before else []
        with open_batch(files, history=history) as batch:
            found = batch.coverage(BATCH_DATE)
            assert len(list(batch.partitions())) == 1
            return found.claims_from, set(found.delivered)

    bill = {"claim_type": None, "type_of_bill": "131", "place_of_service": None, "diagnosis_pointers": None}
    assert reach([one_line()]) == (date(2026, 2, 10), {"professional"})
    assert reach([one_line()], [one_line(**bill, claim_id="C2", from_date="2024-05-05")]) == (
        date(2024, 5, 5),
        {"professional", "institutional"},
    )
    mistaken = [one_line(claim_id="C2", from_date=day) for day in ("1932-01-01", "2013-05-05", "2173-01-01")]
    assert reach([one_line(), *mistaken])[0] == date(2026, 2, 10)
    without_day = {
        k: v for k, v in one_line(claim_type=None).items() if k not in ("from_date", "through_date")
    }
    assert reach([without_day]) == (date(2026, 2, 10), {"professional"})
    assert reach([one_line(from_date=None)])[0] is None


def keep(files: Sequence[str], history: Sequence[str], run: Path) -> Read:
    """A batch whose claims are kept as a run folder keeps them."""
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "findings.parquet").write_text("")
    with open_batch(files, history=history, shards=3) as batch:
        keeper = Keeper(run / "claims")
        partitions = list(batch.partitions())
        for tables in partitions:
            keeper.add(tables)
        keeper.finish()
        return Read(partitions, batch.accounts(), batch.rejected())


@pytest.mark.parametrize("shards", [None, 4])
def test_what_a_run_kept_comes_back_just_as_it_was(tmp_path: Path, shards: int | None) -> None:
    files = [
        write(
            tmp_path / "claims.csv",
            one_line(modifiers="25:RT", diagnosis_3="E11.9", diagnosis_pointers="1:3"),
            one_line(claim_id="C2", patient_id=None, claim_type="institutional", type_of_bill="111"),
            one_line(claim_id="C3", procedure_1="0SG00A0", procedure_date_1="2026-02-11", denied="yes"),
            one_line(claim_id="C3", line_number="2", line_charge="7.35", condition_codes="A1:D1"),
        ),
        write(
            tmp_path / "flat.csv", {"Claim Number": "F1", "dx": "i10", "DOS": "2026-01-02", "member_id": "P7"}
        ),
    ]
    before = write(tmp_path / "before.csv", one_line(claim_id="C0"))
    run = tmp_path / "reports" / "2026-11-22-abcdef01"
    written = keep(files, [before], run)
    tonight = write(tmp_path / "tonight.csv", one_line(claim_id="C9"))
    read = look_back([tonight], [str(run)], shards)

    at_first, now = whole(written.partitions), whole(read.partitions)
    keys = set(at_first["claims"].filter(pl.col("source_file") != "before.csv")["claim_key"])
    for name in at_first:
        then = at_first[name].filter(pl.col("claim_key").is_in(keys))
        again = now[name].filter(pl.col("claim_key").is_in(keys))
        if name == "claims":
            again = again.with_columns(pl.col("source_file").str.strip_prefix("2026-11-22-abcdef01/"))
        assert again.equals(then), name
    assert "C0" not in now["claims"]["claim_id"]
    carried = {file: columns for tables in read.partitions for file, columns in tables.carried.items()}
    for file in ("claims.csv", "flat.csv"):
        assert carried[f"2026-11-22-abcdef01/{file}"] == written.partitions[0].carried[file]
    assert all(f"2026-11-22-abcdef01/{file}" in tables.earlier for tables in read.partitions
               for file in ("claims.csv", "flat.csv"))  # fmt: skip
    account = read.accounts[1]
    assert (account.path, account.role, account.claims) == ("2026-11-22-abcdef01", "history", 4)
    assert account.rows_read == account.rows_accepted == 4
    assert len(account.sha256) == 64


def test_a_claim_that_a_run_kept_gives_way_to_the_same_one_of_tonight(tmp_path: Path) -> None:
    files = [write(tmp_path / "claims.csv", one_line(), one_line(claim_id="C2"))]
    run = tmp_path / "reports" / "2026-11-22-abcdef01"
    keep(files, [], run)
    read = look_back([write(tmp_path / "again" / "claims.csv", one_line(total_charge="1.00"))], [str(run)])
    assert claims_of(read) == {"claims.csv": ["C1"], "2026-11-22-abcdef01/claims.csv": ["C2"]}
    with open_batch(files, history=[str(run)]) as batch:
        assert batch.coverage(BATCH_DATE).claims_from == date(2026, 2, 10)
        assert [tables.claims.height for tables in batch.partitions()] == [2]


def test_a_run_folder_without_claims_is_refused_with_what_to_do(tmp_path: Path) -> None:
    run = tmp_path / "reports" / "2026-11-22-abcdef01"
    run.mkdir(parents=True)
    for name in ("run.json", "findings.parquet"):
        (run / name).write_text("{}")
    tonight = write(tmp_path / "new.csv", one_line())
    for argument in (str(run), str(tmp_path / "reports" / "*")):
        with pytest.raises(ClaimFileError, match="kept no claims"):
            look_back([tonight], [argument])


def test_kept_claims_that_are_damaged_are_said_to_be(tmp_path: Path) -> None:
    run = tmp_path / "reports" / "2026-11-22-abcdef01"
    keep([write(tmp_path / "claims.csv", one_line())], [], run)
    (run / "claims" / "lines.parquet").write_bytes(b"no parquet at all")
    read = look_back([write(tmp_path / "new.csv", one_line(claim_id="C2"))], [str(run)])
    assert "damaged" in read.accounts[1].error
    assert claims_of(read) == {"new.csv": ["C2"]}
