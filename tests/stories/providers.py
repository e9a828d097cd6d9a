"""Who bills, renders and attends in the stories: made-up offices and facilities, all with right check digits."""

from dataclasses import dataclass


def npi(number: int) -> str:
    """A provider number that passes the check (45 CFR 162.406): 2, eight digits and Luhn's digit."""
    body = f"2{number:08d}"
    total = 24 + sum(int(d) * 2 - 9 * (int(d) > 4) if n % 2 == 0 else int(d) for n, d in enumerate(body))
    return body + str(-total % 10)


@dataclass(frozen=True)
class Provider:
    """An office or a facility: who bills, the person who renders or attends, tax number, taxonomy."""

    billing: str
    person: str
    tin: str
    taxonomy: str


def _provider(number: int, taxonomy: str) -> Provider:
    """The tax numbers begin with 00, which no company has been given."""
    return Provider(npi(number), npi(number + 50_000_000), f"00{number:07d}", taxonomy)


# What a story says after `by:` -> the office. Taxonomies are those of the public code set, numbers only.
OFFICES = {
    name: _provider(10_000_001 + 10 * place, taxonomy)
    for place, (name, taxonomy) in enumerate(
        {
            "family": "207Q00000X",
            "family-2": "207Q00000X",
            "internal": "207R00000X",
            "children": "208000000X",
            "women": "207V00000X",
            "heart": "207RC0000X",
            "cancer": "207RH0003X",
            "kidney": "207RN0300X",
            "nerves": "2084N0400X",
            "mind": "2084P0800X",
            "eye": "207W00000X",
            "ear": "207Y00000X",
            "skin": "207N00000X",
            "bones": "207X00000X",
            "surgeon": "208600000X",
            "urology": "208800000X",
            "gut": "207RG0100X",
            "lung": "207RP1001X",
            "emergency": "207P00000X",
            "anesthesia": "207L00000X",
            "images": "2085R0202X",
            "laboratory": "291U00000X",
            "therapy": "225100000X",
            "spine": "111N00000X",
            "foot": "213E00000X",
            "surgical-center": "261QA1903X",
            "ambulance": "341600000X",
            "equipment": "332B00000X",
            "behavior": "103K00000X",
            "home-care": "3747P1801X",
        }.items()
    )
}

# The first two characters of a type of bill -> the facilities that send it.
FACILITIES = {
    bill: tuple(_provider(20_000_001 + number, taxonomy) for number in numbers)
    for bill, numbers, taxonomy in (
        ("11", (0, 10), "282N00000X"),
        ("12", (0, 10), "282N00000X"),
        ("13", (0, 10), "282N00000X"),
        ("14", (0, 10), "282N00000X"),
        ("18", (20,), "282NC0060X"),
        ("21", (30,), "314000000X"),
        ("22", (30,), "314000000X"),
        ("32", (40,), "251E00000X"),
        ("71", (50,), "261QR1300X"),
        ("72", (60,), "261QE0700X"),
        ("77", (70,), "261QF0400X"),
        ("81", (80,), "251G00000X"),
        ("82", (80,), "251G00000X"),
        ("85", (20,), "282NC0060X"),
    )
}


def provider_of(patient: str, *, bill: str, by: str) -> Provider:
    """Who sends the claim: the office that the story names, or the one that the patient goes to.

    Two family offices and two hospitals share the patients by the last digit of their number, so that
    each of them has a peer.
    """
    even = int(patient[-1]) % 2 == 0
    if bill:
        facilities = FACILITIES[bill[:2]]
        return facilities[even % len(facilities)]
    return OFFICES[by or ("family-2" if even else "family")]
