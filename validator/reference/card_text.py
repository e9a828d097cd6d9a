"""A code card in words: its heading, what the code is on the day, and its sections of two columns."""

from datetime import date
from typing import Any

from validator.reference.card import Branch, CodeCard, Node, Related, Seventh, Span

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


def told(card: CodeCard, covers: tuple[date, date]) -> dict[str, Any]:
    """The whole card in words: heading, standing, sections, about."""
    return {
        "heading": heading(card),
        "standing": standing(card, covers),
        "sections": sections(card),
        "about": about_notes(card),
    }


def heading(card: CodeCard) -> str:
    """The code with its title, or a word that the loaded releases have none."""
    return f"{card.code}  {card.title or (_MISSING_TITLE if card.spans else '')}".rstrip()


def standing(card: CodeCard, covers: tuple[date, date]) -> str:
    """What the code is on the day of the card."""
    release = f" (release {card.release})" if card.release else ""
    return f"On {card.on}{release}: {status_sentence(card, covers)}."


def status_sentence(card: CodeCard, covers: tuple[date, date]) -> str:
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


def sections(card: CodeCard) -> list[tuple[str, list[tuple[str, str]]]]:
    """Headings with their rows (name, text), in the order of the card; none is empty.

    The names of notes are the nodes that they stand on.
    """
    more = card.instead_total - len(card.instead)
    if more and card.next_level:
        # Nobody reads thousands of codes; the level below shows where to go on.
        instead = ("Directly below it", [_branch(one) for one in card.next_level])
    else:
        rest = [("...", f"and {more:,} more")] if more else []
        instead = (card.instead_why, [*_titled(card.instead), *rest])
    # The completed codes of an incomplete one say the same; of an ended stem nothing is permitted any more.
    tells_sevenths = card.status != "incomplete" and any(one.permitted for one in card.sevenths)
    every = [
        ("Dates", [(_span_dates(span), _span_words(span)) for span in card.spans]),
        instead,
        ("7th characters", [_seventh(one) for one in card.sevenths] if tells_sevenths else []),
        ("Edit flags", [("", flag) for flag in card.flags]),
        ("Stands in" if card.listed else "Would stand in", [_node(node) for node in card.parents]),
        *(
            (words, [(note.stands_on, note.text) for note in card.notes if note.kind == kind])
            for kind, words in _NOTE_HEADINGS.items()
        ),
    ]
    return [(words, rows) for words, rows in every if rows]


def about_notes(card: CodeCard) -> list[str]:
    """Where the notes of the card are from, and whether those of the code itself are loaded."""
    if not card.notes:
        return []
    said = [f"Notes: tabular list of {card.notes_release}, each with the node it stands on."]
    if not card.in_tabular_list:
        said.append(
            "That list does not have the code itself: notes of its own, if there are any, are not loaded."
        )
    return said


def _titled(codes: tuple[Related, ...]) -> list[tuple[str, str]]:
    return [(one.code, one.title or f"({_MISSING_TITLE})") for one in codes]


def _branch(one: Branch) -> tuple[str, str]:
    below = (
        f"{one.billable_below:,} billable codes below" if one.billable_below != 1 else "1 billable code below"
    )
    return (one.code, f"{one.title or _MISSING_TITLE} ({below if one.billable_below else 'billable'})")


def _node(node: Node) -> tuple[str, str]:
    return (node.name if node.kind == "code" else f"{node.kind} {node.name}", node.title)


def _seventh(one: Seventh) -> tuple[str, str]:
    return (one.character, one.meaning if one.permitted else f"{one.meaning} (not permitted here)")


def _span_dates(span: Span) -> str:
    return f"{span.valid_from} to {span.valid_to}" if span.valid_to else f"since {span.valid_from}"


def _span_words(span: Span) -> str:
    words = "billable" if span.kind == "billable" else "in the list, not billable"
    return f"{words} (inferred: no loaded list of headers covers it)" if span.inferred else words
