"""`validator layouts`: list and show the layouts of claim files, and say which one a file has."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from validator.claims.guess import Guess

app = typer.Typer(no_args_is_help=True, help="List and show layouts of claim files; guess that of a file.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("list")
def list_layouts(as_json: JsonOption = False) -> None:
    """List the layouts that are recognised: name, kind of feed, what a row is, title."""
    from validator.claims.guess import layout_rows

    rows = layout_rows()
    if as_json:
        keys = ("layout", "feed", "grain", "title")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
        return
    for name, feed, grain, title in rows:
        typer.echo(f"{name:<20}{feed:<13}row = {grain:<7}{title}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the layout.")]) -> None:
    """Print a layout as the YAML file that it is; a layout of your own is a file like it."""
    from validator.claims.guess import layout_file

    typer.echo(layout_file(name), nl=False)


@app.command()
def guess(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One claim file.")],
    as_json: JsonOption = False,
) -> None:
    """Say which layout a file has, why, and which of its columns nothing reads."""
    from validator.claims.guess import guess_layout

    found = guess_layout(file)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(found)


def _print(found: "Guess") -> None:
    share = 100 * found.used // max(found.headings, 1)
    typer.echo(f"{found.file}: {found.layout} ({found.title})")
    typer.echo(f"  format     {found.format}, {found.headings} columns, feed: {found.feed}")
    typer.echo(f"  because    it knows {found.used} of {found.headings} columns ({share} %)")
    for name, headings in found.read.items():
        typer.echo(f"    {' + '.join(headings):<34} is {name}")
    typer.echo(f"  not used   {', '.join(found.not_used) or 'none'}")
    for name, used, why in found.others:
        typer.echo(f"  not        {name:<20} {used:>4} columns; {why}")
