"""The words for a finding from night to night, against a plain model and case by case."""

import tempfile
from datetime import date
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ledger.nights import DAYS, NPI, findings_frame, judge
from validator.ledger.standing import Past, Presence, standing_of

A, B = ("C1", "DX002"), ("C1", "DX201")


def test_without_a_past_everything_is_new(tmp_path: Path) -> None:
    assert judge(tmp_path, DAYS[0], ["C1"], [A]) == ({"C1-DX002": "new"}, {})


def test_what_is_still_there_is_open_and_keeps_its_first_day(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    assert judge(tmp_path, DAYS[1], ["C1"], [A, B])[0] == {"C1-DX002": "open", "C1-DX201": "new"}
    from validator.ledger.book import Ledger

    past = Ledger(tmp_path).memory(DAYS[5]).past.findings
    assert dict(zip(past["finding_id"], past["first_seen"], strict=True)) == {
        "C1-DX002": DAYS[0],
        "C1-DX201": DAYS[1],
    }


def test_gone_from_a_batch_with_the_claim_is_resolved_and_without_it_not_seen(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1", "C2"], [A, ("C2", "DX002")])
    assert judge(tmp_path, DAYS[1], ["C1"], []) == ({}, {"C1-DX002": "resolved", "C2-DX002": "not seen"})
    # What was not seen is still open; what is resolved is no longer asked for.
    assert judge(tmp_path, DAYS[2], ["C2"], [("C2", "DX002")]) == ({"C2-DX002": "open"}, {})


def test_back_after_it_was_resolved_is_reopened_and_then_open(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    judge(tmp_path, DAYS[1], ["C1"], [])
    assert judge(tmp_path, DAYS[2], ["C1"], [A])[0] == {"C1-DX002": "reopened"}
    assert judge(tmp_path, DAYS[3], ["C1"], [A])[0] == {"C1-DX002": "open"}


def test_a_replacement_under_another_number_resolves_the_findings_of_what_it_replaces(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    assert judge(tmp_path, DAYS[1], ["C9"], [], replaces={"C9": "C1"}) == ({}, {"C1-DX002": "resolved"})


def test_a_replacement_of_another_biller_resolves_nothing(tmp_path: Path) -> None:
    past = Past(
        DAYS[0],
        findings_frame([A]).select(
            "finding_id", "rule_id", "billing_npi", "claim_id", provider=pl.lit(None, pl.String), is_open=True
        ),
    )
    presence = Presence(past)
    claims = pl.DataFrame(
        {
            "billing_npi": ["1987654321"],
            "claim_id": ["C9"],
            "frequency_code": ["7"],
            "original_claim_id": ["C1"],
        }
    )
    presence.add(claims, pl.DataFrame({"rendering_npi": [NPI]}))
    assert presence.finding_ids().to_list() == []


def test_a_rule_that_did_not_run_resolves_nothing(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    assert judge(tmp_path, DAYS[1], ["C1"], [], rules=["DX201"]) == ({}, {"C1-DX002": "not judged"})
    assert judge(tmp_path, DAYS[2], ["C1"], [A])[0] == {"C1-DX002": "open"}


def test_a_night_is_held_against_earlier_days_only(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[3], ["C1"], [A])
    assert judge(tmp_path, DAYS[3], ["C1"], [A], name="b")[0] == {"C1-DX002": "new"}
    assert judge(tmp_path, DAYS[1], ["C1"], [A])[0] == {"C1-DX002": "new"}
    assert judge(tmp_path, DAYS[4], ["C1"], [A])[0] == {"C1-DX002": "open"}


def test_a_second_run_of_a_day_has_the_last_word(tmp_path: Path) -> None:
    judge(tmp_path, DAYS[0], ["C1"], [A])
    judge(tmp_path, DAYS[1], ["C1"], [])
    assert judge(tmp_path, DAYS[1], ["C1"], [A], name="b")[0] == {"C1-DX002": "open"}
    assert judge(tmp_path, DAYS[2], ["C1"], [A])[0] == {"C1-DX002": "open"}


def test_a_finding_about_a_provider_is_resolved_when_the_provider_is_there_without_it() -> None:
    past = Past(
        DAYS[0],
        pl.DataFrame(
            {"finding_id": ["p"], "rule_id": ["AR501"], "provider": ["1987654321"], "is_open": [True]}
        ).with_columns(pl.lit(None, pl.String).alias(name) for name in ("billing_npi", "claim_id")),
    )
    nobody = pl.DataFrame(
        {"billing_npi": [NPI], "claim_id": ["C1"], "frequency_code": ["1"], "original_claim_id": [None]}
    ).with_columns(pl.col("original_claim_id").cast(pl.String))
    for rendering, met in (([NPI], []), ([NPI, "1987654321"], ["p"])):
        presence = Presence(past)
        presence.add(nobody, pl.DataFrame({"rendering_npi": rendering}))
        assert presence.finding_ids().to_list() == met


def test_a_suppressed_finding_stays_suppressed_and_is_remembered(tmp_path: Path) -> None:
    findings = findings_frame([A]).with_columns(suppressed_by=pl.lit(0, pl.Int32))
    assert standing_of(findings, Past(), DAYS[0])["standing"].to_list() == ["suppressed"]


class Model:
    """The same, plainly: the last word of each finding and its first day."""

    def __init__(self) -> None:
        self.open: dict[str, bool] = {}

    def night(self, claims: set[str], found: set[str], replaced: set[str]) -> tuple[dict, dict]:
        standing = {f: "new" if f not in self.open else "open" if self.open[f] else "reopened" for f in found}
        away = {
            f: "resolved" if f.split("-")[0] in claims | replaced else "not seen"
            for f, is_open in self.open.items()
            if is_open and f not in found
        }
        self.open |= dict.fromkeys(found, True)
        self.open |= {f: False for f, word in away.items() if word == "resolved"}
        return standing, away


CLAIMS = ["C1", "C2", "C3"]
NIGHT = st.tuples(
    st.sets(st.sampled_from(CLAIMS)),
    st.sets(st.tuples(st.sampled_from(CLAIMS), st.sampled_from(["DX002", "DX201"]))),
    st.sampled_from([None, *CLAIMS]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(NIGHT, min_size=1, max_size=7))
def test_random_weeks_agree_with_the_plain_model(weeks: list) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        for day, (claims, found, replaced) in zip(DAYS, weeks, strict=False):
            there = sorted((claim, rule) for claim, rule in found if claim in claims)
            replaces = {"C9": replaced} if replaced else {}
            got = judge(Path(folder), day, [*sorted(claims), *replaces], there, replaces=replaces)
            ids = {f"{claim}-{rule}" for claim, rule in there}
            assert got == model.night(set(claims), ids, set(replaces.values()))


def test_the_days_of_the_model_are_in_order() -> None:
    assert sorted(DAYS) == DAYS and isinstance(DAYS[0], date)
