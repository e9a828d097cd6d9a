"""The report page in a real Chromium: loads alone, finds, opens, and shows hostile text as text."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import polars as pl
import pytest

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
    '"><svg onload="window.hacked = 1">',
    "=cmd|' /C calc'!A0",
    "claim \u202e12-MLC\u202c end",
    "x" * 10_000,
    "</script><!--<script>window.hacked = 1//",
    "\u2028 line and \u2029 paragraph",
    "{{7*7}} ${7*7} &lt;b&gt;",
)


@pytest.fixture(scope="module")
def sixty(maker: ModuleType, page_of: Callable[..., str]) -> str:
    return page_of(maker.make_content(60))


def shown(browser: Any) -> str:
    return browser.text("#shown")


def test_the_page_opens_alone_without_a_request_or_a_complaint(browser: Any, sixty: str) -> None:
    browser.open(sixty)
    assert browser.run("return document.body.dataset.ready") == "yes"
    assert browser.requests() == [sixty]
    assert browser.complaints() == []
    assert browser.run("return document.title").startswith("Contains PHI")


def test_the_policy_refuses_every_request_and_every_other_script(browser: Any, sixty: str) -> None:
    """That nothing was asked for could be chance; here the page tries, and is refused."""
    browser.open(sixty)
    browser.run(
        "const add = (name, given) =>"
        " document.body.append(Object.assign(document.createElement(name), given));"
        "add('script', {textContent: 'window.hacked = 1'});"
        "add('img', {src: 'file:///nothing.png'});"
        "fetch('file:///etc/hostname').catch(() => { window.refused = true; });"
    )
    browser.wait("return window.refused")
    assert browser.run("return window.hacked") is None
    assert browser.requests() == [sixty]
    assert len([text for text in browser.complaints() if "Content Security Policy" in text]) >= 3


def test_every_finding_is_in_the_list(browser: Any, sixty: str) -> None:
    browser.open(sixty)
    assert shown(browser) == "60 of 60 findings"
    assert browser.run("return document.querySelectorAll('.tabulator-row').length") >= 10


@pytest.mark.parametrize("severity", ["reject", "deny", "audit", "advise"])
def test_a_severity_filters_the_list(browser: Any, sixty: str, maker: ModuleType, severity: str) -> None:
    expected = maker.make_findings(60).filter(pl.col("severity") == severity).height
    browser.open(sixty).click(f"[data-severity={severity}]")
    assert shown(browser) == f"{expected} of 60 findings"
    assert browser.text(f"[data-severity={severity}] .count") == str(expected)
    browser.click(f"[data-severity={severity}]")
    assert shown(browser) == "60 of 60 findings"


def test_search_narrows_by_every_word(browser: Any, sixty: str, maker: ModuleType) -> None:
    found = maker.make_findings(60)
    words = pl.col("message").str.to_lowercase()
    expected = found.filter(words.str.contains("header") & words.str.contains("back")).height
    assert 0 < expected < 60
    browser.open(sixty).keys("#search", "HEADER back")
    browser.wait(
        "return document.getElementById('shown').textContent === arguments[0]", f"{expected} of 60 findings"
    )
    browser.open(sixty).keys("#search", "no such words")
    browser.wait("return document.getElementById('shown').textContent === '0 of 60 findings'")
    assert "No finding passes these filters." in browser.text("#list")


def test_search_finds_the_whole_id_that_the_other_files_have(
    browser: Any, sixty: str, maker: ModuleType
) -> None:
    browser.open(sixty).keys("#search", maker.make_findings(60)["finding_id"][17])
    browser.wait("return document.getElementById('shown').textContent === '1 of 60 findings'")


def test_a_rule_and_a_group_filter_by_their_links(browser: Any, sixty: str, maker: ModuleType) -> None:
    found = maker.make_findings(60)
    browser.open(sixty).click("#rule-DX002 a")
    expected = found.filter(pl.col("rule_id") == "DX002").height
    browser.wait(
        "return document.getElementById('shown').textContent === arguments[0]", f"{expected} of 60 findings"
    )
    assert browser.run("return document.getElementById('rule').value") == "DX002"
    payer = browser.run("return document.querySelector(\"#groups a[href^='#payer']\").textContent")
    browser.click("#groups a[href^='#payer']")
    expected = found.filter(pl.col("payer_id") == payer).height
    browser.wait(
        "return document.getElementById('shown').textContent === arguments[0]", f"{expected} of 60 findings"
    )
    browser.click("#reset")
    assert shown(browser) == "60 of 60 findings"


def test_a_filtered_view_can_be_sent_as_an_address(browser: Any, sixty: str, maker: ModuleType) -> None:
    found = maker.make_findings(60)
    expected = found.filter((pl.col("rule_id") == "DX002") & (pl.col("code") == "M54.5"))
    said = urlencode({"rule": "DX002", "code": "M54.5", "finding": expected["finding_id"][0][:10]})
    browser.open(f"{sixty}#{said}")
    assert shown(browser) == f"{expected.height} of 60 findings"
    assert browser.run("return document.getElementById('drawer').hidden") is False
    assert expected["claim_id"][0] in browser.text("#drawer-body")
    assert "code M54.5" in browser.text("#narrowed")


def test_a_finding_opens_to_reason_source_and_suggestions(
    browser: Any, sixty: str, maker: ModuleType
) -> None:
    content = maker.make_content(60)
    finding = content.findings.filter((pl.col("rule_id") == "DX002") & (pl.col("code") == "M54.5")).row(
        0, named=True
    )
    browser.open(f"{sixty}#rule=DX002&q={finding['claim_id']}").click(".tabulator-row")
    said = browser.text("#drawer-body")
    rule = next(rule for rule in content.rules if rule.rule_id == "DX002")
    for text in (
        finding["message"],
        rule.why,
        finding["citation"],
        finding["source_file"],
        finding["claim_id"],
    ):
        assert text in said
    for code in finding["suggestions"]:
        assert f"{code} {content.code_titles[code]}" in said
    assert f"${finding['amount_at_risk']:,}" in said
    browser.keys("body", "\ue00c")  # Escape
    assert browser.run("return document.getElementById('drawer').hidden") is True


def test_known_false_alarms_are_shown(browser: Any, sixty: str, maker: ModuleType) -> None:
    browser.open(f"{sixty}#rule=PX311").click(".tabulator-row")
    assert "A split claim repeats the line on purpose" in browser.text("#drawer-body")


def test_the_keyboard_is_enough(browser: Any, sixty: str) -> None:
    browser.open(sixty).keys("body", "/")
    assert browser.run("return document.activeElement.id") == "search"
    browser.run("document.getElementById('list').focus()")
    browser.keys("#list", "\ue015\ue015\ue007")  # down, down, enter
    first = browser.text("#drawer-body")
    browser.keys("#list", "\ue015")
    assert browser.text("#drawer-body") != first
    browser.keys("#list", "\ue013")  # up
    assert browser.text("#drawer-body") == first


def test_a_column_sorts_by_its_values(browser: Any, sixty: str, maker: ModuleType) -> None:
    browser.open(sixty)
    header = ".tabulator-col[tabulator-field=amount_at_risk] .tabulator-col-content"
    top = "return document.querySelector('.tabulator-row [tabulator-field=amount_at_risk]').textContent"
    amounts = maker.make_findings(60)["amount_at_risk"]
    browser.click(header)
    assert browser.run(top) == f"${amounts.max():,}"
    browser.click(header)
    assert browser.run(top) == "–"
    severity = ".tabulator-col[tabulator-field=severity] .tabulator-col-content"
    browser.click(severity)
    assert browser.run("return document.querySelector('.tabulator-row .severity').textContent") == "reject"
    browser.click(severity)
    assert browser.run("return document.querySelector('.tabulator-row .severity').textContent") == "advise"


def test_what_is_settled_is_hidden_until_asked_for(
    browser: Any, maker: ModuleType, page_of: Callable[..., str]
) -> None:
    found = maker.make_findings(60)
    standing = maker.make_standing(found)
    to_do = standing.filter(pl.col("standing").is_in(["new", "open", "reopened"])).height
    browser.open(page_of(maker.make_content(findings=found, standing=standing)))
    assert shown(browser) == f"{to_do} of 60 findings"
    browser.run(
        "const chosen = document.getElementById('standing'); chosen.value = 'all';"
        "chosen.dispatchEvent(new Event('change'))"
    )
    assert shown(browser) == "60 of 60 findings"


def test_hostile_text_is_shown_as_text(browser: Any, maker: ModuleType, page_of: Callable[..., str]) -> None:
    texts = [
        "claim_id",
        "payer_id",
        "billing_npi",
        "code",
        "code_title",
        "message",
        "source_file",
        "citation",
    ]
    found = maker.make_findings(len(HOSTILE)).with_columns(pl.Series(name, HOSTILE) for name in texts)
    found = found.with_columns(pl.concat_list("message").alias("suggestions"))
    address = page_of(maker.make_content(findings=found))
    browser.open(address)
    assert shown(browser) == f"{len(HOSTILE)} of {len(HOSTILE)} findings"
    said = ""
    for number in range(len(HOSTILE)):
        browser.run("document.querySelectorAll('.tabulator-row')[arguments[0]].click()", number)
        said += browser.text("#drawer-body")
        assert (
            browser.run("return document.querySelectorAll('#drawer script, #drawer img, #drawer svg').length")
            == 0
        )
    assert browser.run("return document.querySelectorAll('#list script, #list img, #list svg').length") == 0
    assert browser.run("return window.hacked") is None
    for text in HOSTILE[:3] + HOSTILE[4:6] + HOSTILE[7:]:
        assert text in said
    assert "claim \ufffd12-MLC\ufffd end" in said and "\u202e" not in said
    browser.keys("#search", HOSTILE[2])
    browser.wait("return document.getElementById('shown').textContent.startsWith('1 of')")
    assert browser.complaints() == []
    assert browser.requests() == [address]


def test_a_group_of_a_hostile_value_filters_and_stays_text(
    browser: Any, maker: ModuleType, page_of: Callable[..., str]
) -> None:
    hostile = "a&b=c#d <i>e</i> ü%20+'\""
    found = maker.make_findings(9).with_columns(pl.lit(hostile).alias("payer_id"))
    browser.open(page_of(maker.make_content(findings=found))).click("#groups a[href^='#payer']")
    browser.wait("return document.getElementById('narrowed').textContent")
    assert shown(browser) == "9 of 9 findings"
    assert hostile in browser.text("#narrowed")


def test_findings_without_a_payer_are_found_by_their_group(
    browser: Any, maker: ModuleType, page_of: Callable[..., str]
) -> None:
    found = maker.make_findings(9).with_columns(pl.lit(None, dtype=pl.String).alias("payer_id"))
    browser.open(page_of(maker.make_content(findings=found))).click("#groups a[href^='#payer']")
    assert shown(browser) == "9 of 9 findings"


def test_what_is_shown_downloads_as_guarded_csv(
    browser: Any, maker: ModuleType, page_of: Callable[..., str], tmp_path: Path
) -> None:
    found = maker.make_findings(9).with_columns(pl.lit('=1+1,"x"').alias("payer_id"))
    browser.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    browser.open(page_of(maker.make_content(findings=found))).click("[data-severity=reject]")
    browser.click("#download")
    browser.wait("return true")
    written = tmp_path / "findings-shown-2026-02-10.csv"
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser.driver, 30, poll_frequency=0.05).until(lambda _: written.exists())
    rows = pl.read_csv(written, infer_schema=False)
    assert rows.height == found.filter(pl.col("severity") == "reject").height
    assert set(rows["payer_id"]) == {'\'=1+1,"x"'}
    assert "finding_id_begins" in rows.columns


@pytest.mark.parametrize("count", [0, 1])
def test_a_night_with_hardly_anything_opens(
    browser: Any, maker: ModuleType, page_of: Callable[..., str], count: int
) -> None:
    browser.open(page_of(maker.make_content(count)))
    assert shown(browser) == f"{count} of {count} findings"
    assert browser.complaints() == []


def test_only_what_is_in_sight_is_built(browser: Any, maker: ModuleType, page_of: Callable[..., str]) -> None:
    """20,000 findings stand in the list, and the page has hardly more elements than with 60."""
    browser.open(page_of(maker.make_content(20_000)))
    assert shown(browser) == "20,000 of 20,000 findings"
    assert browser.run("return document.querySelectorAll('*').length") < 4_000
    browser.run("document.querySelector('.tabulator-tableholder').scrollTop = 1e9")
    last = maker.make_findings(20_000)
    cheap = set(last.filter(pl.col("severity") == "advise")["claim_id"])
    claims = "[...document.querySelectorAll('.tabulator-row [tabulator-field=claim_id]')]"
    browser.wait("return document.querySelector('.tabulator-tableholder').scrollTop > 900000")
    assert cheap & set(browser.run(f"return {claims}.map(cell => cell.textContent)"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system(browser: Any, sixty: str, scheme: str, tmp_path: Path) -> None:
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    try:
        browser.open(sixty)
        paper = browser.run("return getComputedStyle(document.body).backgroundColor")
        ink = browser.run("return getComputedStyle(document.body).color")
        grid = browser.run(
            "return getComputedStyle(document.querySelector('.tabulator-row')).backgroundColor"
        )
        browser.screenshot(tmp_path / f"{scheme}.png")
        assert (tmp_path / f"{scheme}.png").stat().st_size > 20_000
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def brightness(colour: str) -> int:
        return sum(int(part) for part in colour[4:-1].split(",")[:3])

    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    assert (brightness(grid) > brightness(ink)) == (scheme == "light")


def test_a_narrow_window_shows_severity_and_finding_without_sideways_scrolling(
    browser: Any, sixty: str
) -> None:
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        browser.open(sixty)
        assert browser.run("return document.documentElement.scrollWidth") <= 390
        holder = "document.querySelector('.tabulator-tableholder')"
        assert browser.run(f"return {holder}.scrollWidth - {holder}.clientWidth") <= 0
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_on_paper_stand_summary_and_rules_but_not_the_list(browser: Any, sixty: str) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        browser.open(sixty)
        seen = "return getComputedStyle(document.querySelector(arguments[0])).display !== 'none'"
        assert browser.run(seen, "#rules table") and browser.run(seen, ".print-only")
        assert not browser.run(seen, "#list") and not browser.run(seen, "nav")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_javascript_the_summary_rules_and_riskiest_findings_stand(
    start_browser: Callable[..., Any], sixty: str, maker: ModuleType
) -> None:
    browser = start_browser("--blink-settings=scriptEnabled=false")
    browser.driver.get(sixty)
    from selenium.webdriver.common.by import By

    page = browser.driver.find_element(By.TAG_NAME, "main").text
    assert "The batch ran whole." in page
    assert "The list needs JavaScript." in page
    assert "Opening the list" not in page
    assert all(rule.rule_id in page for rule in maker.rule_texts())
    assert maker.make_findings(60).sort("amount_at_risk")["claim_id"][-1] in page
