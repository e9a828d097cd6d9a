"""Write the generated pages of docs/, or with --check say which are stale and change nothing."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer.main

from validator.claims.columns_page import canonical_tables_page
from validator.cli import app

DOCS = Path(__file__).resolve().parent


def command_pages() -> dict[str, str]:
    """A page for each command with its arguments and options, as `--help` says them; and their table."""
    commands = dict(walk_commands(typer.main.get_command(app), "validator"))
    shown = examples(commands)
    table = [
        "# Commands",
        "",
        "Written from the program's own `--help` by `make docs`.",
        "What each command returns to the shell: [exit codes](../exit-codes.md).",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    pages = {}
    for name, command in commands.items():
        table.append(f"| [{name}]({_page(name)}) | {_cell((command.help or '').strip().split(chr(10))[0])} |")
        pages[f"commands/{_page(name)}"] = _command_page(name, command, shown[name])
    return {"commands/README.md": "\n".join(table) + "\n", **pages}


def _command_page(name: str, command: Any, shown: Sequence[str]) -> str:
    context = command.context_class(command)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"# {name}", "", f"`{name} {usage}`", "", *(command.help or "").strip().splitlines()]
    if hasattr(command, "commands"):
        lines += ["", *(f"- [{name} {sub}]({_page(f'{name} {sub}')})" for sub in command.commands)]
    if shown:
        lines += ["", "```sh", *shown, "```"]
    records = [param.get_help_record(context) for param in command.params if param.name != "help"]
    if told := [record for record in records if record]:
        lines += ["", "| argument or option | what it does |", "|---|---|"]
        lines += [f"| `{_cell(spelling)}` | {_cell(meaning)} |" for spelling, meaning in told]
    return "\n".join([*lines, "", "[All commands](README.md), [exit codes](../exit-codes.md)"]) + "\n"


def _page(name: str) -> str:
    return f"{'-'.join(name.split()[1:]) or 'validator'}.md"


def examples(commands: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines of examples.txt by the command that each of them shows."""
    found: dict[str, list[str]] = {name: [] for name in commands}
    for line in (DOCS / "commands" / "examples.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            found[max((name for name in commands if f"{line} ".startswith(f"{name} ")), key=len)].append(line)
    return found


def walk_commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and all below it, with the words a user types."""
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from walk_commands(below, f"{name} {word}")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def pages() -> dict[str, str]:
    """{page below docs/: its text} of all generated pages."""
    return {**command_pages(), "canonical-tables.md": canonical_tables_page()}


def stale_pages() -> dict[str, str | None]:
    """Generated pages that are not what the program says now, with what they should be; None: not there."""
    made: dict[str, str | None] = {**pages()}
    there = {f"commands/{page.name}" for page in (DOCS / "commands").glob("*.md")}
    made |= dict.fromkeys(there - made.keys())
    return {name: text for name, text in made.items() if _written(DOCS / name) != text}


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main() -> int:
    """Write the pages that changed; with --check only name them and return 1."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="change nothing; say which pages are stale")
    check = parser.parse_args().check
    stale = stale_pages()
    for name, text in stale.items():
        if check:
            print(f"docs/{name}: not what the program says now; run `make docs`", file=sys.stderr)
        elif text is None:
            (DOCS / name).unlink()
            print(f"removed docs/{name}")
        else:
            (DOCS / name).write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
