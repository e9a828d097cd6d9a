"""One rule file becomes one checked, frozen Rule, or the list of what is wrong with it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from validator.rules.conditions import read_condition
from validator.rules.logic import logic_hash
from validator.rules.message import read_message
from validator.rules.model import ALWAYS, CONFIDENCES, Condition, Grain, MessageCase, Rule, Status
from validator.rules.names import NAMES, TABLES
from validator.rules.nodes import Block, Node, Text, read_document
from validator.rules.parts import (
    read_denial_codes,
    read_examples,
    read_in_force,
    read_severity,
    read_sources,
    read_suggest,
)
from validator.rules.problems import Problems, Span, nearest_name, shown
from validator.rules.provider import (
    PROVIDER_KEYS,
    read_counted_row,
    read_counting,
    read_peers,
    read_provider,
)
from validator.rules.scope import Scope
from validator.rules.shapes import known_keys, read_choice, read_rule_id, read_text, read_texts
from validator.rules.values import read_truth

GRAINS: tuple[Grain, ...] = get_args(Grain)
# No rule needs them: rows of a day or a patient are held together by there_is with `same` and `equal`.
_GRAINS_LATER = ("claim_day", "patient")
STATUSES: tuple[Status, ...] = get_args(Status)
REQUIRED = (
    "rule",
    "title",
    "version",
    "status",
    "severity",
    "confidence",
    "why",
    "source",
    "check_each",
    "flag_when",
    "message",
)
KEYS = (
    *REQUIRED,
    "in_force",
    "denial_codes",
    "tags",
    "false_alarms",
    "needs",
    *PROVIDER_KEYS,
    "only_for",
    "suggest",
    "control",
    "examples",
)


@dataclass(frozen=True)
class RuleFile:
    """A rule with the file it came from and the place of each of its keys, for checks that come later."""

    rule: Rule
    name: str
    keys: Mapping[str, Span]

    def span(self, key: str) -> Span:
        """The key, or the rule's id where the rule does not have it."""
        return self.keys.get(key, self.keys["rule"])


def read_rule_file(
    path: Path, name: str, problems: Problems, *, value_sets: Collection[str] | None = None
) -> RuleFile | None:
    """The rule in a file; None with the problems noted. `name` is what messages call the file."""
    node = read_document(path, name, problems)
    if node is None:
        return None
    if isinstance(node, Text) and not node.text:
        problems.add_file("R006", "the file is empty", fix="write a rule, or delete the file", file=name)
        return None
    rule = read_rule(node, problems, value_sets=value_sets)
    if rule is None or not isinstance(node, Block):
        return None
    return RuleFile(rule, name, {key.text: key.span for key, _ in node})


def read_rule(node: Node, problems: Problems, *, value_sets: Collection[str] | None = None) -> Rule | None:
    """The rule that a document holds."""
    before = len(problems.found)
    keys = known_keys(node, here="a rule", keys=KEYS, required=REQUIRED, problems=problems)
    if not keys:
        return None
    rule = _Reader(keys, problems, value_sets).rule(node)
    return replace(rule, logic_hash=logic_hash(rule)) if len(problems.found) == before else None


class _Reader:
    """One rule while it is read; a part that is missing or wrong has been noted and stands as a blank."""

    def __init__(self, keys: dict[str, Node], problems: Problems, value_sets: Collection[str] | None) -> None:
        self._keys = keys
        self._problems = problems
        self._value_sets = value_sets

    def rule(self, node: Node) -> Rule:
        keys, problems = self._keys, self._problems
        grain = self._choice("check_each", GRAINS, later=_GRAINS_LATER)
        first, last = read_in_force(keys["in_force"], problems) if "in_force" in keys else (None, None)
        # Without a grain nobody can say which names fit, so conditions and message wait for it.
        row = read_counted_row(keys, grain, problems, rule=node) if grain else None
        counting = grain == "provider"
        scope = Scope(row, problems, self._value_sets, counting=counting) if row else None
        flag_when = self._flag_when(scope)
        carc, rarc = (
            read_denial_codes(keys["denial_codes"], scope) if scope and "denial_codes" in keys else ((), ())
        )
        suggest = read_suggest(keys["suggest"], scope) if scope and "suggest" in keys else None
        offers_codes = isinstance(keys.get("suggest"), Block)
        message: tuple[MessageCase, ...] = ()
        if scope and "message" in keys:
            message = read_message(keys["message"], scope, flag_when=flag_when, suggests=offers_codes)
        return Rule(
            rule_id=self._rule_id(),
            title=self._text("title"),
            version=self._version(),
            status=self._choice("status", STATUSES),  # type: ignore[arg-type]
            severity=read_severity(keys["severity"], scope) if scope and "severity" in keys else (),
            confidence=self._choice("confidence", CONFIDENCES),  # type: ignore[arg-type]
            why=" ".join(self._text("why").split()),
            sources=read_sources(keys["source"], problems) if "source" in keys else (),
            check_each=grain,  # type: ignore[arg-type]
            only_for=self._condition("only_for", scope, may_be_empty=True),
            flag_when=flag_when or ALWAYS,
            message=message,
            in_force_from=first,
            in_force_until=last,
            carc=carc,
            rarc=rarc,
            tags=self._texts("tags"),
            false_alarms=self._texts("false_alarms"),
            needs=self._needs(),
            suggest=suggest,
            count_each=row if counting else None,  # type: ignore[arg-type]
            provider=read_provider(keys["provider"], scope)
            if scope and counting and "provider" in keys
            else None,
            peers=read_peers(keys["peers"], scope) if scope and counting and "peers" in keys else None,
            control=self._truth("control"),
            examples=read_examples(keys["examples"], problems, self._value_sets)
            if "examples" in keys
            else (),
            place=keys["rule"].span.place if "rule" in keys else node.span.place,
        )

    def _rule_id(self) -> str:
        return (read_rule_id(self._keys["rule"], self._problems) if "rule" in self._keys else None) or ""

    def _text(self, key: str) -> str:
        return (read_text(self._keys[key], self._problems, key=key) if key in self._keys else None) or ""

    def _texts(self, key: str) -> tuple[str, ...]:
        return (read_texts(self._keys[key], self._problems, key=key) if key in self._keys else None) or ()

    def _choice(self, key: str, words: Collection[str], later: Collection[str] = ()) -> str:
        if key not in self._keys:
            return ""
        return read_choice(self._keys[key], self._problems, key=key, words=words, later=later) or ""

    def _version(self) -> int:
        node = self._keys.get("version")
        if node is None:
            return 0
        if isinstance(node, Text) and re.fullmatch("[1-9][0-9]{0,3}", node.text):
            return int(node.text)
        self._problems.add(
            "R014",
            "version is a whole number from 1",
            fix="begin with 1; raise it when the logic changes",
            at=node.span,
        )
        return 0

    def _truth(self, key: str) -> bool:
        node = self._keys.get(key)
        if node is None:
            return False
        if isinstance(node, Text):
            return bool(read_truth(node, self._problems))
        self._problems.add("R007", f"{key} is true or false", fix="write true or false", at=node.span)
        return False

    def _condition(self, key: str, scope: Scope | None, *, may_be_empty: bool = False) -> Condition:
        if scope is None or key not in self._keys:
            return ALWAYS
        return read_condition(self._keys[key], scope, key=key, may_be_empty=may_be_empty) or ALWAYS

    def _flag_when(self, scope: Scope | None) -> Condition | None:
        node = self._keys.get("flag_when")
        if scope is None or node is None:
            return None
        return read_counting(node, scope) if scope.counting else read_condition(node, scope, key="flag_when")

    def _needs(self) -> tuple[str, ...]:
        """Columns, facts or whole tables without which the rule is not evaluated."""
        needs = self._texts("needs")
        for text in needs:
            if text not in NAMES and text not in TABLES:
                self._problems.add(
                    "R009",
                    f"the rule needs {shown(text)}, which is neither a column nor a table",
                    fix=nearest_name(text, NAMES, "docs/rule-names.md lists the columns"),
                    at=self._keys["needs"].span,
                )
        return needs
