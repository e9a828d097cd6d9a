"""`validator code`: the code card."""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from validator.errors import UsageError

if TYPE_CHECKING:
    from validator.reference.card import CodeCard

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="With or without point, in either case.")]
OnOption = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="The day in question (YYYY-MM-DD); today if not given."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the card as JSON.")]


def code(code: CodeArgument, on: OnOption = None, as_json: JsonOption = False) -> None:
    """Show the code card: status on a day, dates, billable codes below, notes, 7th characters, edit flags."""
    from validator.reference.lookup import open_reference

    if not code.strip(" ."):
        raise UsageError("there is no code to look up", fix="For instance: validator code M53.2")
    reference = open_reference(on_step=lambda step: typer.echo(f"reference: {step}", err=True))
    # The one place of this command where the clock is read; everything below is told the day.
    day = on.date() if on else date.today()
    card = reference.card(code, day)
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(card), default=str, ensure_ascii=False, indent=2))
        return
    _print_card(card, covers=(reference.covers_from, reference.covers_to))


def _print_card(card: "CodeCard", covers: tuple[date, date]) -> None:
    from validator.reference import card_text

    page = _Page()
    page.line(card_text.heading(card), bold=True)
    page.line(card_text.standing(card, covers))
    for words, rows in card_text.sections(card):
        page.section(words, rows)
    for number, said in enumerate(card_text.about_notes(card)):
        if not number:
            page.line()
        page.line(said)


class _Page:
    """Headings and two-column lists: folded to the window on a terminal, one row per line elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, markup=False, emoji=False)

    def line(self, text: str = "", *, bold: bool = False) -> None:
        if self._console.is_terminal:
            self._console.print(text, style="bold" if bold else None)
        else:
            typer.echo(text)

    def section(self, heading: str, rows: list[tuple[str, str]]) -> None:
        """A first cell is printed once for the rows that share it."""
        self.line()
        self.line(heading, bold=True)
        shown = [
            ("" if number and rows[number - 1][0] == first else first, second)
            for number, (first, second) in enumerate(rows)
        ]
        width = max(len(first) for first, _ in shown)
        if not self._console.is_terminal:
            for first, second in shown:
                typer.echo(f"  {first:<{width}}  {second}" if width else f"  {second}")
            return
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, min_width=width)
        table.add_column(overflow="fold")
        for first, second in shown:
            table.add_row(f"  {first}", second)
        self._console.print(table)
