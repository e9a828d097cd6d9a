"""`validator search`: codes by words."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from validator.reference.search import Answer, Found

_MISSING_TITLE = "(title not in the loaded releases)"
_PLACES = {"term": "", "note": "a note: "}


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

    Exit codes: 0 searched, also where nothing fits or the day is not covered; 12 the reference is missing or
    damaged.
    """
    from validator.reference.lookup import open_reference
    from validator.reference.search import CodeSearch

    reference = open_reference(on_step=lambda step: typer.echo(f"reference: {step}", err=True))
    # The one place of this command where the clock is read; everything below is told the day.
    day = on.date() if on else date.today()
    answer = CodeSearch(reference, day).ask(" ".join(words), limit)
    if as_json:
        typer.echo(json.dumps(asdict(answer), default=str, ensure_ascii=False, indent=2))
        return
    _print_answer(answer, covers=(reference.covers_from, reference.covers_to))


def _print_answer(answer: "Answer", covers: tuple[date, date]) -> None:
    if answer.reach != "covered":
        side, edge = ("begin", covers[0]) if answer.reach == "before" else ("end", covers[1])
        typer.echo(f"not evaluated: the loaded releases {side} on {edge}")
        return
    for asked, read_as in answer.read_as.items():
        typer.echo(f"{asked} is not in the list of {answer.on}; read as {' or '.join(read_as)}")
    if not answer.found:
        typer.echo(f"no code of {answer.on} fits")
    elif not answer.all_words:
        typer.echo("no code has all these words; some have a part of them")
    for one in answer.found:
        typer.echo(_line(one))


def _line(one: "Found") -> str:
    status = "" if one.billable else ("  (7th character missing)" if one.incomplete else "  (header)")
    matched = f"  [{_PLACES[one.matched_in]}{one.matched}]" if one.matched_in in _PLACES else ""
    return f"{one.code:<9} {one.title or _MISSING_TITLE}{status}{matched}"
