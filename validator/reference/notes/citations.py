"""Which codes a printed note cites: single codes, ranges, and qualifiers such as "with final characters"."""

import re
from dataclasses import dataclass

# Printed code, upper case with a point after the third character; the lookarounds keep G6PD and H1N1 out.
_CODE = r"(?<![A-Za-z0-9.])[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![0-9A-Za-z])"
_PRINTED = re.compile(_CODE)
# A code, what stands below it (`.-`), and the other end of a range. "I01.0 -I01.9", "I70.2--I70.7-",
# "P28.3- - P28.4-" and "M05.00 to M05.8A" are all printed somewhere.
_CITATION = re.compile(
    rf"(?P<first>{_CODE})\.?(?:(?:\s*-)+\s*(?P<last>{_CODE})|-?\s+to\s+(?P<until>{_CODE}))?", re.ASCII
)
_PARENTHESES = re.compile(r"\(([^()]*)\)")

_ORDINALS = {"4th": 3, "fourth": 3, "5th": 4, "fifth": 4, "sixth": 5, "6th": 5, "7th": 6, "seventh": 6}
_VALUES = r"(?P<values>\.?[0-9A-Z](?:-[0-9A-Z])?(?:(?:,| or|, or) \.?[0-9A-Z](?:-[0-9A-Z])?)*)(?![0-9A-Za-z])"
_INTENT = re.compile(rf"with (?:fifth or six(?:th)?|final) character {_VALUES}")
_TWO_CHARACTERS = re.compile(r"with fifth to sixth characters (?P<both>[0-9A-Z]{2})(?![0-9A-Za-z])")
_CHARACTER = re.compile(rf"with (?P<place>{'|'.join(_ORDINALS)})[ -]character {_VALUES}")
_LAST_CHARACTERS = re.compile(r"with final characters -(?P<last>[0-9A-Z]+)")
_AFTER_CATEGORY = re.compile(r"with (?:final characters )?(?P<parts>\.[0-9][-0-9., or]*)")
_OPEN_FRACTURE = "with open fracture 7th character"
# E87.2 names the categories of diabetes "with ketoacidosis", which is the fourth character 1 in all of them.
_KETOACIDOSIS = "with ketoacidosis"


@dataclass(frozen=True)
class Qualifier:
    """Which of the cited codes are meant. All that is given must hold; blank parts do not matter.

    `place` and `characters`: one of the characters stands at that place (from 0) of the code. `intent`: the
    same for the character that tells the intent of a poisoning. `after_category`: what follows the category
    begins so. `ending`: what follows its first four characters is just that. `open_fracture`: its 7th
    character speaks of an open fracture.
    """

    place: int | None = None
    characters: str = ""
    intent: str = ""
    after_category: tuple[str, ...] = ()
    ending: str = ""
    open_fracture: bool = False

    def holds(self, code: str) -> bool:
        """Whether the code (without point) has what is asked."""
        if self.intent and intent_character(code) not in self.intent:
            return False
        if self.place is not None and not self._at_place(code):
            return False
        if self.after_category and not code[3:].startswith(self.after_category):
            return False
        if self.open_fracture and code[6:] not in OPEN_FRACTURE:
            return False
        # "I69. with final characters -20" means I69.020 and its like, not I69.20.
        return not self.ending or code[4:] == self.ending

    def _at_place(self, code: str) -> bool:
        found = code[self.place : (self.place or 0) + 1]
        return bool(found) and found in self.characters


# 7th characters of fractures whose meaning names an open fracture, first and later encounters.
OPEN_FRACTURE = tuple("BCEFHJMNQR")


@dataclass(frozen=True)
class Citation:
    """What a note names: `first` and everything below it, or all from `first` through what is below `last`.

    Codes without point. `qualifier` narrows it to some of these codes.
    """

    first: str
    last: str = ""
    qualifier: Qualifier | None = None

    @property
    def written(self) -> str:
        """The citation in one fixed form, the same in every year's list."""
        ends = f"{self.first}-{self.last}" if self.last else self.first
        if self.qualifier is None:
            return ends
        given = {name: value for name, value in vars(self.qualifier).items() if value}
        parts = (" ".join(value) if isinstance(value, tuple) else value for value in given.values())
        return f"{ends} with {', '.join(f'{name} {part}' for name, part in zip(given, parts, strict=True))}"

    @property
    def level(self) -> int:
        """Length of the stem that it names; 2 where it spans categories."""
        if not self.last:
            return len(self.first)
        return min(len(self.first), len(self.last)) if self.first[:3] == self.last[:3] else 2


def cited(text: str) -> tuple[Citation, ...]:
    """The citations of one printed line, in its order. Whether the list has such codes is for the caller.

    Codes in parentheses are what a line cites; where there are none, the codes in the text itself
    ("conditions classified to Q67.0-Q67.4"). So "tuberculosis, any type in A15 (J65)" cites J65 only.
    """
    groups = [found.group(1) for found in _PARENTHESES.finditer(text) if _PRINTED.match(found.group(1))]
    qualifier = _qualifier(text)
    return tuple(
        Citation(_undotted(found["first"]), _undotted(found["last"] or found["until"] or ""), qualifier)
        for group in groups or [text]
        for found in _CITATION.finditer(group)
    )


def has_code(text: str) -> bool:
    """Whether the line prints anything that looks like a code."""
    return re.search(r"\b[A-Z][0-9][0-9A-Z]", text) is not None


def intent_character(code: str) -> str:
    """The character of a T36-T65 code that tells the intent: the 6th, or the 5th where the 6th is X."""
    if len(code) < 6:
        return ""
    return code[4] if code[5] == "X" else code[5]


def _qualifier(text: str) -> Qualifier | None:
    if found := _INTENT.search(text):
        return Qualifier(intent=_characters(found["values"]))
    if found := _TWO_CHARACTERS.search(text):
        # Both places at once: the subcategory is any, so it is said by what the code ends with.
        return Qualifier(ending=found["both"])
    if found := _CHARACTER.search(text):
        return Qualifier(place=_ORDINALS[found["place"]], characters=_characters(found["values"]))
    if found := _LAST_CHARACTERS.search(text):
        return Qualifier(ending=found["last"])
    if found := _AFTER_CATEGORY.search(text):
        return Qualifier(after_category=_suffixes(found["parts"]))
    if _OPEN_FRACTURE in text:
        return Qualifier(open_fracture=True)
    if _KETOACIDOSIS in text and not _PARENTHESES.search(text):
        return Qualifier(after_category=("1",))
    return None


def _characters(values: str) -> str:
    """`1-4 or 6` -> `12346`."""
    found = ""
    for part in re.findall(r"[0-9A-Z](?:-[0-9A-Z])?", values):
        found += "".join(chr(one) for one in range(ord(part[0]), ord(part[-1]) + 1))
    return found


def _suffixes(parts: str) -> tuple[str, ...]:
    """`.14, .24, .94` -> 14, 24, 94; `.51-.52` -> 51, 52; `.61-` -> 61."""
    found: list[str] = []
    for first, last in re.findall(r"\.([0-9]+)(?:-\.([0-9]+))?", parts):
        found += [str(one).zfill(len(first)) for one in range(int(first), int(last or first) + 1)]
    return tuple(found)


def _undotted(code: str) -> str:
    return code.replace(".", "")
