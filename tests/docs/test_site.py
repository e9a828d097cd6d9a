"""The documentation builds as a site without a warning, and no page of it would fetch anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from validator.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
# What a browser would load by itself; a link to click is no such thing.
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)[^>]+src=\"(?:https?:)?//|<link[^>]+href=\"(?:https?:)?//"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx")
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(out / "trees"),
         "-c", str(ROOT / "docs" / "site"), str(ROOT), str(out / "html")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return out / "html"


def test_every_page_is_there(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT).with_suffix(".html")).is_file(), page


def test_nothing_is_fetched(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not LOADED.search(page.read_text(encoding="utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", style.read_text(encoding="utf-8")), style


def test_every_kind_of_ending_has_its_place_on_the_page_of_errors() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code in ExitCode:
        if code not in (ExitCode.NOTHING_FOUND, ExitCode.FINDINGS):
            assert re.search(rf"^## {int(code)} ", page, re.MULTILINE), code


def test_every_table_of_contents_entry_of_the_site_is_a_page() -> None:
    index = (ROOT / "docs" / "site" / "index.md").read_text(encoding="utf-8")
    for entry in re.findall(r"^\.\./\S+$", index, re.MULTILINE):
        assert (ROOT / "docs" / "site" / f"{entry}.md").resolve().is_file(), entry
