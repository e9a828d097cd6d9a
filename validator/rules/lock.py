"""rules.lock: version and hash of every rule's logic, so that logic cannot move under the same version."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from validator.rules.folder import RuleFolder
from validator.rules.logic import HASH_LENGTH
from validator.rules.model import Rule
from validator.rules.nodes import Block, Items, Node, Text, read_document
from validator.rules.problems import Problem, Problems, Span
from validator.rules.shapes import RULE_ID

LOCK = "rules.lock"
_HEAD = (
    "# Written by `validator rules lock`: version and hash of the logic of every rule that is not a draft.\n"
)
_FORMS = {
    "rule": RULE_ID,
    "version": re.compile("[1-9][0-9]{0,3}"),
    "logic": re.compile(f"[0-9a-f]{{{HASH_LENGTH}}}"),
}


@dataclass(frozen=True)
class Locked:
    """What the lock says about one rule."""

    version: int
    logic: str
    span: Span


def read_lock(folder: RuleFolder, problems: Problems) -> dict[str, Locked]:
    """The lock by rule id; empty when there is none yet."""
    path = folder.path / LOCK
    if not path.is_file():
        return {}
    node = read_document(path, f"{folder.label}/{LOCK}", problems)
    return _entries(node, problems) if node else {}


def _entries(node: Node, problems: Problems) -> dict[str, Locked]:
    if isinstance(node, Text) and node.blank:
        return {}
    mend = "restore the file from version control, or delete it and run `validator rules lock`"
    if not isinstance(node, Items):
        problems.add("R205", "the lock is no list of rules", fix=mend, at=node.span)
        return {}
    entries: dict[str, Locked] = {}
    for item in node:
        entry = {key.text: _text_of(value) for key, value in item} if isinstance(item, Block) else {}
        whole = entry.keys() == _FORMS.keys() and all(_FORMS[key].fullmatch(entry[key]) for key in entry)
        if not whole or entry["rule"] in entries:
            problems.add("R205", "the entry is damaged", fix=mend, at=item.span)
        else:
            entries[entry["rule"]] = Locked(int(entry["version"]), entry["logic"], item.span)
    return entries


def _text_of(node: Node) -> str:
    return node.text if isinstance(node, Text) else ""


def compare_with_lock(folder: RuleFolder, locked: Mapping[str, Locked]) -> list[Problem]:
    """What moved against the lock without a word: R201 to R203; and what the lock does not know yet: R204."""
    if not locked:
        what = "no version of a rule is locked yet"
        return [Problem("R204", what, "run `validator rules lock`", file=f"{folder.label}/{LOCK}")]
    found = []
    files = {rule_id: file for rule_id, file in folder.files.items() if file.rule.status != "draft"}
    for rule_id, file in files.items():
        rule, before = file.rule, locked.get(rule_id)
        at = file.span("version")
        if before is None:
            found.append(Problem("R204", f"{rule_id} is not in {LOCK} yet", "run `validator rules lock`", at))
        elif rule.version < before.version:
            what = f"{rule_id} had version {before.version} and now has {rule.version}"
            found.append(Problem("R202", what, f"write a version from {before.version} on", at))
        elif rule.version == before.version and rule.logic_hash != before.logic:
            what = f"the logic of {rule_id} is not that of version {before.version} any more"
            fix = f"write version: {before.version + 1}, or take the change back"
            found.append(Problem("R201", what, fix, at))
        elif rule.version > before.version:
            what = f"{LOCK} knows version {before.version} of {rule_id}"
            found.append(Problem("R204", what, "run `validator rules lock`", at))
    for rule_id, before in locked.items():
        if rule_id not in files:
            draft = rule_id in folder.files
            what = f"{rule_id} was in use and {'is a draft again' if draft else 'is gone'}"
            fix = "keep its file with status: retired; its id is never used again"
            found.append(Problem("R203", what, fix, before.span))
    return found


def lock_text(rules: Iterable[Rule]) -> str:
    """The lock as it is written: one line a rule, in order of id."""
    kept = sorted((rule for rule in rules if rule.status != "draft"), key=lambda rule: rule.rule_id)
    lines = [f"- {{rule: {r.rule_id}, version: {r.version}, logic: {r.logic_hash}}}\n" for r in kept]
    return _HEAD + "".join(lines)


def write_lock(folder: RuleFolder) -> bool:
    """Bring the lock up to date; whether it changed. Raises when logic moved under its version."""
    problems = Problems()
    locked = read_lock(folder, problems)
    problems.found += [p for p in compare_with_lock(folder, locked) if p.code != "R204"]
    problems.raise_all()
    path = folder.path / LOCK
    text = lock_text(folder.rules)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    # Written beside and renamed, so that an interruption leaves the old lock whole.
    beside = path.with_name(f".{LOCK}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
    return True
