"""`validator code`: the code card."""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from validator.errors import UsageError

if TYPE_CHECKING:
    from validator.reference.card import Branch, CodeCard, Node, Related, Seventh, Span

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="With or without point, in either case.")]
OnOption = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="The day in question (YYYY-MM-DD); today if not given."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the card as JSON.")]

_MISSING_TITLE = "title not in the loaded releases"

_NOTE_HEADINGS = {
    "includes": "Includes",
    "inclusion_term": "Applicable to",
    "excludes1": "Excludes1 (not coded together)",
    "excludes2": "Excludes2 (not included here)",
    "code_first": "Code first",
    "use_additional_code": "Use additional",
    "code_also": "Code also",
    "seventh_character": "7th character",
    "note": "Note",
}


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


def status_sentence(card: "CodeCard", covers: tuple[date, date]) -> str:
    """What the code is on the day, in words."""
    if card.reach == "before":
        return f"not evaluated: ICD-10-CM is the code set since {covers[0]}; ICD-9-CM was before"
    if card.reach == "after":
        return f"not evaluated: the loaded releases end on {covers[1]}"
    match card.status:
        case "in_force":
            return "in force: billable"
        case "incomplete":
            return "incomplete: not billable, its 7th character is missing"
        case "header":
            codes = (
                "1 billable code stands"
                if card.instead_total == 1
                else f"{card.instead_total:,} billable codes stand"
            )
            return f"header: not billable; {codes} below it"
        case "expired":
            ends = [span.valid_to for span in card.spans if span.valid_to]
            what = f"expired: ended {max(ends)}" if ends else "expired: no code extends it any longer"
        case "not_yet":
            begins = [span.valid_from for span in card.spans if span.valid_from > card.on]
            what = f"not yet in force: begins {min(begins)}" if begins else "not yet in force"
        case _:
            what = "unknown: no release of ICD-10-CM has it"
    if card.placeholder_missing:
        return what + "; a placeholder X is missing or misplaced"
    if card.seventh_character == "not_permitted":
        return what + "; its stem does not permit this 7th character"
    if card.icd9 and card.status == "unknown":
        return what + "; it is a code of ICD-9-CM"
    if not card.well_formed:
        return what + "; a code is a letter, then 2 to 6 letters or digits"
    return what


def _print_card(card: "CodeCard", covers: tuple[date, date]) -> None:
    page = _Page()
    title = card.title or (_MISSING_TITLE if card.spans else "")
    page.line(f"{card.code}  {title}".rstrip(), bold=True)
    release = f" (release {card.release})" if card.release else ""
    page.line(f"On {card.on}{release}: {status_sentence(card, covers)}.")
    page.section("Dates", [(_span_dates(span), _span_words(span)) for span in card.spans])
    more = card.instead_total - len(card.instead)
    if more and card.next_level:
        # Nobody reads thousands of codes; the level below shows where to go on.
        page.section("Directly below it", [_branch(one) for one in card.next_level])
    else:
        page.section(
            card.instead_why, [*_titled(card.instead), *([("...", f"and {more:,} more")] if more else [])]
        )
    # The completed codes of an incomplete one say the same; of an ended stem nothing is permitted any more.
    if card.status != "incomplete" and any(one.permitted for one in card.sevenths):
        page.section("7th characters", [_seventh(one) for one in card.sevenths])
    page.section("Edit flags", [("", flag) for flag in card.flags])
    page.section("Stands in" if card.listed else "Would stand in", [_node(node) for node in card.parents])
    for kind, heading in _NOTE_HEADINGS.items():
        page.section(heading, [(note.stands_on, note.text) for note in card.notes if note.kind == kind])
    if card.notes:
        page.line()
        page.line(f"Notes: tabular list of {card.notes_release}, each with the node it stands on.")
        if not card.in_tabular_list:
            page.line(
                "That list does not have the code itself: notes of its own, if there are any, are not loaded."
            )


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
        """Nothing where there are no rows; a first cell is printed once for the rows that share it."""
        if not rows:
            return
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


def _titled(codes: tuple["Related", ...]) -> list[tuple[str, str]]:
    return [(one.code, one.title or f"({_MISSING_TITLE})") for one in codes]


def _branch(one: "Branch") -> tuple[str, str]:
    below = (
        f"{one.billable_below:,} billable codes below" if one.billable_below != 1 else "1 billable code below"
    )
    return (one.code, f"{one.title or _MISSING_TITLE} ({below if one.billable_below else 'billable'})")


def _node(node: "Node") -> tuple[str, str]:
    return (node.name if node.kind == "code" else f"{node.kind} {node.name}", node.title)


def _seventh(one: "Seventh") -> tuple[str, str]:
    return (one.character, one.meaning if one.permitted else f"{one.meaning} (not permitted here)")


def _span_dates(span: "Span") -> str:
    return f"{span.valid_from} to {span.valid_to}" if span.valid_to else f"since {span.valid_from}"


def _span_words(span: "Span") -> str:
    words = "billable" if span.kind == "billable" else "in the list, not billable"
    return f"{words} (inferred: no loaded list of headers covers it)" if span.inferred else words
