"""Blocks with known keys: which keys a place may have, which it must have, and the shape of their values."""

import re
from collections.abc import Collection, Iterable, Mapping

from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, shown

RULE_ID = re.compile(r"[A-Z]{2}[0-9]{3}")


def known_keys(
    node: Node,
    *,
    here: str,
    keys: Collection[str],
    required: Iterable[str] = (),
    later: Mapping[str, str] | Collection[str] = (),
    problems: Problems,
) -> dict[str, Node] | None:
    """The values of a block by key; None when the node is no block.

    Unknown keys are noted with the near miss, `later` ones as not available yet, missing ones as missing;
    a key that is unknown is not returned. `here` names the place in messages ("a rule", "there_is").
    """
    if not isinstance(node, Block):
        problems.add(
            "R007",
            f"{here} is written as `key: value` lines",
            fix=f"its keys are {listed(keys, 'and')}",
            at=node.span,
        )
        return None
    found: dict[str, Node] = {}
    for key, value in node:
        if key.text in keys:
            found[key.text] = value
        elif key.text in later:
            problems.add(
                "R020",
                f"{shown(key.text)} is not available yet",
                fix="it comes with a later version",
                at=key.span,
            )
        else:
            problems.add(
                "R005",
                f"{shown(key.text)} is not a key of {here}",
                fix=did_you_mean(key.text, keys, f"the keys are {listed(keys, 'and')}"),
                at=key.span,
            )
    for key_name in required:
        if key_name not in found:
            problems.add("R006", f'{here} has no "{key_name}"', fix=f"add the key {key_name}", at=node.span)
    return found


def read_text(node: Node, problems: Problems, *, key: str) -> str | None:
    """A text that is not blank, without the line break that `>` leaves at its end."""
    if not isinstance(node, Text):
        problems.add(
            "R007",
            f"{key} is one text",
            fix="write a text, in quotes if it begins with a bracket",
            at=node.span,
        )
        return None
    if node.blank or not node.text.strip():
        problems.add(
            "R006", f"{key} is empty", fix="write it, or remove the key if it is optional", at=node.span
        )
        return None
    return node.text.strip()


def read_texts(node: Node, problems: Problems, *, key: str) -> tuple[str, ...] | None:
    """A list of texts."""
    if not isinstance(node, Items):
        problems.add(
            "R007", f"{key} is a list", fix="write [a, b] or one item a line after `- `", at=node.span
        )
        return None
    texts = [read_text(item, problems, key=f"an item of {key}") for item in node]
    return None if None in texts else tuple(t for t in texts if t is not None)


def read_choice(
    node: Node, problems: Problems, *, key: str, words: Collection[str], later: Collection[str] = ()
) -> str | None:
    """One of a few words."""
    text = read_text(node, problems, key=key)
    if text is None or text in words:
        return text
    if text in later:
        problems.add(
            "R020", f"{key}: {text} is not available yet", fix=f"it is {listed(words)} for now", at=node.span
        )
    else:
        problems.add(
            "R008",
            f"{key} is never {shown(text)}",
            fix=did_you_mean(text, words, f"it is {listed(words)}"),
            at=node.span,
        )
    return None


def read_rule_id(node: Node, problems: Problems, *, known: Collection[str] | None = None) -> str | None:
    """A rule id; with `known`, one of a rule that exists."""
    text = read_text(node, problems, key="rule")
    if text is None:
        return None
    if not RULE_ID.fullmatch(text):
        problems.add(
            "R024",
            f"{shown(text)} is not a rule id",
            fix="an id is two capital letters and three digits: DX002",
            at=node.span,
        )
        return None
    if known is not None and text not in known:
        problems.add(
            "R030",
            f"there is no rule {text}",
            fix=did_you_mean(text, known, "see `validator rules list`"),
            at=node.span,
        )
        return None
    return text
