"""Counts, sums, pairs and shares as English phrases."""

from validator.rules.model import DayTotal, Exists, Field, HowMany, ListedIn, Share, Total, YearsApart
from validator.rules.words import noun

PLURAL = {"diagnosis": "diagnoses", "line": "lines", "procedure": "procedures", "claim": "claims"}
_NUMBERS = {
    "less_than": "fewer than",
    "at_most": "at most",
    "more_than": "more than",
    "at_least": "at least",
    "equals": "exactly",
}
_OPPOSITE = {
    "less_than": "at_least",
    "at_most": "more_than",
    "more_than": "at_most",
    "at_least": "less_than",
}
_SUMS = {"less_than": "less than", "at_most": "at most", "more_than": "more than", "at_least": "at least"}


def counted(search: Exists, *, also: bool) -> str:
    """The beginning of a search with a count or a sum: "there are more than 3 other lines"."""
    other = "other " if also else ""
    if search.how_many:
        return _how_many(search.how_many, search.table, other, negated=search.negated)
    assert search.total is not None
    return _total(search.total, search.table, other, negated=search.negated)


def _how_many(count: HowMany, table: str, other: str, *, negated: bool) -> str:
    number = (
        f"{_NUMBERS[_OPPOSITE.get(count.operator, 'equals') if negated else count.operator]} {count.number}"
    )
    number = f"not {number}" if negated and count.operator == "equals" else number
    if count.of == "rows":
        return f"there are {number} {other}{PLURAL[table]}"
    found = f"another {table}" if other else f"a {table}"
    return f"on {number} {count.of} there is {found}"


def _total(total: Total, table: str, other: str, *, negated: bool) -> str:
    limit = noun(total.value) if isinstance(total.value, Field) else format(total.value, "f")
    comes = "does not come" if negated else "comes"
    held = f"{noun(total.of)} {comes} to {_SUMS[total.operator]} {limit}"
    return f"{held} together with that of every {other}{table}"


def years_apart(apart: YearsApart, of_the_other: str) -> str:
    """ "with its first day in the calendar year before ..."; `of_the_other` is the noun of its date."""
    least, most = apart.at_least, apart.at_most
    years = (
        f"{least} calendar year{'s' * (least != 1)}" if least == most else f"{least} to {most} calendar years"
    )
    return f"with {of_the_other} {years} {apart.direction} that of {noun(apart.from_field)}"


def pair(listing: ListedIn, left: str, right: str) -> str:
    """Which two codes are a pair of which table, in its order."""
    return f"where {left} and {right} are a pair of {listing.table}"


def share(share_: Share, row: str, that: str) -> str:
    """How large a share of the counted rows must be; what it is a share of comes last, it may be a list."""
    least = f"{format((share_.at_least * 100).normalize(), 'f')} %"
    peers = ""
    if share_.times_peers is not None:
        peers = f" and at least {format(share_.times_peers, 'f')} times the share among its peers"
    counted_rows = f"of {share_.minimum} or more {PLURAL[row]} counted"
    limit = "by the lower limit of the 95 % interval"
    return f"{counted_rows} at least {least} {limit}{peers} are such that {that}"


def day_total(total: DayTotal, row: str) -> str:
    """What is added up over the rows of one day, and the limit."""
    times = f" times {noun(total.times)}" if total.times else ""
    day = f"with one and the same {noun(total.day).removeprefix('the ')}"
    limit = format(total.more_than, "f")
    return f"{noun(total.of)}{times}, added up over the {PLURAL[row]} counted {day}, is more than {limit}"
