"""`validator search`: codes by words."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

import typer


def search(
    words: Annotated[list[str], typer.Argument(help="Words of a title, or the beginning of a code.")],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="Codes of this day; today if not given."),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many codes to show.", min=1, max=500)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Search ICD-10-CM by words: titles and terms of the tabular list, with typing errors, on a day.

    Exit codes: 0 searched, also where nothing fits; 12 the reference is missing or damaged.
    """
    from validator.reference.lookup import open_reference
    from validator.reference.search import CodeSearch

    reference = open_reference(on_step=lambda step: typer.echo(f"reference: {step}", err=True))
    day = on.date() if on else date.today()
    found = CodeSearch(reference, day).find(" ".join(words), limit)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo(
            f"no code of {day} fits; loaded releases: {reference.covers_from} to {reference.covers_to}"
        )
    for each in found:
        kind = "" if each.billable else "  (header)"
        why = f"  [{each.matched}]" if each.matched else ""
        typer.echo(f"{each.code:<9} {each.title}{kind}{why}")
