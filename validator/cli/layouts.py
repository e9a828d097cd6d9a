"""`validator layouts`: list and show the layouts of claim files, and say which one a file has."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.errors import OutputError, Place, UsageError

if TYPE_CHECKING:
    from validator.claims.guess import Guess

app = typer.Typer(
    no_args_is_help=True,
    help="List and show layouts of claim files; guess the layout of a file, draft one, try one.",
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="One claim file.")]
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
    file: FileArgument,
    as_json: JsonOption = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Print the YAML of a new layout for this file instead.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File that receives the draft; it must not be there yet.")
    ] = None,
) -> None:
    """Say which layout a file has, why, and which of its columns nothing reads; or draft a new layout."""
    if draft or out:
        _draft(file, out)
        return
    from validator.claims.guess import guess_layout

    found = guess_layout(file)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(found)


def _draft(file: Path, out: Path | None) -> None:
    from validator.claims.draft import draft_layout

    text = draft_layout(file)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise UsageError(
            "is there already", fix="Give another name to --out.", place=Place(str(out))
        ) from None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", place=Place(str(out))) from None
    typer.echo(f"{out}: look at every line, then `validator layouts check {out} {file}`")


@app.command()
def check(
    layout: Annotated[str, typer.Argument(metavar="LAYOUT", help="Name of a layout, or a .yaml file.")],
    file: FileArgument,
    claims: Annotated[
        int, typer.Option(help="How many claims to show; 0 shows no cell of the file.", min=0)
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Read a file with a layout and show its first claims as tables, with all that was not understood.

    Prints cells of claims: patients and their codes.
    """
    from validator.claims.trial import try_layout
    from validator.cli.trial import as_text, report

    found = report(try_layout(layout, file, claims=claims))
    typer.echo(json.dumps(found, indent=2) if as_json else as_text(found))


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
