"""Right, left, both or open: the side that a title names, and the family of codes that differ in it only."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

# Words in which left and right are no side of the patient: parts of the heart and of the colon, and what was
# left behind.
_NO_SIDE = re.compile(
    r"\b(?:accidentally|unintentionally) left\b|\bleft (?:without|in body|during)\b"
    r"|\b(?:right|left) (?:heart|(?:ventric|atri)\w+|main coronary|anterior descending|circumflex|coronary"
    r"|(?:(?:anterior|posterior) )?fascicular|bundle|aortic arch|superior vena cava|sided? colitis)"
    r"|\bleft-sided colitis|\[(?:right|left)\]"
    # The eye that is well is not the side of a blindness.
    r"|\bnormal vision (?:right|left) eye"
)
_WORDS = re.compile(r"[a-z0-9'’-]+")
_SIDE_WORDS = ("right", "left", "bilateral")
# Words that may differ between the codes of one family although only the side is another: the two sides of
# hemiplegia are numbered by dominance too, which is an axis of its own.
_FILLING = frozenset(("of", "the", "unilateral", "dominant", "non-dominant", "nondominant"))
_OPEN = "unspecified"
_MOST_OPEN_WORDS = 3
_PART = 4  # words


@dataclass(frozen=True)
class Side:
    """The side of one code; `family` is blank where no other code differs from it in the side only."""

    side: str | None = None
    family: int | None = None
    has_sides: bool = False
    has_bilateral: bool = False


def sides(titles: Iterable[tuple[str, str]]) -> dict[str, Side]:
    """The sides of codes given with their titles; codes of which nothing can be said are left out.

    A family shares category and wording without the side, wherever in the category its members stand: M17.0
    (bilateral) stands above M17.11 and M17.12. 7th characters are for the caller: he gives stems, except
    where the character is the side.
    """
    texts = [(code, title.lower()) for code, title in titles]
    named: dict[str, str] = {}
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    shorter: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    both = []
    for code, text in texts:
        side = named_side(text)
        if side in ("right", "left"):
            named[code] = side
            key = (code[:3], _wording(text))
            groups[key].append((code, side))
            for less in _without_part(text):
                shorter[code[:3], less].add(key)
        elif side == "bilateral":
            named[code] = side
            both.append((code, text))
    sided = frozenset(groups)
    for code, text in both:
        key = (code[:3], _wording(text))
        groups[(key if key in sided else _only(shorter.get(key, set()))) or key].append((code, "bilateral"))
    for code, text in texts:
        if code in named or _OPEN not in text:
            continue
        family = _only({key for less in _without_open(text) if (key := (code[:3], less)) in sided})
        if family is None and text.endswith(f", {_OPEN}"):
            # Only at the end is the word sure to mean the side: of "x, bilateral" and "x, unspecified".
            key = (code[:3], _wording(text.removesuffix(_OPEN)))
            family = key if key in groups else _only(shorter.get(key, set()))
        if family is None:
            # "x, unspecified extremity" beside "x, right leg", where no other part of the body is told apart.
            parts = [part for part in text.split(", ") if not part.startswith(f"{_OPEN} ")]
            family = _only(shorter.get((code[:3], _wording(" ".join(parts))), set()))
        if family is not None:
            named[code] = _OPEN
            groups[family].append((code, _OPEN))
    return _numbered(named, list(groups.values()))


def named_side(text: str) -> str | None:
    """right, left or bilateral as the lower case title says; none where it names both sides apart."""
    if not any(side in text for side in _SIDE_WORDS):
        return None
    words = set(_WORDS.findall(_NO_SIDE.sub(" ", text)))
    if {"right", "left"} <= words:
        return None
    return next((side for side in _SIDE_WORDS if side in words), None)


def _numbered(named: dict[str, str], groups: Sequence[Sequence[tuple[str, str]]]) -> dict[str, Side]:
    found = {code: Side(side) for code, side in named.items()}
    families = sorted(list(group) for group in groups if len({side for _, side in group}) > 1)
    for number, family in enumerate(families):
        present = {side for _, side in family}
        for code, side in family:
            found[code] = Side(side, number, {"right", "left"} <= present, "bilateral" in present)
    return found


def _wording(text: str) -> str:
    """The words that matter, without the side, each in the singular."""
    words = (word for word in _WORDS.findall(text) if word not in _FILLING and word not in _SIDE_WORDS)
    return " ".join(_singular(word) for word in words)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _without_part(text: str) -> Iterator[str]:
    """The wording without the part that carries the side: of "x, bilateral" and "x, right ear" alike."""
    parts = text.split(", ")
    # "right ear" is such a part; "right ear with restricted hearing on the contralateral side" says more.
    kept = [part for part in parts if named_side(part) is None or len(part.split()) > _PART]
    if kept and len(kept) < len(parts):
        yield _wording(" ".join(kept))


def _without_open(text: str) -> Iterator[str]:
    """The wordings that are left when one or more of the words "unspecified" are taken out."""
    words = _WORDS.findall(text)
    places = [place for place, word in enumerate(words) if word == _OPEN][-_MOST_OPEN_WORDS:]
    for count in range(1, len(places) + 1):
        for dropped in combinations(places, count):
            yield _wording(" ".join(word for place, word in enumerate(words) if place not in dropped))


def _only(found: set[tuple[str, str]]) -> tuple[str, str] | None:
    """The one that was found; nothing where there are several, for then it is not known which is meant."""
    return next(iter(found)) if len(found) == 1 else None
