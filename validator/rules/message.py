"""Message templates: a sentence with `{table.column}` placeholders that the row of the finding fills."""

import re

from validator.rules.names import NAMES, readable
from validator.rules.nodes import Text
from validator.rules.problems import Problems, Span, nearest_name, shown
from validator.rules.shapes import read_text

# What the finding's suggestions offer to a message.
SUGGESTIONS = ("suggestions", "suggestions.total", "suggestions.meaning")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

# A message about one of many rows says which: at least one of these. A claim stands beside its message.
SUBJECTS = {
    "diagnosis": ("diagnosis.code", "diagnosis.code_as_sent"),
    "line": ("line.number",),
    "claim": (),
}


def placeholders(message: str) -> tuple[str, ...]:
    """The names in braces, in order, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(message)))


def read_message(node: Text, *, grain: str, suggests: bool, problems: Problems) -> str | None:
    """The template, each placeholder checked; None when it is blank or one does not fit."""
    message = read_text(node, problems, key="message")
    if message is None:
        return None
    before = len(problems.found)
    rest = _PLACEHOLDER.sub("", message)
    if "{" in rest or "}" in rest:
        problems.add("R021", "a brace in the message is not closed", fix="write {table.column}", at=node.span)
    for name in placeholders(message):
        span = _span_of(node, name)
        if name in SUGGESTIONS:
            if not suggests:
                problems.add(
                    "R021",
                    f"the message shows {{{name}}} and the rule suggests no codes",
                    fix="add suggest, or leave it out",
                    at=span,
                )
        elif name not in NAMES:
            fitting = [*(n for n, known in NAMES.items() if readable(known, grain)), *SUGGESTIONS]
            problems.add(
                "R021",
                f"the message shows {shown(name)}, which is no column",
                fix=nearest_name(name, fitting, "write {table.column}"),
                at=span,
            )
        elif not readable(NAMES[name], grain):
            problems.add(
                "R021",
                f"the message shows {shown(name)}, and a {grain} has many or none of it",
                fix="show a column of the row that is judged, or of its claim",
                at=span,
            )
    return message if len(problems.found) == before else None


def _span_of(node: Text, placeholder: str) -> Span:
    """The placeholder within the line, where the text stands on one line as written; else the whole text."""
    span = node.span
    lines = span.document.lines
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    wanted = "{" + placeholder + "}"
    found = line.find(wanted, span.column - 1)
    return Span(span.document, span.line, found + 1, len(wanted)) if found >= 0 else span
