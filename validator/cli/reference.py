"""`validator reference`: build the reference, show its releases, check it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.cli import added

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

app = typer.Typer(no_args_is_help=True, help="Build, show and check the dated code reference.")

app.command("add")(added.add)
app.command("added")(added.added)
app.command("remove")(added.remove)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
ReferenceOption = Annotated[
    Path | None,
    typer.Option("--reference", metavar="FILE", help="Another built reference than the shipped one."),
]

_COLUMNS = (
    "system",
    "release",
    "valid_from",
    "valid_to",
    "rows",
    "billable",
    "headers",
    "inferred",
    "sha256",
)


@app.command()
def build(quiet: QuietOption = False) -> None:
    """Build the reference from the shipped facts; counts and hashes are verified."""
    from validator.reference.build import build_reference

    path = build_reference(on_step=lambda step: None if quiet else typer.echo(f"reference: {step}", err=True))
    if not quiet:
        typer.echo(f"built {path}")


@app.command()
def status(reference: ReferenceOption = None, as_json: JsonOption = False) -> None:
    """Print every release with dates, rows and hash."""
    opened = _open(reference)
    if as_json:
        typer.echo(json.dumps(_whole(opened), default=str, indent=2))
        return
    rows = [_row(release) for release in opened.releases]
    _print_table(rows)
    typer.echo(
        f"\nCovers {opened.covers_from} to {opened.covers_to} in {len(opened.periods)} periods; "
        f"tabular notes of {opened.tabular_release}; {len(opened.value_sets)} value sets."
    )
    typer.echo(
        "inferred: no package carries that release's own list of headers; neighbouring lists stand in, "
        "and a checked rule for stems that no list knows."
    )
    typer.echo(f"reference {opened.sha256}\n{opened.tables.path}")


@app.command()
def check(quiet: QuietOption = False) -> None:
    """Verify the shipped facts against releases.yaml, and the built reference against the facts."""
    from validator.reference.check import check_reference

    for line in check_reference():
        if not quiet:
            typer.echo(line)


def _open(path: Path | None) -> "Reference":
    from validator.reference.lookup import open_reference

    return open_reference(path, on_step=lambda step: typer.echo(f"reference: {step}", err=True))


def _whole(opened: "Reference") -> dict[str, Any]:
    return {
        "sha256": opened.sha256,
        "path": str(opened.tables.path),
        "covers_from": opened.covers_from,
        "covers_to": opened.covers_to,
        "tabular_release": opened.tabular_release,
        "value_sets": opened.value_sets,
        "releases": opened.releases,
    }


def _row(release: dict[str, Any]) -> tuple[str, ...]:
    return (
        release["system"],
        release["name"],
        str(release["valid_from"]),
        str(release["valid_to"]),
        f"{release['rows']:,}",
        f"{release['billable']:,}",
        f"{release['headers']:,}",
        _inferred(release),
        release["sha256"][:12],
    )


def _inferred(release: dict[str, Any]) -> str:
    """Blank where a package carries the release's own list of headers."""
    by_rule = release["headers_by_rule_alone"]
    return (f"yes, {by_rule} by rule" if by_rule else "yes") if release["headers_inferred"] else ""


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """A rich table on a terminal, aligned columns elsewhere."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    numbers = {"rows", "billable", "headers"}
    if not console.is_terminal:
        widths = [max(len(cell) for cell in column) for column in zip(_COLUMNS, *rows, strict=True)]
        for row in (_COLUMNS, *rows):
            cells = (
                f"{cell:>{width}}" if name in numbers else f"{cell:<{width}}"
                for cell, width, name in zip(row, widths, _COLUMNS, strict=True)
            )
            typer.echo("  ".join(cells).rstrip())
        return
    from rich.table import Table

    table = Table()
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)
