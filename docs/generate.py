"""Write the generated pages of docs/, or with --check say which are stale and change nothing."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main

from validator.claims.columns_page import canonical_tables_page
from validator.cli import app

DOCS = Path(__file__).resolve().parent


def commands_page() -> str:
    """Every command with its arguments and options, as `--help` says them."""
    lines = [
        "# Commands",
        "",
        "Written from the program's own `--help` by `make docs`.",
        "What each command returns to the shell: [exit codes](exit-codes.md).",
    ]
    for name, command in walk_commands(typer.main.get_command(app), "validator"):
        context = command.context_class(command)
        usage = " ".join(command.collect_usage_pieces(context))
        lines += ["", f"## {name}", "", f"`{name} {usage}`", "", *(command.help or "").strip().splitlines()]
        if hasattr(command, "commands"):
            lines += ["", *(f"- [{name} {sub}](#{name.replace(' ', '-')}-{sub})" for sub in command.commands)]
        records = [param.get_help_record(context) for param in command.params if param.name != "help"]
        if shown := [record for record in records if record]:
            lines += ["", "| argument or option | what it does |", "|---|---|"]
            lines += [f"| `{_cell(spelling)}` | {_cell(meaning)} |" for spelling, meaning in shown]
    return "\n".join(lines) + "\n"


def walk_commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and all below it, with the words a user types."""
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from walk_commands(below, f"{name} {word}")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# Page -> the function that writes it.
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "canonical-tables.md": canonical_tables_page,
}


def stale_pages() -> list[str]:
    """Names of the generated pages that no longer say what the program does."""
    return [
        name
        for name, page in PAGES.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != page()
    ]


def main() -> int:
    """Write the pages that changed; with --check only name them and return 1."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="change nothing; say which pages are stale")
    check = parser.parse_args().check
    stale = stale_pages()
    for name in stale:
        if check:
            print(f"docs/{name}: not what the program says now; run `make docs`", file=sys.stderr)
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
            print(f"wrote docs/{name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
