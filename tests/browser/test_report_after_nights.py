"""The report page after earlier nights: history, decisions, code cards, grouping, and no fault found by axe-core."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from validator.findings.schema import CLAIM_CODES
from validator.ledger.schema import PAST, Memory, Past

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
pytestmark = pytest.mark.browser


def after_three_nights(maker: ModuleType, findings: pl.DataFrame) -> Memory:
    """A memory with two nights before, and decisions about the first findings."""
    nights = [date(2026, 2, 8), date(2026, 2, 9)]
    past = {name: [None] * 2 for name in PAST} | {"finding_id": findings["finding_id"][:2].to_list()}
    past |= {
        "history": ["2026-02-08 new; 2026-02-09 reopened", "2026-02-09 new"],
        "note": ["<b>note</b>", None],
    }
    past |= {
        "disposition": ["query sent", None],
        "decided_by": ["somebody", None],
        "decided_on": [nights[1], None],
    }
    decided = [{"finding_id": word, "rule_id": "DX002", "disposition": word.rstrip("123")} for word in (
        "fixed1", "fixed2", "fixed3", "false alarm")]  # fmt: skip
    known = pl.concat([pl.DataFrame(past, schema=dict(PAST)), pl.DataFrame(decided, schema=dict(PAST))])
    return Memory(
        Past(nights[-1], known),
        pl.DataFrame({"batch_date": nights, "new": [9, 3], "reopened": [0, 1], "resolved": [0, 5]}),
        pl.DataFrame(
            {"batch_date": nights, "rule_id": ["DX002"] * 2, "flagged": [7, 3], "amount_at_risk": [1.0, 2.0]}
        ),
    )


@pytest.fixture(scope="module")
def remembered(maker: ModuleType, page_of: Callable[..., str]) -> str:
    found = maker.make_findings(60)
    keys = found["claim_key"].unique(maintain_order=True)
    codes = pl.DataFrame(
        [(key, role, place, code, None, status) for key in keys
         for role, place, code, status in (("principal", 1, "M53.2", "header"), ("secondary", 2, "I10", "in_force"))],
        schema=dict(CLAIM_CODES), orient="row",
    )  # fmt: skip
    return page_of(
        maker.make_content(
            60,
            memory=after_three_nights(maker, found),
            claim_codes=codes,
            code_cards={
                code: {
                    "heading": f"{code}  Title of it",
                    "standing": "On 2026-02-10: header: not billable; 2 billable codes stand below it.",
                    "sections": [
                        (
                            "Dates",
                            [("2015-10-01 to 2021-09-30", "billable"), ("since 2021-10-01", "in the list")],
                        ),
                        ("Stands in", [("chapter 13", "Diseases of the musculoskeletal system")]),
                        ("Excludes1", [(code, "<b>note</b> of the list"), ("chapter 13", "note from above")]),
                    ],
                    "about": ["Notes: tabular list of FY2026."],
                }
                for code in found["code"].drop_nulls().unique()
            },
            compared_with=date(2026, 2, 9),
            gone={"resolved": 4},
        )
    )


def test_nights_and_false_alarms_are_told(browser: Any, remembered: str) -> None:
    browser.open(remembered)
    chart = browser.run("return document.querySelector('.chart svg').getAttribute('aria-label')")
    assert "2026-02-08 9 and 0; 2026-02-09 4 and 5; 2026-02-10 60 and 4" in chart
    bars = browser.run("return document.querySelector('#rule-DX002 .spark').getAttribute('aria-label')")
    assert bars.startswith("2026-02-08: 7, 2026-02-09: 3, 2026-02-10: ")
    assert "25.00 %" in browser.text("#rule-DX002")
    assert "Claim as a whole" in browser.text(".places") or "diagnosis" in browser.text(".places")


def test_the_drawer_tells_the_codes_the_money_and_the_history(
    browser: Any, remembered: str, maker: ModuleType
) -> None:
    finding = maker.make_findings(60)["finding_id"][0]
    browser.open(f"{remembered}#finding={finding[:10]}")
    browser.wait("return !document.getElementById('drawer').hidden")
    told = browser.text("#drawer-body")
    for part in ("The claim's diagnoses", "principal 1", "secondary 2", "Money", "History"):
        assert part in told
    assert "since 2021-10-01 in the list" in told and "Excludes1 <b>note</b> of the list" in told
    assert "note from above" not in told, "that stands on the whole card"
    assert "2026-02-09 reopened" in told and "query sent, by somebody on 2026-02-09: <b>note</b>" in told


def test_the_whole_card_of_a_code_has_an_address_and_leaves_the_filters_alone(
    browser: Any, remembered: str, maker: ModuleType
) -> None:
    first = maker.make_findings(60).row(0, named=True)
    browser.open(f"{remembered}#severity=reject&finding={first['finding_id'][:10]}")
    browser.wait("return !document.getElementById('drawer').hidden")
    browser.run("document.querySelector('#drawer-body [data-card]').click()")
    code = browser.run("return document.querySelector('#drawer-body h3').textContent").split()[0]
    told = browser.text("#drawer-body")
    for part in (
        f"{code}  Title of it",
        "On 2026-02-10: header",
        "chapter 13 note from above",
        "tabular list of",
    ):
        assert " ".join(part.split()) in " ".join(told.split())
    address = browser.run("return location.hash")
    assert "severity=reject" in address and f"card={code}" in address
    browser.run("document.querySelector('#drawer-body [data-back]').click()")
    assert first["message"][:40] in browser.text("#drawer-body")
    assert "card=" not in browser.run("return location.hash")
    browser.open(f"{remembered}#card={code}")
    browser.wait("return !document.getElementById('drawer').hidden")
    assert "Stands in" in browser.text("#drawer-body")
    assert not browser.run("return document.querySelectorAll('#drawer-body [data-back]').length")


def test_the_list_is_grouped_ordered_and_given_columns_by_the_address(
    browser: Any, remembered: str, maker: ModuleType
) -> None:
    browser.open(remembered)
    browser.run(
        "const box = document.getElementById('group'); box.value = 'rule_id';"
        "box.dispatchEvent(new Event('change'))"
    )
    browser.wait("return document.querySelectorAll('.tabulator-group').length")
    groups = browser.run(
        "return [...document.querySelectorAll('.tabulator-group b')].map(b => b.textContent)"
    )
    assert set(groups) <= set(maker.make_findings(60)["rule_id"])
    browser.click("#columns input[value=source_file]")
    browser.click("#columns input[value=payer_id]")
    browser.click(".tabulator-col[tabulator-field=code]")
    browser.wait("return location.hash.includes('sort=code')")
    address = browser.run("return location.hash")
    assert "group=rule_id" in address and "source_file" in address and "payer_id" not in address
    browser.open(remembered + address)
    assert browser.run("return document.getElementById('group').value") == "rule_id"
    seen = "return getComputedStyle(document.querySelector(`.tabulator-col[tabulator-field=${arguments[0]}]`)).display"
    assert browser.run(seen, "source_file") != "none" and browser.run(seen, "payer_id") == "none"
    assert browser.run("return location.hash") == address
    assert browser.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["list", "drawer", "card", "grouped"])
def test_axe_finds_no_fault(
    browser: Any, remembered: str, maker: ModuleType, scheme: str, state: str
) -> None:
    """WCAG 2.1 A and AA by axe-core; the page's policy is lifted for the test's own script alone."""
    browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    finding = maker.make_findings(60)["finding_id"][0][:10]
    address = {
        "list": "",
        "drawer": f"#finding={finding}",
        "card": "#card=M53.2",
        "grouped": "#group=payer_id",
    }[state]
    try:
        browser.open(remembered + address)
        browser.run(AXE.read_text())
        browser.driver.set_script_timeout(120)
        found = browser.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(told => done("
            "told.violations.map(v => `${v.id}: ${v.nodes.length} x ${v.nodes[0].html.slice(0, 160)}`)))"
        )
        assert found == []
    finally:
        browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
