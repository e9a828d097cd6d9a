"""Hold the envelopes of an interchange against their own counts and control numbers."""

from collections import Counter

_ENDS = {"SE": "ST", "GE": "GS", "IEA": "ISA"}
_NAMES = {"ST": "transaction", "GS": "functional group", "ISA": "interchange"}
_INSIDE = {"ISA": ("ISA", "GS", "ST"), "GS": ("GS", "ST"), "ST": ("ST",)}
# The element of the opening segment with the control number.
_CONTROL = {"ISA": 13, "GS": 6, "ST": 2}


def element(elements: list[str], number: int) -> str:
    """An element by its number, blank where the segment is shorter."""
    return elements[number].strip() if number < len(elements) else ""


class Envelope:
    """Follows ISA, GS, ST and their ends; `problems` counts what does not fit, by sentence."""

    def __init__(self) -> None:
        self.problems: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.control: dict[str, str] = {}
        self.version = ""  # GS08, or ST03 where it names one: 005010X222A1
        self._first: dict[str, int] = {}
        self._inside: Counter[str] = Counter()

    @property
    def path(self) -> str:
        """Control numbers of interchange, group and transaction: ISA13/GS06/ST02."""
        return "/".join(self.control.get(tag, "") for tag in ("ISA", "GS", "ST"))

    def open(self, tag: str, elements: list[str], number: int) -> None:
        for inner in _INSIDE[tag]:
            if inner in self.control:
                self._not_closed(inner)
        self.control[tag] = element(elements, _CONTROL[tag])
        self._first[tag] = number
        self.opened[tag] += 1
        if tag != "ISA":
            self._inside["ISA" if tag == "GS" else "GS"] += 1
            version = element(elements, 8 if tag == "GS" else 3)
            self.version = version or self.version
        self._inside[tag] = 0

    def close(self, tag: str, elements: list[str], number: int) -> None:
        begun = _ENDS[tag]
        for inner in _INSIDE[begun][1:]:
            if inner in self.control:
                self._not_closed(inner)
        name = _NAMES[begun]
        if begun not in self.control:
            self.problems[f"{tag} segments that close no {name}"] += 1
            return
        there = number - self._first[begun] + 1 if tag == "SE" else self._inside[begun]
        told = element(elements, 1)
        if not told.isdigit() or int(told) != there:
            what = "segments" if tag == "SE" else "transactions" if tag == "GE" else "functional groups"
            self.problems[f"{name}s whose {tag} segment tells another number of {what}"] += 1
        if element(elements, 2) != self.control[begun]:
            self.problems[f"{name}s whose {tag} segment has another control number"] += 1
        del self.control[begun]

    def end(self) -> None:
        """The file is over."""
        for tag in ("ST", "GS", "ISA"):
            if tag in self.control:
                self._not_closed(tag)

    def _not_closed(self, tag: str) -> None:
        end = next(end for end, begun in _ENDS.items() if begun == tag)
        self.problems[f"{_NAMES[tag]}s without their {end} segment"] += 1
        del self.control[tag]
