"""The table of all rules: those that run, that need a file, that are off, drafts and retired ones."""

from collections.abc import Collection, Iterable

from validator.rules.files_needed import files_needed, flags_without
from validator.rules.model import Rule
from validator.rules.problems import listed
from validator.rules.profile import RUNNING

_OPENING = """# Rules

Written from the rule files by `validator rules docs`.
"""
_OFF = "Off by default: the default profile leaves them out; a profile of your own may run them"
_SILENT = "never flags: what it cannot clear is not evaluated"
_PARTLY = "judges what it can, the rest is not evaluated"


def index_page(rules: Iterable[Rule], left_out: Collection[str] = ()) -> str:
    """All rules in groups, with a link to the page of each; `left_out` are ids that do not run."""
    by_status: dict[str, list[Rule]] = {status: [] for status in (*RUNNING, "off", "draft", "retired")}
    for rule in rules:
        off = rule.rule_id in left_out and rule.status in RUNNING
        by_status["off" if off else rule.status].append(rule)
    active = by_status["active"]
    groups = (
        (
            "Active: they run and their findings count",
            [rule for rule in active if not files_needed(rule)],
        ),
        (
            "Active, and in need of an official file that a user adds",
            [rule for rule in active if files_needed(rule)],
        ),
        (_OFF, by_status["off"]),
        ("Shadow: they run and are counted, and their findings are no risk yet", by_status["shadow"]),
        ("Draft: they do not run", by_status["draft"]),
        ("Retired: they do not run any more, and their ids are never used again", by_status["retired"]),
    )
    lines = [_OPENING.rstrip()]
    for heading, chosen in groups:
        lines += _group(heading, chosen, files=any(files_needed(rule) for rule in chosen))
    return "\n".join(lines) + "\n"


def _group(heading: str, rules: list[Rule], *, files: bool) -> list[str]:
    if not rules:
        return []
    columns = ["rule", "what is wrong", "checks each", "severity", "confidence", "examples"]
    columns += ["file", "without it"] if files else []
    head = ["", f"## {heading}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return [*head, *(_row(rule, files=files) for rule in rules)]


def _row(rule: Rule, *, files: bool) -> str:
    cells = [
        f"[{rule.rule_id}]({rule.rule_id}.md)",
        rule.title,
        rule.check_each,
        listed(dict.fromkeys(case.severity for case in rule.severity)),
        rule.confidence,
        str(len(rule.examples)),
    ]
    if files:
        needed = files_needed(rule)
        cells += [listed(needed, "and"), without_files(rule) if needed else ""]
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def without_files(rule: Rule) -> str:
    """What the rule does while its official files were not added."""
    return _PARTLY if flags_without(rule) else _SILENT
