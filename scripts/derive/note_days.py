"""Since when a note of the tabular list is known to have stood, from the lists that packages carry."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from validator.reference.notes.citations import cited
from validator.reference.notes.rules import RuleKey, rule_key
from validator.reference.tabular import read_tabular

# The notes that pairs of codes are made of.
KINDS = ("excludes1", "excludes2", "code_first")


def note_days(lists: Sequence[tuple[date, bytes]]) -> list[tuple[object, ...]]:
    """kind, stands_on, names, valid_from of each rule of the last list that the first list has not.

    `lists`: the first day for which each list is taken, and its XML, oldest first. A rule counts from the
    list since which every list has it. What the first list has may have stood before: its beginning is left
    open. Rules that the last list no longer has are left out.
    """
    found = [(day, rules(content)) for day, content in lists]
    rows: list[tuple[object, ...]] = []
    for key in found[-1][1]:
        since = None
        for day, keys in reversed(found):
            if key not in keys:
                break
            since = day
        if since != found[0][0]:
            rows.append((*key, since))
    return sorted(rows, key=str)


def rules(content: bytes) -> frozenset[RuleKey]:
    """Every reference of every note of these kinds in one tabular list."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tabular.xml"
        path.write_bytes(content)
        tabular = read_tabular(path)
    nodes = {node: (kind, name) for node, kind, name in tabular.nodes.select("node", "kind", "name").rows()}
    return frozenset(
        rule_key(kind, *nodes[node], citation)
        for node, kind, text in tabular.notes.select("node", "kind", "text").rows()
        if kind in KINDS
        for citation in cited(text)
    )
