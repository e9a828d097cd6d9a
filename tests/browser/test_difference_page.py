"""The page of a comparison opens alone, runs nothing, and shows hostile text as text."""

from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from validator.audit.compare import Side, compare
from validator.audit.difference_page import write_difference

HOSTILE = "<script>document.title = 'hacked'</script><img src=x onerror=alert(1)>"
pytestmark = pytest.mark.browser


def test_it_shows_what_differs_without_a_request_or_a_script(
    browser: Any, maker: ModuleType, tmp_path: Path
) -> None:
    before = maker.make_findings(60)
    after = before.head(50).with_columns(
        pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(HOSTILE)).otherwise("message").alias("message")
    )
    comparison = compare(Side("2026-02-09-a", before, {}), Side("2026-02-10-b", after, {}))
    with (tmp_path / "page.html").open("wb") as file:
        write_difference(comparison, file)
    address = (tmp_path / "page.html").as_uri()
    browser.driver.get("about:blank")
    browser.driver.get_log("performance")
    browser.driver.get_log("browser")
    browser.driver.get(address)
    assert browser.requests() == [address] and browser.complaints() == []
    assert "10 gone, 0 severity changed, 3 otherwise changed, 47 unchanged" in " ".join(
        browser.text(".verdict").split()
    )
    assert browser.text("#findings").count(HOSTILE) == 3
    assert browser.run("return document.title").startswith("Contains PHI")
    assert not browser.run("return document.querySelectorAll('main script, main img').length")
    assert browser.run("return document.querySelectorAll('#findings tbody tr').length") == 13
