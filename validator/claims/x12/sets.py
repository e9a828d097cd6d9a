"""Tell X12 from other text, and which transactions it holds."""

import re

_BEGINS = re.compile(rb"ISA[^\w\s]|GS[^\w\s][A-Z]{2}[^\w\s]|ST[^\w\s]\d{3}[^\w\s]")
_SET = re.compile(rb"(?:^|[^\w\s]|[\r\n])\s*ST[^\w\s](\d{3})[^\w\s]")

# Transaction set (ST01) -> what it is, for those that come along with claims.
NAMES = {
    "270": "an eligibility inquiry",
    "271": "an eligibility answer",
    "276": "a claim status inquiry",
    "277": "a claim status answer",
    "278": "an authorization of services",
    "820": "a premium payment",
    "834": "an enrollment",
    "835": "a remittance",
    "997": "an acknowledgment",
    "999": "an acknowledgment",
}


def is_x12(text: bytes) -> bool:
    """Whether the text begins like an interchange, a group or a transaction."""
    return bool(_BEGINS.match(text))


def what_else(head: bytes) -> str:
    """What the file is where it holds no 837, blank where it holds one; `head` are its first bytes."""
    sets = [found.decode() for found in _SET.findall(head)]
    if "837" in sets:
        return ""
    if not sets:
        return "an X12 interchange without any transaction"
    return f"an X12 {sets[0]}: {NAMES.get(sets[0], 'another kind of message')}, not a claim"
