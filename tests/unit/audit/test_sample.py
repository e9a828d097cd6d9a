"""Samples can be drawn again, are read back whole, and their intervals hold the truth as often as they say."""

import csv
import json
import random
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.night.test_week import claim, night
from tests.unit.audit.test_review import Cells, cells_of, written
from validator.audit.estimate import Stratum, difference, estimates, in_words, mean_per_unit, share
from validator.audit.runs import FinishedRun, open_run
from validator.audit.sample import draw, frame_hash
from validator.audit.sample_book import read_sample, write_sample
from validator.cli import app
from validator.errors import UsageError


class Findings(FinishedRun):
    """A run of made-up findings that stand nowhere."""

    def __init__(self, frame: pl.DataFrame) -> None:
        object.__setattr__(self, "frame", frame)

    @property
    def findings(self) -> pl.DataFrame:  # type: ignore[override]
        return self.frame


def made_up(count: int, seed: int = 1) -> tuple[FinishedRun, dict[str, tuple[int, float]]]:
    """Findings of four rules with skewed amounts, and of each whether it is true and what is truly at risk."""
    chance = random.Random(seed)
    rows, truth = [], {}
    precision = {"DX001": 0.97, "DX002": 0.9, "DX201": 0.6, "AR530": 0.5}
    for number in range(count):
        rule = chance.choice(list(precision))
        amount = 0.0 if rule == "AR530" else round(chance.lognormvariate(5.5, 1.2), 2)
        true = chance.random() < precision[rule]
        rows.append((f"{number:016x}", rule, amount))
        truth[f"{number:016x}"] = (int(true), round(amount * chance.choice((1, 1, 0.5)), 2) if true else 0.0)
    schema = {"finding_id": pl.String, "rule_id": pl.String, "amount_at_risk": pl.Float64}
    return Findings(pl.DataFrame(rows, schema=schema, orient="row")), truth


def reviewed(run: FinishedRun, truth: dict[str, tuple[int, float]], seed: int, size: int) -> list[Stratum]:
    sample = draw(run, seed, size)
    strata = []
    for row in sample.strata.to_dicts():
        own = sample.drawn.filter(pl.col("stratum") == row["stratum"])
        ids = own["finding_id"].to_list()
        strata.append(
            Stratum(
                row["stratum"], row["rule_id"], row["findings"], row["amount"],
                [truth[i][0] for i in ids], own["amount_at_risk"].to_list(), [truth[i][1] for i in ids],
            )
        )  # fmt: skip
    return strata


def test_the_same_seed_draws_the_same_sample_whatever_the_order_of_the_frame() -> None:
    run, _ = made_up(2_000)
    shuffled = Findings(run.findings.sample(fraction=1, shuffle=True, seed=3))
    one, other = draw(run, 5, 200), draw(shuffled, 5, 200)
    assert one.drawn.equals(other.drawn) and one.frame_hash == other.frame_hash
    assert not one.drawn.equals(draw(run, 6, 200).drawn)
    assert one.drawn.height == 200 == one.strata["drawn"].sum()


def test_every_stratum_has_two_and_no_finding_is_drawn_twice() -> None:
    run, _ = made_up(3_000)
    for size in (40, 300, 5_000):
        sample = draw(run, 1, size)
        assert sample.drawn["finding_id"].is_unique().all()
        least = sample.strata["findings"].clip(upper_bound=2)
        assert (sample.strata["drawn"] >= least).all()
        assert (sample.strata["drawn"] <= sample.strata["findings"]).all()
        assert sample.strata["findings"].sum() == 3_000
    assert draw(run, 1, 5_000).drawn.height == 3_000
    bands = draw(run, 1, 300).strata.filter(pl.col("stratum").str.contains(r"^DX001/\d"))
    assert bands.height == 3 and bands["to_amount"].is_sorted()
    share_of = (bands["drawn"] / bands["findings"]).to_list()
    assert share_of[0] < share_of[2], "large amounts are looked at more often"


def test_a_small_sample_has_coarser_strata_and_an_empty_frame_is_told() -> None:
    run, _ = made_up(500)
    told = draw(run, 1, 6)
    assert told.drawn.height == 6
    assert told.strata["stratum"].to_list() == ["DX002/all", "other rules/0", "other rules/1"]
    assert told.together == ("AR530", "DX001", "DX201")
    assert draw(run, 1, 2).strata["findings"].to_list() == [500]
    with pytest.raises(UsageError, match="no finding to draw from"):
        draw(run, 1, 50, ["CL999"])


def test_a_frame_has_one_hash() -> None:
    frame = pl.DataFrame({"finding_id": ["b", "a"], "amount_at_risk": [1.5, 20.0]})
    assert frame_hash(frame) == sha256(b"a\t20.00\nb\t1.50\n").hexdigest()


# Two strata worked by hand: N 10 and 20.
BY_HAND = (
    Stratum("a", "R1", 10, 250.0, [1, 1, 0], [20, 20, 40], [10, 20, 30]),
    Stratum("b", "R1", 20, 60.0, [1, 0], [2, 4], [1, 3]),
)


def test_the_estimators_agree_with_a_sum_by_hand() -> None:
    told = mean_per_unit(BY_HAND)
    assert told.value == pytest.approx(10 * 20 + 20 * 2)
    # Variance: 10 x 7 / 3 x 100 + 20 x 18 / 2 x 2 = 2333.33 + 360; freedom: 2693.33^2 / (2333.33^2 / 2 + 360^2 / 1).
    variance, freedom = 2693.3333, 2693.3333**2 / (2333.3333**2 / 2 + 360**2)
    assert freedom == pytest.approx(2.5440, abs=1e-3)
    from scipy.stats import t

    assert told.high - told.value == pytest.approx(t.ppf(0.95, freedom) * variance**0.5, rel=1e-5)
    told = difference(BY_HAND)
    # Differences -10, 0, -10 and -1, -1: mean -6.67 and -1.
    assert told.value == pytest.approx(310 - 10 * 20 / 3 - 20)
    assert share(BY_HAND).value == pytest.approx((10 * 2 / 3 + 20 / 2) / 30)


def test_the_exact_interval_is_that_of_the_tables() -> None:
    """Clopper and Pearson at 90 %: 8 of 10 lies between 0.4931 and 0.9632."""
    told = share([Stratum("a", "R", 10_000, 0, [1] * 8 + [0] * 2, [0] * 10, [0] * 10)])
    assert (round(told.low, 4), round(told.high, 4)) == (0.4931, 0.9632)
    none_wrong = share([Stratum("a", "R", 10_000, 0, [1] * 10, [0] * 10, [0] * 10)])
    assert (round(none_wrong.low, 4), none_wrong.high) == (0.7411, 1.0)


def test_what_was_looked_at_whole_has_no_interval() -> None:
    run, truth = made_up(300)
    strata = reviewed(run, truth, 1, 5_000)
    true_amount = sum(amount for _, amount in truth.values())
    for told in (mean_per_unit(strata), difference(strata)):
        assert told.low == told.value == told.high == pytest.approx(true_amount)
    assert share(strata).low == share(strata).high


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """200 draws of 300 from 6,000 findings whose truth is known: about 90 % of the intervals hold it."""
    run, truth = made_up(6_000, seed=9)
    amount = sum(each for _, each in truth.values())
    agreed = sum(each for each, _ in truth.values()) / len(truth)
    held = {"mean per unit": 0, "difference": 0, "share": 0}
    for seed in range(200):
        strata = reviewed(run, truth, seed, 300)
        for name, told, true in (
            ("mean per unit", mean_per_unit(strata), amount),
            ("difference", difference(strata), amount),
            ("share", share(strata), agreed),
        ):
            held[name] += told.low <= true <= told.high
    assert 0.84 * 200 <= held["mean per unit"] <= 0.96 * 200, held
    assert 0.84 * 200 <= held["difference"] <= 0.96 * 200, held
    assert held["share"] >= 0.86 * 200, held  # exact intervals are wider than they have to be


def test_what_was_looked_at_whole_is_known_and_the_rest_has_the_exact_interval() -> None:
    """40 looked at whole, 30 agreed; 10 of 60 drawn, 8 agreed: the interval of the tables, on 60 of 100."""
    whole = Stratum("a", "R", 40, 0, [1] * 30 + [0] * 10, [0] * 40, [0] * 40)
    told = share([whole, Stratum("b", "R", 60, 0, [1] * 8 + [0] * 2, [0] * 10, [0] * 10)])
    assert told.value == pytest.approx((30 + 60 * 0.8) / 100) and told.method == "exact"
    assert told.low == pytest.approx((30 + 60 * 0.4931) / 100, abs=1e-4)
    assert told.high == pytest.approx((30 + 60 * 0.9632) / 100, abs=1e-4)


def test_a_few_findings_that_all_agree_are_no_proof_for_a_large_stratum() -> None:
    """2 of 1,000 and 50 of 60, all agreed: the interval is about that of 2, not of 52."""
    few = Stratum("a", "R", 1_000, 0, [1] * 2, [0] * 2, [0] * 2)
    many = Stratum("b", "R", 60, 0, [1] * 50, [0] * 50, [0] * 50)
    told = share([few, many])
    effective = 1 / ((1000 / 1060) ** 2 / 2 + (60 / 1060) ** 2 / 50)
    assert told.value == told.high == 1
    assert told.low == pytest.approx(0.05 ** (1 / effective)) and told.low < 0.3


def test_a_sample_without_spread_gives_no_interval_for_money_and_says_so() -> None:
    right = [Stratum("a", "R", 100, 500.0, [1] * 5, [1, 3, 5, 7, 9], [1, 3, 5, 7, 9])]
    told = difference(right)
    assert (told.value, told.low, told.high) == (500, None, None)
    assert mean_per_unit(right).low is not None
    words = in_words(estimates(right))
    assert "difference: $500.00 (no spread in the sample, so no interval)" in words
    seldom = Stratum("a", "R", 100, 500.0, [1] * 5, [1, 3, 5, 7, 9], [1, 3, 5, 7, 8])
    assert "only 1 amounts differ" in in_words(estimates([seldom]))


def test_one_finding_that_stands_for_several_is_refused() -> None:
    with pytest.raises(ValueError, match="no spread"):
        Stratum("a", "R", 2, 5.0, [1], [2.0], [2.0])


def test_the_interval_of_the_error_rate_holds_where_errors_hide_in_small_amounts() -> None:
    """Large amounts are all right and looked at most, small ones are wrong 5 times in 100."""
    chance = random.Random(1)
    rows, truth = [], {}
    for number in range(6_000):
        amount = round(chance.lognormvariate(5.5, 1.5), 2)
        true = int(amount >= 300 or chance.random() < 0.95)
        rows.append((f"{number:016x}", f"DX00{chance.randint(1, 4)}", amount))
        truth[f"{number:016x}"] = (true, amount * true)
    schema = {"finding_id": pl.String, "rule_id": pl.String, "amount_at_risk": pl.Float64}
    run = Findings(pl.DataFrame(rows, schema=schema, orient="row"))
    agreed = sum(each for each, _ in truth.values()) / len(truth)
    told = [share(reviewed(run, truth, seed, 100)) for seed in range(200)]
    assert sum(each.low <= agreed <= each.high for each in told) >= 0.86 * 200


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 30), st.integers(0, 500), st.integers(0, 30)).map(
            lambda each: (each[0], each[0] + each[1], min(each[2], each[0]))
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([0.8, 0.9, 0.95]),
)
def test_a_share_lies_in_its_interval_and_no_interval_beats_that_of_as_many_alike(counts, level) -> None:
    strata = [
        Stratum(str(n), "R", there, 0, [1] * agreed + [0] * (drawn - agreed), [0] * drawn, [0] * drawn)
        for n, (drawn, there, agreed) in enumerate(counts)
    ]
    told = share(strata, level)
    assert 0 <= told.low <= told.value <= told.high <= 1
    rest = [each for each in strata if not each.is_whole]
    if rest and all(sum(each.agreed) == each.drawn for each in rest):
        unseen = sum(each.findings for each in rest)
        drawn = sum(each.drawn for each in rest)
        at_most = 1 - ((1 - level) / 2) ** (1 / drawn)
        assert (1 - told.low) - (1 - told.value) >= unseen / sum(e.findings for e in strata) * at_most - 1e-9


def test_the_difference_estimator_is_the_narrower_where_records_are_mostly_right() -> None:
    run, truth = made_up(6_000, seed=9)
    strata = reviewed(run, truth, 1, 300)
    width = [told.high - told.low for told in (difference(strata), mean_per_unit(strata))]
    assert width[0] < width[1]


def a_run(folder: Path) -> FinishedRun:
    made = night(
        folder, 1, *(claim(f"C{n}", code) for n in range(9) for code in [("M53.2", "M99.999")[n % 2]])
    )
    return open_run(made.published.path)


def sampled(run: FinishedRun, folder: Path) -> tuple[Path, Cells]:
    path = folder / "sample.xlsx"
    done = CliRunner().invoke(
        app, ["sample", str(run.path), "--out", str(path), "--size", "8", "--seed", "3"]
    )
    assert done.exit_code == 0, done.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert "seed 3, frame hash " in done.output
    return path, cells_of(path, "Sample")


def filled(folder: Path, path: Path, cells: Cells) -> Path:
    """The cells with the sheet that says how it was drawn."""
    import xlsxwriter

    out = folder / "filled.xlsx"
    with xlsxwriter.Workbook(out) as book:
        for name, rows in (("Sample", cells), ("How it was drawn", cells_of(path, "How it was drawn"))):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    sheet.write_string(number, place, cell)
    return out


def test_a_reviewed_sample_is_read_back_and_estimated(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    path, cells = sampled(run, tmp_path)
    verdict, amount = cells[1].index("Verdict"), cells[1].index("Corrected amount")
    for row in cells[2:]:
        row[verdict] = "Agree"
    cells[2][verdict], cells[3][amount] = "disagree", "$40.50"
    sample, told = read_sample(run, filled(tmp_path, path, cells))
    assert told.height == 8 == sample.drawn.height
    assert sorted(told["audited"].to_list()) == [0.0, 40.5, *[100.0] * 6]
    done = CliRunner().invoke(
        app, ["sample", str(run.path), "--estimate", str(filled(tmp_path, path, cells))]
    )
    assert done.exit_code == 0 and "8 of 9 findings reviewed, 7 agreed with" in done.output
    assert f"seed 3, frame hash {sample.frame_hash}" in done.output
    # The wrong one is of the rule whose four were all looked at: one of nine, and at least that.
    assert "error rate 11.1% (90% two-sided: 11.1% to " in done.output
    again = [*"sample --confidence 0.8 --json --estimate".split(), str(filled(tmp_path, path, cells))]
    wide, narrow = (
        json.loads(CliRunner().invoke(app, [*words, str(run.path)]).output)
        for words in ([*again[:1], *again[3:]], again)
    )
    assert (wide["confidence"], narrow["confidence"]) == (0.9, 0.8)
    assert narrow["error_rate"]["high"] < wide["error_rate"]["high"]


def test_a_workbook_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    path, _ = sampled(run, tmp_path)
    before = path.read_bytes()
    done = CliRunner().invoke(app, ["sample", str(run.path), "--out", str(path), "--size", "8"])
    assert isinstance(done.exception, UsageError) and "a file of that name" in str(done.exception)
    assert path.read_bytes() == before


def test_a_draw_tells_as_json_what_draws_it_again(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    words = ["sample", str(run.path), "--out", str(tmp_path / "j.xlsx"), "--size", "8", "--json"]
    told = json.loads(CliRunner().invoke(app, words).output)
    assert draw(run, told["seed"], told["size"]).frame_hash == told["frame_hash"]
    assert sum(stratum["drawn"] for stratum in told["strata"]) == told["drawn"] == 8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c[2].__setitem__(c[1].index("Verdict"), ""), "Sample!J3: is neither agree nor disagree"),
        (lambda c: c[2].__setitem__(c[1].index("Verdict"), "SECRET"), "Sample!J3: is neither"),
        (lambda c: c[3].__setitem__(c[1].index("Corrected amount"), "SECRET"), "Sample!L4: is no amount"),
        (lambda c: c[3].__setitem__(c[1].index("Corrected amount"), "-5"), "Sample!L4: is no amount"),
        (lambda c: c[3].__setitem__(c[1].index("Corrected amount"), "inf"), "Sample!L4: is no amount"),
        (lambda c: c[3].__setitem__(c[1].index("Finding id"), "SECRET"), "is not in the sample of this run"),
        (lambda c: c[3].__setitem__(c[1].index("Claim"), "SECRET"), "does not belong to the finding id"),
        (lambda c: c.append(list(c[2])), "stands in several rows"),
        (lambda c: c.pop(), "1 findings of the sample are not in it"),
    ],
)
def test_what_is_wrong_in_a_reviewed_sample_is_named_by_its_cell(tmp_path: Path, change, says: str) -> None:
    run = a_run(tmp_path)
    path, cells = sampled(run, tmp_path)
    for row in cells[2:]:
        row[cells[1].index("Verdict")] = "agree"
    change(cells)
    with pytest.raises(UsageError) as caught:
        read_sample(run, filled(tmp_path, path, cells))
    assert says in str(caught.value) and "SECRET" not in str(caught.value)


def test_another_auditor_draws_the_same_from_the_sheet_and_the_csv_alone(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    path, cells = sampled(run, tmp_path)
    how = cells_of(path, "How it was drawn")
    seed = next(row[1] for row in how if row[0] == "Seed")
    start = next(number for number, row in enumerate(how) if row[0] == "Stratum")
    strata = [dict(zip(how[start], row, strict=True)) for row in how[start + 1 :]]
    with (run.path / "findings.csv").open(encoding="utf-8", newline="") as file:
        frame = list(csv.DictReader(file))
    drawn = []
    for each in strata:
        ids = [
            row["finding_id"]
            for row in frame
            if row["rule_id"] == each["Rule id"]
            and float(each["From amount"]) <= float(row["amount_at_risk"]) <= float(each["To amount"])
        ]
        assert len(ids) == int(each["Findings"])
        ids.sort(key=lambda one: sha256(f"{seed}:{one}".encode()).hexdigest())
        drawn += ids[: int(each["Drawn"])]
    place = cells[1].index("Finding id")
    assert sorted(drawn) == sorted(row[place] for row in cells[2:])


def test_the_sample_of_another_run_is_refused(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    path, cells = sampled(run, tmp_path)
    other = open_run(night(tmp_path, 2, claim("Z", "M53.2"), claim("Y", "M53.2")).published.path)
    with pytest.raises(UsageError, match=r"drawn from other findings|two findings of each"):
        read_sample(other, filled(tmp_path, path, cells))
    with pytest.raises(UsageError, match="no sheet"):
        read_sample(run, written(tmp_path, cells, "alone.xlsx"))


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    made = night(tmp_path, 1, claim("=cmd|x", "M53.2"), claim("+1", "M53.2"), claim("\u202e", "M53.2"))
    run = open_run(made.published.path)
    path = tmp_path / "s.xlsx"
    with path.open("wb") as file:
        write_sample(run, draw(run, 1, 9), file)
    import zipfile

    with zipfile.ZipFile(path) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    assert "=cmd|x" in {row[2] for row in cells_of(path, "Sample")}


def test_the_estimate_tells_rules_and_is_plain_data() -> None:
    run, truth = made_up(1_000)
    told = estimates(reviewed(run, truth, 1, 200))
    assert [rule["rule_id"] for rule in told["rules"]] == ["AR530", "DX001", "DX002", "DX201"]
    assert told["error_rate"]["low"] <= told["error_rate"]["value"] <= told["error_rate"]["high"]
