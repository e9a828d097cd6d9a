"""`validator reference add`, `added` and `remove`: the official files that a user brings."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.errors import ReferenceError

if TYPE_CHECKING:
    from validator.reference.official.store import Added

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files as they were downloaded.")]
KindOption = Annotated[
    str, typer.Option("--kind", help="The kind of file, for a plain list that does not say it itself.")
]
SettingOption = Annotated[
    str,
    typer.Option("--setting", help="practitioner, hospital or dme, for a file whose name does not say it."),
]
QuarterOption = Annotated[
    str, typer.Option("--quarter", help="As 2026Q3, for a file that does not say the days it is for.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Label = Annotated[str, typer.Argument(metavar="KIND/HASH", help="As `validator reference added` lists it.")]


def add(
    files: Files,
    kind: KindOption = "",
    setting: SettingOption = "",
    quarter: QuarterOption = "",
    quiet: QuietOption = False,
) -> None:
    """Take in official files: NCCI, MUE, fee schedule, HCPCS, NPPES and others (docs/reference.md).

    What a file is, is told by its content. One that is refused changes nothing; the others are taken in.
    """
    from validator.reference.lookup import open_reference
    from validator.reference.official.add import add_file
    from validator.reference.official.kind import Asked
    from validator.shipped import added_folder

    asked = Asked(kind=kind, setting=setting, quarter=quarter)
    refusals = []
    for path in files:
        try:
            outcome = add_file(path, added_folder(), asked)
        except ReferenceError as error:
            refusals.append(str(error))
            continue
        if not quiet:
            said = "added" if outcome.new else "was added before, nothing changed:"
            typer.echo(f"{path.name}: {said} {_in_words(outcome.added)}")
            for one in outcome.replaced:
                typer.echo(f"  takes the place of {one.label} ({one.name})")
    if not quiet or not refusals:
        open_reference(on_step=lambda step: None if quiet else typer.echo(f"reference: {step}", err=True))
    if refusals:
        raise ReferenceError("\n".join(refusals))


def added(as_json: JsonOption = False) -> None:
    """List the files that were added, and the tables that no file makes yet."""
    from validator.reference.lookup import open_reference
    from validator.reference.official.status import official_tables
    from validator.reference.official.store import added_files
    from validator.shipped import added_folder

    found = added_files(added_folder())
    opened = open_reference(on_step=lambda step: typer.echo(f"reference: {step}", err=True))
    tables = official_tables(opened)
    if as_json:
        content: dict[str, Any] = {
            "files": [_as_json(one) for one in found],
            "tables": [
                {
                    "name": one.name,
                    "what": one.what,
                    "file": one.file,
                    "loaded": one.loaded,
                    "covers": one.covers,
                }
                for one in tables
            ],
        }
        typer.echo(json.dumps(content, default=str, indent=2))
        return
    for one in found:
        typer.echo(f"{one.label}  {_in_words(one)}\n  {one.name}, added {one.added}")
        if one.remark:
            typer.echo(f"  {one.remark}")
    missing: dict[str, list[str]] = {}
    for table in tables:
        if not table.loaded:
            missing.setdefault(table.file, []).append(table.name)
    if missing:
        typer.echo("Not added:" if found else "No file was added yet. Not added:")
        for file, names in missing.items():
            typer.echo(f"  {file}: {', '.join(names)}")


def remove(label: Label, quiet: QuietOption = False) -> None:
    """Take one added file away."""
    from validator.reference.official.store import remove as take_away
    from validator.shipped import added_folder

    gone = take_away(added_folder(), label)
    if not quiet:
        typer.echo(f"took away {gone.label} ({gone.name})")


def _in_words(one: "Added") -> str:
    from validator.reference.official.catalogue import BY_NAME

    setting = f" ({one.setting})" if one.setting else ""
    return f"{BY_NAME[one.kind].title}{setting}, {_days(one.covers_from, one.covers_to)}, {one.rows:,} rows"


def _days(first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return "for all days"
    return f"for {first or 'any day'} to {last or 'any day after'}"


def _as_json(one: "Added") -> dict[str, Any]:
    names = (
        "label",
        "kind",
        "name",
        "sha256",
        "setting",
        "covers_from",
        "covers_to",
        "rows",
        "added",
        "remark",
    )
    return {name: getattr(one, name) for name in names}
