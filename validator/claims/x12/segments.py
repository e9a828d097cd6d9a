"""Cut an X12 file into segments, with the separators that its own ISA segments name."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from validator.claims.streams import ClaimStream, encoding_of
from validator.errors import ClaimFileError, Place

CHUNK = 16 << 20
LONGEST_SEGMENT = 1 << 20
_ISA_ELEMENTS = 16


@dataclass(frozen=True)
class Separators:
    """Between elements, between the components of one, and after a segment (X12.5 and X12.6, ISA segment)."""

    element: str
    component: str
    segment: str


@dataclass(frozen=True)
class Segments:
    """Some segments; the first one is number `first` of the file. `cut` is what stands after the last one."""

    texts: list[str]
    separators: Separators
    first: int
    cut: str = ""


def segments(stream: ClaimStream) -> Iterator[Segments]:
    """The file in pieces of about 16 MB. Raises ClaimFileError where no separators can be told."""
    decoder = codecs.getincrementaldecoder(encoding_of(stream.head))(errors="windows-1252")
    rest, number, separators = "", 1, None
    while True:
        chunk = stream.read(CHUNK)
        last = len(chunk) < CHUNK
        text = rest + decoder.decode(chunk, final=last).replace("\0", " ")
        if separators is None:
            text = text.lstrip("\ufeff \t\r\n")
            separators = _separators(text, stream.name)
        while text:
            parts = text.split(separators.segment)
            other = _other_envelope(parts, separators)
            whole = [part.strip() for part in (parts[:-1] if other is None else parts[:other])]
            whole = [part for part in whole if part]
            if whole:
                yield Segments(whole, separators, number)
                number += len(whole)
            if other is None:
                text = parts[-1]
                break
            text = separators.segment.join(parts[other:]).lstrip()
            separators = _separators(text, stream.name)
        rest = text
        if len(rest) > LONGEST_SEGMENT:
            raise ClaimFileError(
                "has a segment that does not end",
                fix="Deliver it again as the clearinghouse sent it.",
                place=Place(stream.name, row=number),
            )
        if last:
            left = rest.strip()
            if left.startswith("IEA"):  # nothing is lost by a missing last terminator
                yield Segments([left], separators, number)
            elif left:
                yield Segments([], separators, number, cut=left)
            return


def _other_envelope(parts: list[str], separators: Separators) -> int | None:
    """Where an interchange with other separators begins among the parts, if one does."""
    for place, part in enumerate(parts):
        if "ISA" in part[:8] and part.lstrip().startswith("ISA") and place:
            text = part.lstrip()
            told = text[3:4], text[text.rfind(separators.element) + 1 :]
            if told != (separators.element, separators.component):
                return place
    return None


def _separators(text: str, name: str) -> Separators:
    """Those of the ISA segment that the text begins with; without one, the usual ones."""
    if text.startswith("ISA"):
        element = text[3:4]
        parts = text[:1000].split(element, _ISA_ELEMENTS) if element else []
        if len(parts) == _ISA_ELEMENTS + 1 and len(parts[-1]) >= 2:
            component, segment = parts[-1][0], parts[-1][1]
            if component == "~" and segment in "\r\n":  # the component separator was left out
                component, segment = ":", "~"
            if not (segment.isalnum() or segment == element):
                return Separators(element, component, segment)
    else:
        element = text[2:3]
        segment = next((mark for mark in "~\n\r" if mark in text), "")
        if element and segment and not element.isalnum():
            return Separators(element, ":" if ":" in text[:5000] else ">", segment)
    raise ClaimFileError(
        "is X12 without a sound ISA segment: its separators cannot be told",
        fix="Deliver it again as the clearinghouse sent it.",
        place=Place(name, row=1),
    )
