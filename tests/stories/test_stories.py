"""The sample and clean claims are what their stories say; whoever edits one without the other is told."""

from pathlib import Path

import polars as pl
import pytest

from tests.stories import make
from tests.stories.providers import FACILITIES, OFFICES

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, written anew."""
    folder = tmp_path_factory.mktemp("written")
    make.write_csv(folder / "professional.csv", make.rows_in("professional.yaml"), damaged=True)
    make.write_parquet(folder / "institutional.parquet", make.rows_in("institutional.yaml"))
    make.write_readme(folder / "README.md")
    make.write_csv(folder / "clean_claims.csv", make.rows_in(*make.CLEAN))
    return folder


@pytest.mark.parametrize(
    "committed",
    ["sample_claims/professional.csv", "sample_claims/README.md", "tests/clean_claims/clean_claims.csv"],
)
def test_the_committed_text_is_what_the_stories_say(written: Path, committed: str) -> None:
    path = REPOSITORY / committed
    assert (written / path.name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_the_committed_parquet_is_what_the_stories_say(written: Path) -> None:
    """Compared as tables: another version of the writer may pack the same table into other bytes."""
    committed = pl.read_parquet(REPOSITORY / "sample_claims/institutional.parquet")
    assert committed.equals(pl.read_parquet(written / "institutional.parquet"))


def test_no_claim_stands_in_both_samples() -> None:
    ids = [
        [story["id"] for story in make.read_stories(f"{n}.yaml")] for n in ("professional", "institutional")
    ]
    assert len(ids[0]) == len(set(ids[0])) and len(ids[1]) == len(set(ids[1]))
    assert not set(ids[0]) & set(ids[1])


def test_every_clean_claim_has_a_number_of_its_own() -> None:
    ids = [story["id"] for name in make.CLEAN for story in make.read_stories(name)]
    assert len(ids) == len(set(ids))


def test_the_provider_numbers_pass_the_check_digit() -> None:
    everyone = [*OFFICES.values(), *(one for some in FACILITIES.values() for one in some)]
    for number in {number for one in everyone for number in (one.billing, one.person)}:
        digits = [int(digit) for digit in "80840" + number]
        doubled = [2 * d if place % 2 else d for place, d in enumerate(reversed(digits))]
        assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
