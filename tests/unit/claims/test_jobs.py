"""However many files are read at once, the tables, accounts and rejections are the same."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.claims.claim_files import read
from validator.claims.ahead import in_order
from validator.claims.batch import open_batch
from validator.errors import ClaimFileError

HEAD = "claim_id,patient_id,diagnosis_1,from_date,line_number,procedure_code\n"


@pytest.fixture
def batch(tmp_path: Path) -> list[Path]:
    """Files of several formats, sizes and faults; the second is a twin of the first, a broken one has a twin too."""
    texts = {}
    for n in range(10):
        rows = [f"C{n}-{k},P{k % 7},I10,2026-01-1{k % 9},{k % 3 + 1},99213\n" for k in range(40 * n + 1)]
        texts[f"{n:02d}.csv"] = HEAD + "".join(rows)
    texts["01.csv"] = texts["00.csv"]
    texts["03.csv"] = texts["04.csv"] = "no layout,knows\nthis,one\n"
    texts["05.csv"] = HEAD + ",P1,I10,2026-01-10,1,99213\n"
    texts["06.ndjson"] = '{"claim_id": "N1", "diagnosis_1": "I10"}\nbroken\n'
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return sorted(tmp_path.iterdir())


def test_the_results_do_not_depend_on_how_many_are_read_at_once(batch: list[Path]) -> None:
    alone = read(*batch, jobs=1)
    for jobs in (2, 4, 16):
        many = read(*batch, jobs=jobs)
        assert many.accounts == alone.accounts
        assert many.rejected.equals(alone.rejected)
        for one, other in zip(alone.partitions, many.partitions, strict=True):
            for name, frame in one:
                assert frame.equals(getattr(other, name)), name
    errors = {account.path: account.error for account in alone.accounts if account.error}
    assert set(errors) == {"03.csv", "04.csv", "05.csv"} and errors["03.csv"] == errors["04.csv"]
    assert any("the same bytes as 00.csv" in note for note in alone.accounts[1].notes)


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_strict_batch_ends_at_the_first_bad_file_in_order(batch: list[Path], jobs: int) -> None:
    files = [str(path) for path in batch]
    with pytest.raises(ClaimFileError) as caught, open_batch(files, jobs=jobs, strict=True) as strict:
        list(strict.partitions())
    assert "03.csv" in str(caught.value)
    assert _left_over() == []


def _left_over() -> list[str]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        alive = [t.name for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]
        if not alive:
            return []
        time.sleep(0.02)
    return alive


def test_makers_run_together_are_used_in_order_and_closed() -> None:
    closed = []
    together = threading.Barrier(3, timeout=20)

    def maker(number: int) -> Iterator[int]:
        try:
            together.wait()
            for item in range(50):
                yield number * 100 + item
        finally:
            closed.append(number)

    files = in_order([lambda n=n: maker(n) for n in range(3)], 3)
    assert [list(items) for items in files] == [[n * 100 + k for k in range(50)] for n in range(3)]
    assert sorted(closed) == [0, 1, 2]


def test_closing_stops_makers_that_nobody_waits_for() -> None:
    closed = []

    def endless(number: int) -> Iterator[int]:
        try:
            while True:
                yield number
        finally:
            closed.append(number)

    files = in_order([lambda n=n: endless(n) for n in range(4)], 2)
    assert next(next(files)) == 0
    files.close()
    assert set(closed) >= {0, 1}
    assert _left_over() == []


def test_what_a_maker_raises_is_raised_in_its_place() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("here")

    files = in_order([failing, lambda: iter([2])], 2)
    first = next(files)
    assert next(first) == 1
    with pytest.raises(ValueError, match="here"):
        next(first)
    assert list(next(files)) == [2]
