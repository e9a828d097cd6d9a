"""What a page tells about many codes at once: when each was billable or a header, and its own notes."""

from typing import TYPE_CHECKING, Any

import polars as pl

from validator.reference.dotted import dotted_text, undotted_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from validator.reference.lookup import Reference

_SPANS = """
    select s.code, s.kind, s.valid_from, s.valid_to from span s join asked using (code)
    order by s.code, s.valid_from
"""
_NOTES = """
    select n.code, t.kind, t.text from node n join asked using (code) join note t using (node)
    order by n.code, t.kind, t.position
"""


def short_cards(reference: "Reference", codes: "Sequence[str]") -> dict[str, dict[str, Any]]:
    """Dotted code -> `spans` (kind, first day, last day or blank) and `notes` (kind, text) of the code.

    Notes are those of the newest tabular list; what stands on chapters and sections above is on the card of
    `validator code`. Codes that no release has are left out.
    """
    asked = pl.DataFrame({"code": [undotted_text(code) for code in codes]}, schema={"code": pl.String})
    cards: dict[str, dict[str, Any]] = {}
    for code, kind, first, last in reference.tables.read(_SPANS, asked=asked).iter_rows():
        card = cards.setdefault(dotted_text(code), {"spans": [], "notes": []})
        card["spans"].append([kind, str(first), str(last) if last else ""])
    for code, kind, text in reference.tables.read(_NOTES, asked=asked).iter_rows():
        if dotted_text(code) in cards:
            cards[dotted_text(code)]["notes"].append([kind.replace("_", " "), text])
    return cards
