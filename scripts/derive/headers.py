"""Which stems stand in the list as headers, release by release.

A release whose list some package carries is taken as it is. For the others the evidence of the nearest list
that knows the stem decides; a stem that no list knows is a header unless it ends in the placeholder X and
either has six characters or continues with X in every billable code below it. That rule, checked against
the official order files, is inference and is marked so.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from derive.lists import CodeList


@dataclass(frozen=True)
class Release:
    """One release of ICD-10-CM. `list_key` names the source that carries its list, blank where none does."""

    name: str
    valid_from: date
    valid_to: date
    list_key: str = ""


def stems_of(billable: frozenset[str]) -> dict[str, set[str]]:
    """Every proper prefix of at least three characters -> the characters that continue it."""
    stems: dict[str, set[str]] = defaultdict(set)
    for code in billable:
        for length in range(3, len(code)):
            stems[code[:length]].add(code[length])
    return stems


def headers_by_release(
    releases: tuple[Release, ...], billable: dict[str, frozenset[str]], lists: dict[str, CodeList]
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """(headers, headers that rest on the rule alone), each by release name."""
    known = {release.name: lists[release.list_key].headers for release in releases if release.list_key}
    stems = {release.name: stems_of(billable[release.name]) for release in releases}
    headers, inferred = dict(known), {release.name: frozenset[str]() for release in releases}
    for number, release in enumerate(releases):
        if release.name in known:
            continue
        nearest = sorted(
            (abs(number - other), releases[other].name)
            for other in range(len(releases))
            if releases[other].name in known
        )
        listed, guessed = set(), set()
        for stem, continues in stems[release.name].items():
            evidence = next((name for _, name in nearest if stem in stems[name]), None)
            if evidence is not None:
                if stem in known[evidence]:
                    listed.add(stem)
            elif not _only_holds_a_place(stem, continues):
                guessed.add(stem)
        headers[release.name] = frozenset(listed | guessed)
        inferred[release.name] = frozenset(guessed)
    return headers, inferred


def _only_holds_a_place(stem: str, continues: set[str]) -> bool:
    return stem.endswith("X") and (len(stem) == 6 or continues == {"X"})
