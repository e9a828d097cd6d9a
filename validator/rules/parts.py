"""The parts of a rule beside its condition: severity, sources, dates, denial codes, suggestion, examples."""

from collections.abc import Collection
from datetime import date
from typing import get_args

from validator.rules.conditions import read_condition
from validator.rules.given import read_given
from validator.rules.model import (
    OUTCOMES,
    SEVERITIES,
    Condition,
    Example,
    RemarkCase,
    SeverityCase,
    Source,
    Suggestion,
    SuggestKind,
)
from validator.rules.nodes import Items, Node, Text
from validator.rules.problems import Problems, listed, shown
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys, read_choice, read_text, read_texts
from validator.rules.values import read_date

_SUGGEST_LATER = ("icd10_of",)
SUGGEST_KINDS = tuple(kind for kind in get_args(SuggestKind) if kind not in _SUGGEST_LATER)
_CODE_FIELDS = ("diagnosis.code",)


def read_severity(node: Node, scope: Scope) -> tuple[SeverityCase, ...]:
    """One severity, or cases of which the first that holds decides; the last one has no condition."""
    problems = scope.problems
    if isinstance(node, Text):
        plain = read_choice(node, problems, key="severity", words=SEVERITIES)
        return (SeverityCase(None, plain),) if plain else ()  # type: ignore[arg-type]
    cases = []
    for keys in read_cases(node, "severity", problems):
        word = read_choice(keys["is"], problems, key="severity", words=SEVERITIES)
        when = read_case(keys["when"], scope) if "when" in keys else None
        if word and (when is not None or "when" not in keys):
            cases.append(SeverityCase(when, word))  # type: ignore[arg-type]
    return tuple(cases)


def read_case(node: Node, scope: Scope) -> Condition | None:
    """The condition of a case of severity, message or remark codes: about the judged row, and no other."""
    if scope.counting:
        what = "a case has a condition on one row, and a finding about a provider has none"
        scope.problems.add("R036", what, fix="write one severity, one message, one remark code", at=node.span)
        return None
    return read_condition(node, scope.without_row_search(), key="when")


def read_cases(node: Node, key: str, problems: Problems) -> list[dict[str, Node]]:
    """The `{when: ..., is: ...}` blocks of a list whose last one has no `when`; empty with problems noted."""
    if not isinstance(node, Items) or not node.items:
        one = "text" if key == "message" else "word"
        problems.add(
            "R007",
            f"{key} is one {one} or a list of cases",
            fix=f"write - {{when: {{column: value}}, is: {one}}}",
            at=node.span,
        )
        return []
    cases = []
    last = len(node.items) - 1
    for number, item in enumerate(node):
        # A bare word is a case without condition: [M76] says the same as [{is: M76}].
        keys: dict[str, Node] | None = {"is": item}
        if not isinstance(item, Text):
            keys = known_keys(
                item, here=f"a case of {key}", keys=("when", "is"), required=("is",), problems=problems
            )
        if keys is None or "is" not in keys:
            return []
        if ("when" in keys) == (number == last):
            what = (
                "the last case has a condition"
                if number == last
                else "a case before the last has no condition"
            )
            problems.add(
                "R023",
                f"{key}: {what}",
                fix="every case but the last has `when`; the last one holds for the rest",
                at=item.span,
            )
            return []
        cases.append(keys)
    return cases


def read_sources(node: Node, problems: Problems) -> tuple[Source, ...]:
    """The official texts that the rule rests on, each with the day on which somebody read it."""
    if not isinstance(node, Items) or not node.items:
        problems.add(
            "R007",
            "source is a list of at least one text",
            fix="write - {title: ..., section: ..., checked: 2026-02-10}",
            at=node.span,
        )
        return ()
    sources = []
    for item in node:
        keys = known_keys(
            item,
            here="a source",
            keys=("title", "section", "checked"),
            required=("title", "checked"),
            problems=problems,
        )
        if keys is None:
            continue
        title = read_text(keys["title"], problems, key="title") if "title" in keys else None
        section = read_text(keys["section"], problems, key="section") if "section" in keys else ""
        checked = _date(keys["checked"], problems, key="checked") if "checked" in keys else None
        if title and checked and section is not None:
            sources.append(Source(title, section, checked.isoformat()))
    return tuple(sources)


def _date(node: Node, problems: Problems, *, key: str) -> date | None:
    if isinstance(node, Text):
        return read_date(node, problems)
    problems.add("R007", f"{key} is one date", fix="write year-month-day, such as 2026-02-10", at=node.span)
    return None


def read_in_force(node: Node, problems: Problems) -> tuple[date | None, date | None]:
    """The first and the last day on which the rule holds, both included."""
    keys = known_keys(node, here="in_force", keys=("from", "until"), problems=problems)
    if not keys:
        if keys is not None:
            problems.add(
                "R016", "in_force is empty", fix="give from, until or both, or leave it out", at=node.span
            )
        return None, None
    first = _date(keys["from"], problems, key="from") if "from" in keys else None
    last = _date(keys["until"], problems, key="until") if "until" in keys else None
    if first and last and last < first:
        problems.add(
            "R026",
            "in_force ends before it begins",
            fix="until is the last day, from the first",
            at=keys["until"].span,
        )
    return first, last


def read_denial_codes(node: Node, scope: Scope) -> tuple[tuple[str, ...], tuple[RemarkCase, ...]]:
    """Claim adjustment reason codes, and remark codes by condition."""
    problems = scope.problems
    keys = known_keys(node, here="denial_codes", keys=("carc", "rarc"), problems=problems)
    if keys is None:
        return (), ()
    carc = read_texts(keys["carc"], problems, key="carc") if "carc" in keys else ()
    if "rarc" not in keys:
        return carc or (), ()
    rarc = keys["rarc"]
    if isinstance(rarc, Items) and not rarc.items:
        return carc or (), ()
    cases = []
    for case in read_cases(rarc, "rarc", problems):
        code = read_text(case["is"], problems, key="rarc")
        when = read_case(case["when"], scope) if "when" in case else None
        if code and (when is not None or "when" not in case):
            cases.append(RemarkCase(when, code))
    return carc or (), tuple(cases)


def read_suggest(node: Node, scope: Scope) -> Suggestion | None:
    """Which codes to offer, or a plain sentence."""
    problems = scope.problems
    if isinstance(node, Text):
        text = read_text(node, problems, key="suggest")
        return Suggestion(text=text) if text else None
    keys = known_keys(node, here="suggest", keys=SUGGEST_KINDS, later=_SUGGEST_LATER, problems=problems)
    if not keys:
        return None
    if len(keys) > 1:
        problems.add("R022", "suggest names two kinds of codes", fix="keep one", at=node.span)
        return None
    kind, of = next(iter(keys.items()))
    if scope.counting:
        what = "a finding about a provider has no code to suggest others for"
        problems.add("R036", what, fix="write a sentence, or leave suggest out", at=node.span)
        return None
    if not isinstance(of, Text):
        problems.add("R007", f"{kind} takes a column name", fix=f"write {kind}: diagnosis.code", at=of.span)
        return None
    found = scope.field(of)
    if found is None:
        return None
    if found[0].name not in _CODE_FIELDS:
        problems.add(
            "R022",
            f"{shown(of.text)} holds no diagnosis code",
            fix=f"suggest codes for {listed(_CODE_FIELDS)}",
            at=of.span,
        )
        return None
    return Suggestion(kind=kind, of=found[0])  # type: ignore[arg-type]


def read_examples(
    node: Node, problems: Problems, value_sets: Collection[str] | None = None
) -> tuple[Example, ...]:
    """The proofs of the rule. `given` stays as read; validator/rules/given.py has checked its names."""
    if not isinstance(node, Items):
        problems.add(
            "R007", "examples is a list", fix="write - {says: ..., given: ..., expect: flagged}", at=node.span
        )
        return ()
    examples = []
    for item in node:
        keys = known_keys(
            item,
            here="an example",
            keys=("says", "given", "expect"),
            required=("says", "given", "expect"),
            problems=problems,
        )
        if keys is None or len(keys) < 3:
            continue
        says = read_text(keys["says"], problems, key="says")
        expect = read_choice(keys["expect"], problems, key="expect", words=OUTCOMES)
        given = read_given(keys["given"], problems, value_sets)
        if says and expect and given is not None:
            examples.append(Example(says, given, expect, item.span.place))  # type: ignore[arg-type]
    return tuple(examples)
