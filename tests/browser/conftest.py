"""A real Chromium, driven over WebDriver, that sees only files of this machine."""

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from validator.reports.content import RunContent
from validator.reports.run_folder import publish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)


def _maker() -> ModuleType:
    """The generator of finished runs, which the unit tests of the reports room own."""
    path = Path(__file__).parents[1] / "unit" / "reports" / "make_content.py"
    spec = importlib.util.spec_from_file_location("make_content", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    return _maker()


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[RunContent], str]:
    """Publishes a run and gives the address of its page."""
    return lambda content: (publish(tmp_path_factory.mktemp("out"), content).path / "report.html").as_uri()


class Browser:
    """The little that the tests need of Selenium, with what the page did on the side."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> "Browser":
        """Load the page and wait until its list stands (or has failed)."""
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(address)
        self.wait("return document.body.dataset.ready")
        return self

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def wait(self, script: str, *values: Any) -> Any:
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, 60, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(script, *values)
        )

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def keys(self, selector: str, text: str) -> None:
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(text)

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)

    def requests(self) -> list[str]:
        """Every address the page asked for since it was opened, without those its policy stopped.

        What was stopped stands in `complaints`.
        """
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked, stopped = {}, set()
        for event in events:
            if event["method"] == "Network.requestWillBeSent":
                asked[event["params"]["requestId"]] = event["params"]["request"]["url"]
            elif event["method"] == "Network.loadingFailed" and event["params"].get("blockedReason") == "csp":
                stopped.add(event["params"]["requestId"])
        return [address for request, address in asked.items() if request not in stopped]

    def complaints(self) -> list[str]:
        """Everything the console said, refusals of the content policy included."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def screenshot(self, path: Path, *, width: int = 1280, height: int = 900) -> None:
        self.driver.set_window_size(width, height)
        self.driver.save_screenshot(str(path))


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """Starts a browser with more flags or settings; all are closed at the end."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    drivers = []

    def start(*more: str) -> Browser:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", *more):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        drivers.append(driver)
        driver.set_window_size(1280, 900)
        return Browser(driver)

    yield start
    for driver in drivers:
        driver.quit()


@pytest.fixture(scope="session")
def browser(start_browser: Callable[..., Browser]) -> Browser:
    return start_browser()
