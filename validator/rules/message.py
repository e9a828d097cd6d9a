"""Message templates: a sentence with `{table.column}` placeholders that the row of the finding fills."""

import re

from validator.rules.model import Condition, DayTotal, MessageCase, Share
from validator.rules.names import NAMES, names_of, readable
from validator.rules.nodes import Node, Text
from validator.rules.parts import read_case, read_cases
from validator.rules.problems import Problems, Span, listed, nearest_name, shown
from validator.rules.reads import found_search
from validator.rules.scope import OTHER, Scope
from validator.rules.shapes import read_text

# What the finding's suggestions offer to a message.
SUGGESTIONS = ("suggestions", "suggestions.total", "suggestions.meaning")
# What a finding about a provider says: whose it is, and the share or the day that is too large.
PROVIDER = ("provider.id",)
SHARE = ("share.percent", "share.low_percent", "share.peers_percent", "share.count", "share.rows")
DAY = ("day", "day.total")
# What the row that a search found adds: the note that lists the pair, and the title of its code.
NOTE = "listed.note"
OTHER_TITLE = "other.title"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

# A message about one of many rows says which: at least one of these. A claim stands beside its message.
SUBJECTS = {
    "diagnosis": ("diagnosis.code", "diagnosis.code_as_sent"),
    "line": ("line.number",),
    "claim": (),
    "provider": PROVIDER,
}


def placeholders(message: str) -> tuple[str, ...]:
    """The names in braces, in order, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(message)))


def read_message(
    node: Node, scope: Scope, *, flag_when: Condition | None, suggests: bool
) -> tuple[MessageCase, ...]:
    """One template, or cases of which the first that holds speaks; the last one has no condition.

    `flag_when` is None where it could not be read; then nobody can say what a search would find.
    """
    if isinstance(node, Text):
        plain = _read_template(node, scope, flag_when=flag_when, suggests=suggests)
        return (MessageCase(None, plain),) if plain else ()
    cases = []
    for keys in read_cases(node, "message", scope.problems):
        text = _read_template(keys["is"], scope, flag_when=flag_when, suggests=suggests)
        when = read_case(keys["when"], scope) if "when" in keys else None
        if text and (when is not None or "when" not in keys):
            cases.append(MessageCase(when, text))
    return tuple(cases)


def _read_template(node: Node, scope: Scope, *, flag_when: Condition | None, suggests: bool) -> str | None:
    """The template, each placeholder checked; None when it is blank or one does not fit."""
    problems = scope.problems
    message = read_text(node, problems, key="message")
    if message is None or not isinstance(node, Text):
        return None
    before = len(problems.found)
    rest = _PLACEHOLDER.sub("", message)
    if "{" in rest or "}" in rest:
        problems.add("R021", "a brace in the message is not closed", fix="write {table.column}", at=node.span)
    for name in placeholders(message):
        span = _span_of(node, name)
        if scope.counting:
            _of_provider(name, flag_when, problems, span)
        elif name in SUGGESTIONS:
            if not suggests:
                problems.add(
                    "R021",
                    f"the message shows {{{name}}} and the rule suggests no codes",
                    fix="add suggest, or leave it out",
                    at=span,
                )
        elif name == NOTE or name.startswith(OTHER):
            _of_search(name, flag_when, problems, span)
        else:
            _of_row(name, scope.grain, problems, span)
    return message if len(problems.found) == before else None


def _of_row(name: str, grain: str, problems: Problems, span: Span) -> None:
    """A column of the row that is judged, or of its claim."""
    if name not in NAMES:
        fitting = [*names_of(grain), *SUGGESTIONS]
        what = f"the message shows {shown(name)}, which is no column"
        problems.add("R021", what, fix=nearest_name(name, fitting, "write {table.column}"), at=span)
    elif not readable(NAMES[name], grain) or NAMES[name].counted_only:
        what = f"the message shows {shown(name)}, and a {grain} has many or none of it"
        fix = "show a column of the row that is judged, or of its claim"
        problems.add("R021", what, fix=fix, at=span)


def _of_search(name: str, flag_when: Condition | None, problems: Problems, span: Span) -> None:
    """What the first there_is of flag_when found: its columns, its title, the note that lists the pair."""
    if flag_when is None:
        return
    search = found_search(flag_when)
    if search is None or (name == NOTE and search.listed_in is None):
        wanted = "there_is" if search is None else "listed_in"
        what = f"the message shows {{{name}}} and flag_when has no {wanted} that finds it"
        fix = "it shows the row found by the first there_is that has to hold; there_is_no finds none"
        if search is not None:
            fix = "it shows the note that lists the pair of the first there_is"
        problems.add("R021", what, fix=fix, at=span)
        return
    if name == NOTE or (name == OTHER_TITLE and search.table == "diagnosis"):
        return
    rest = name.removeprefix(OTHER)
    known = NAMES.get(rest if "." in rest else f"{search.table}.{rest}")
    own = f"{search.table}."
    if known is None or rest.startswith(own):
        fitting = [OTHER + n.removeprefix(own) for n in names_of(search.table) if not NAMES[n].fact]
        what = f"the message shows {shown(name)}, which is no column of the other {search.table}"
        problems.add("R021", what, fix=nearest_name(name, fitting, "write {other.column}"), at=span)
    elif known.fact or known.counted_only or known.row not in ("claim", search.table):
        what = f"the message shows {shown(name)}, and the other {search.table} carries no such column"
        fix = "show a column of the row that there_is found, or of its claim"
        problems.add("R021", what, fix=fix, at=span)


def _of_provider(name: str, flag_when: Condition | None, problems: Problems, span: Span) -> None:
    """What can be said of a provider: the numbers of its share, or the day and its total."""
    share = SHARE if flag_when is None or isinstance(flag_when, Share) else ()
    day = DAY if flag_when is None or isinstance(flag_when, DayTotal) else ()
    fitting = (*PROVIDER, *share, *day)
    if name in fitting:
        return
    fix = f"it can show {listed(f'{{{word}}}' for word in fitting)}"
    problems.add("R021", f"the message shows {shown(name)}, and a provider has none", fix=fix, at=span)


def _span_of(node: Text, placeholder: str) -> Span:
    """The placeholder within the line, where the text stands on one line as written; else the whole text."""
    span = node.span
    lines = span.document.lines
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    wanted = "{" + placeholder + "}"
    found = line.find(wanted, span.column - 1)
    return Span(span.document, span.line, found + 1, len(wanted)) if found >= 0 else span
