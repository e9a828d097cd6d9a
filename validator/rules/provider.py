"""Rules that check each provider: which rows are counted, and the share or day total that is too large."""

import re
from decimal import Decimal

from validator.rules.conditions import read_condition
from validator.rules.model import Condition, DayTotal, Field, Share
from validator.rules.names import KIND_IN_WORDS, Kind, Name
from validator.rules.nodes import Block, Node, Text
from validator.rules.problems import Problems, listed, shown
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys, read_choice
from validator.rules.values import as_number

PROVIDER_KEYS = ("provider", "peers", "count_each")
COUNTED_ROWS = ("diagnosis", "line", "claim")
# Columns that name a provider, or whoever wrote the claims.
PROVIDER_COLUMNS = ("claim.billing_npi", "claim.attending_npi", "claim.biller_id", "line.rendering_npi")
_WORDS = ("share", "day_total")


def read_counted_row(keys: dict[str, Node], grain: str, problems: Problems, *, rule: Node) -> str | None:
    """The row that conditions are about: what is checked, or what is counted for each provider.

    None with the problem noted where nobody can say.
    """
    if grain != "provider":
        for key in PROVIDER_KEYS:
            if key in keys:
                what = f"{key} belongs to rules that check each provider"
                fix = f"remove it, or write check_each: provider instead of {grain}"
                problems.add("R036", what, fix=fix, at=keys[key].span)
        return grain
    for key, example in (("count_each", "count_each: claim"), ("provider", "provider: claim.billing_npi")):
        if key not in keys:
            what = f'a rule that checks each provider has no "{key}"'
            problems.add("R036", what, fix=f"add the key {key}, such as {example}", at=rule.span)
    if "count_each" not in keys:
        return None
    return read_choice(keys["count_each"], problems, key="count_each", words=COUNTED_ROWS)


def read_provider(node: Node, scope: Scope) -> Field | None:
    """The column by which rows belong to a provider."""
    found = _column(node, scope, "provider")
    if found is None:
        return None
    if found.name not in PROVIDER_COLUMNS:
        fix = f"it is {listed(PROVIDER_COLUMNS)}"
        what = f"{shown(found.name)} does not name a provider"
        scope.problems.add("R036", what, fix=fix, at=node.span)
        return None
    return found


def read_peers(node: Node, scope: Scope) -> Field | None:
    """The column by which providers are of one kind: only those are compared."""
    return _column(node, scope, "peers", kinds=("text", "word"))


def read_counting(node: Node, scope: Scope) -> Condition | None:
    """`flag_when` of a provider rule: `share` or `day_total` and nothing else."""
    problems = scope.problems
    if not isinstance(node, Block) or len(node.entries) != 1 or node.entries[0][0].text not in _WORDS:
        key = next((k for k, _ in node if k.text not in _WORDS), None) if isinstance(node, Block) else None
        what = "a provider is flagged by share or by day_total alone"
        fix = "conditions on the counted rows stand in only_for, or in `that` of share"
        problems.add("R036", what, fix=fix, at=key.span if key else node.span)
        return None
    key, body = node.entries[0]
    return _share(key, body, scope) if key.text == "share" else _day_total(key, body, scope)


def _share(key: Text, node: Node, scope: Scope) -> Share | None:
    required = ("that", "at_least", "minimum")
    parts = (*required, "times_peers")
    keys = known_keys(node, here="share", keys=parts, required=required, problems=scope.problems)
    if keys is None or any(part not in keys for part in required):
        return None
    that = read_condition(keys["that"], scope, key="that")
    least = _number(keys["at_least"], scope, "at_least", "a part of 1", "at_least: 0.30")
    if least is not None and not 0 < least <= 1:
        what = f"a share is never {format(least, 'f')}"
        fix = "write a part of 1, such as 0.30 for 30 percent"
        scope.problems.add("R014", what, fix=fix, at=keys["at_least"].span)
        least = None
    minimum = keys["minimum"]
    rows = (
        int(minimum.text)
        if isinstance(minimum, Text) and re.fullmatch("[1-9][0-9]{0,6}", minimum.text)
        else 0
    )
    if not rows:
        what = "minimum is a whole number of rows, at least 1"
        scope.problems.add("R014", what, fix="write digits: minimum: 50", at=minimum.span)
    times = None
    if "times_peers" in keys:
        times = _number(keys["times_peers"], scope, "times_peers", "a number above 1", "times_peers: 1.5")
        if times is not None and times <= 1:
            what = "times_peers is how many times the share of the peers, and so above 1"
            scope.problems.add("R014", what, fix="write times_peers: 1.5", at=keys["times_peers"].span)
            times = None
    if that is None or least is None or not rows or ("times_peers" in keys and times is None):
        return None
    return Share(that, least, rows, times, key.span.place)


def _day_total(key: Text, node: Node, scope: Scope) -> DayTotal | None:
    required = ("of", "day", "more_than")
    parts = (*required, "times")
    keys = known_keys(node, here="day_total", keys=parts, required=required, problems=scope.problems)
    if keys is None or any(part not in keys for part in required):
        return None
    of = _column(keys["of"], scope, "of", kinds=("number",))
    times = _column(keys["times"], scope, "times", kinds=("number",)) if "times" in keys else None
    day = _column(keys["day"], scope, "day", kinds=("date",))
    more = _number(keys["more_than"], scope, "more_than", "a number", "more_than: 960")
    if of is None or day is None or more is None or ("times" in keys and times is None):
        return None
    return DayTotal(of, times, day, more, key.span.place)


def _number(node: Node, scope: Scope, key: str, wanted: str, example: str) -> Decimal | None:
    found = as_number(node.text, whole=False) if isinstance(node, Text) else None
    if found is None or found < 0:
        scope.problems.add("R014", f"{key} is {wanted}", fix=f"write {example}", at=node.span)
        return None
    return Decimal(found)


def _column(node: Node, scope: Scope, key: str, *, kinds: tuple[Kind, ...] = ()) -> Field | None:
    """A column of the counted row, of one of these kinds."""
    if not isinstance(node, Text):
        scope.problems.add("R007", f"{key} takes a column name", fix="write table.column", at=node.span)
        return None
    found = scope.field(node)
    if found is None:
        return None
    field, name = found
    if kinds and name.kind not in kinds:
        what = f"{key} takes {listed(KIND_IN_WORDS[kind] for kind in kinds)}, and {_is(name)}"
        scope.problems.add("R013", what, fix="name another column", at=node.span)
        return None
    return field


def _is(name: Name) -> str:
    return f"{name.name} is {KIND_IN_WORDS[name.kind]}"
