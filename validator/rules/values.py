"""Texts of a rule become values of their column's type, or a problem that says how to write them."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from validator.rules.model import Scalar
from validator.rules.names import NAMES, UNDOTTED, Name
from validator.rules.nodes import Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, shown

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,4})?")


@dataclass(frozen=True)
class _Shape:
    """How a column is kept: the characters, from `shortest` to `longest` of them. `fix` says it in words."""

    characters: str
    shortest: int
    longest: int
    fix: str

    def holds(self, text: str) -> bool:
        return bool(re.fullmatch(f"{self.characters}{{{self.shortest},{self.longest}}}", text))

    def begins(self, text: str) -> bool:
        return bool(re.fullmatch(f"{self.characters}{{1,{self.longest}}}", text))


# A value of another shape would never match, and nobody would notice.
_DIGIT, _LETTER_OR_DIGIT = "[0-9]", "[0-9A-Z]"
_SHAPES = {
    "claim.type_of_bill": _Shape(
        "(?!^0)[0-9A-Z]", 3, 3, "the type of bill is kept as three characters without the leading zero"
    ),
    "claim.discharge_status": _Shape(_DIGIT, 2, 2, "the discharge status is kept as two digits"),
    "claim.discharge_hour": _Shape(_DIGIT, 2, 2, "the discharge hour is kept as two digits"),
    "line.place_of_service": _Shape(_DIGIT, 2, 2, "the place of service is kept as two digits"),
    "line.revenue_code": _Shape(_DIGIT, 4, 4, "the revenue code is kept as four digits"),
    "line.procedure_code": _Shape(
        _LETTER_OR_DIGIT, 5, 5, "a procedure code has five characters, letters in upper case"
    ),
    "procedure.code": _Shape(
        _LETTER_OR_DIGIT, 7, 7, "an ICD-10-PCS code has seven characters, letters in upper case"
    ),
    "line.modifiers": _Shape(_LETTER_OR_DIGIT, 2, 2, "a modifier has two characters, letters in upper case"),
    "diagnosis.code": _Shape(
        _LETTER_OR_DIGIT,
        1,
        7,
        "a code has at most seven letters and digits, and a point only after the third",
    ),
}


def read_value(node: Node, name: Name, problems: Problems) -> Scalar | None:
    """One value for a column; None with the problem noted."""
    if not isinstance(node, Text):
        problems.add("R007", "a single value belongs here", fix="write one value", at=node.span)
        return None
    if node.blank or not node.text.strip():
        problems.add(
            "R014",
            f"{name.name} has no value here",
            fix=f"to ask whether it is blank write {name.name}: {{present: false}}",
            at=node.span,
        )
        return None
    if node.plain and node.text in NAMES and name.kind != "word":
        problems.add(
            "R014",
            f"{shown(node.text)} is a column, not a value",
            fix=f"to compare two columns write {{same_as: {node.text}}}",
            at=node.span,
        )
        return None
    match name.kind:
        case "word":
            return _word(node, name, problems)
        case "date":
            return read_date(node, problems)
        case "number" | "numbers":
            return _number(node, name, problems)
        case "truth":
            return read_truth(node, problems)
        case _:
            return _text(node, name, problems)


def _word(node: Text, name: Name, problems: Problems) -> str | None:
    if node.text in name.words:
        return node.text
    problems.add(
        "R008",
        f"{name.name} is never {shown(node.text)}",
        fix=did_you_mean(node.text, name.words, f"it is {listed(name.words)}"),
        at=node.span,
    )
    return None


def as_date(text: str) -> date | None:
    """An ISO date, None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_number(text: str, *, whole: bool) -> int | Decimal | None:
    """A whole number or a decimal, None for anything else, leading zeros included."""
    if whole:
        return int(text) if _WHOLE.fullmatch(text) else None
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def read_date(node: Text, problems: Problems) -> date | None:
    found = as_date(node.text)
    if found is None:
        problems.add(
            "R014",
            f"{shown(node.text)} is not a date",
            fix="write year-month-day, such as 2026-02-10",
            at=node.span,
        )
    return found


def _number(node: Text, name: Name, problems: Problems) -> int | Decimal | None:
    found = as_number(node.text, whole=name.whole)
    if found is None:
        wanted = "a whole number" if name.whole else "a number"
        decimals = "" if name.whole else ", with a point before at most 4 decimals"
        problems.add(
            "R014",
            f"{name.name} is {wanted}, and {shown(node.text)} is not",
            fix=f"write digits without leading zeros{decimals}",
            at=node.span,
        )
    return found


def read_truth(node: Text, problems: Problems) -> bool | None:
    if node.text in ("true", "false"):
        return node.text == "true"
    problems.add(
        "R014", f"{shown(node.text)} is neither true nor false", fix="write true or false", at=node.span
    )
    return None


def _text(node: Text, name: Name, problems: Problems) -> str | None:
    text = kept_form(name.name, node.text)
    shape = _SHAPES.get(name.name)
    if shape and not shape.holds(text):
        problems.add("R014", f"{name.name} is never {shown(node.text)}", fix=shape.fix, at=node.span)
        return None
    return text


def read_beginning(node: Text, name: Name, problems: Problems) -> str | None:
    """The first characters of a value."""
    text = kept_form(name.name, node.text)
    shape = _SHAPES.get(name.name)
    if shape and not shape.begins(text):
        what = f"{name.name} never begins with {shown(node.text)}"
        problems.add("R014", what, fix=shape.fix, at=node.span)
        return None
    return text


def kept_form(name: str, text: str) -> str:
    """A code as the canonical table keeps it: rules write M53.2, the table keeps M532.

    This is what validator/claims/codes.py does to codes of claims; a test holds the two together.
    """
    if name not in UNDOTTED:
        return text
    code = re.sub(r"^([^.]{3})\.([^.]*)$", r"\1\2", text.strip().upper())
    return re.sub(r"^(E[0-9]{3})\.([0-9])$", r"\1\2", code)


def written_form(name: str, text: str) -> str:
    """A code as people write it: M532 of the table is M53.2."""
    return f"{text[:3]}.{text[3:]}" if name in UNDOTTED and len(text) > 3 else text
