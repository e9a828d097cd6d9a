"""The docs say what the program does: commands, options and exit codes stand there, no page is stale."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer.main
from typer.testing import CliRunner

from validator.cli import app
from validator.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("reports/*.md"),
        *ROOT.glob("rules/*.md"),
    )
)


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _load_generator()
COMMANDS = dict(GENERATOR.walk_commands(typer.main.get_command(app), "validator"))


def test_no_generated_page_is_stale() -> None:
    assert list(GENERATOR.stale_pages()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_of_help_stands_on_its_page(name: str) -> None:
    answer = CliRunner().invoke(app, [*name.split()[1:], "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert answer.exit_code == 0
    file = ROOT / "docs" / "commands" / f"{'-'.join(name.split()[1:]) or 'validator'}.md"
    section = file.read_text(encoding="utf-8")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", answer.output)) - {"--help"}
    assert not [option for option in options if option not in section]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert not [param.name for param in command.params if not getattr(param, "help", None)]


def test_every_exit_code_has_its_line() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)}
    # 130 is what shells use for an interrupted program; it is not ours to choose.
    assert listed == {int(code) for code in ExitCode} | {130}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        if not linked.exists() or (anchor and anchor not in _anchors(linked)):
            broken.append(target)
    assert not broken


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_shown_in_the_docs_exist(page: Path) -> None:
    """What a page tells a reader to type is a command of the program, with options that it has."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:\w+)?\n(.*?)```", text, flags=re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()]
    shown += re.findall(r"`((?:[\w./]+/)?validator [^`]+)`", text)
    commands = [line for line in shown if re.match(r"(\$ )?([\w./]+/)?validator( |$)", line)]
    assert not [line for line in commands if not _can_be_typed(line.removeprefix("$ ").split()[1:])]


def _can_be_typed(words: list[str]) -> bool:
    name = "validator"
    while words and f"{name} {words[0]}" in COMMANDS:
        name = f"{name} {words.pop(0)}"
    params = COMMANDS[name].params
    options = {option for param in params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    misspelt = hasattr(COMMANDS[name], "commands") and words and re.fullmatch("[a-z]+", words[0])
    return not misspelt and all(word.split("=")[0] in options for word in words if re.match("--[a-z]", word))


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    listed = {
        (ROOT / "docs" / target.split("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", index)
    }
    pages = set((ROOT / "docs").glob("*.md")) | {ROOT / "docs" / "decisions" / "README.md"}
    assert (
        sorted(str(path.relative_to(ROOT)) for path in pages - listed - {ROOT / "docs" / "README.md"}) == []
    )


def test_the_lock_names_packages_and_hashes_and_no_addresses() -> None:
    for lock in ("run.lock", "dev.lock"):
        text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
        assert not re.search(r"https?:|^-|file:", text, re.MULTILINE)
        entries = re.split(r"\n(?=[a-z])", re.sub(r"(?m)^#.*\n", "", text).strip())
        assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []
