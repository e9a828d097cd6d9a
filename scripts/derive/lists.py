"""The lists of codes, headers and titles that packages carry for single releases."""

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

_CODE = re.compile(r"[A-Z][0-9A-Z]{2,6}")


@dataclass(frozen=True)
class CodeList:
    """What stands in one release: headers, billable codes, and titles where the list has them."""

    headers: frozenset[str]
    billable: frozenset[str]
    titles: dict[str, str] = field(default_factory=dict)


def order_file(content: bytes) -> CodeList:
    """The order file of CMS: fixed columns, number, code, 0 or 1, short title, long title."""
    headers, billable, titles = set(), set(), {}
    for line in content.decode("utf-8").splitlines():
        code = line[6:14].strip()
        (billable if line[14] == "1" else headers).add(code)
        titles[code] = line[77:].strip()
    return CodeList(frozenset(headers), frozenset(billable), titles)


def order_database(content: bytes) -> CodeList:
    """The same order file, kept in SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes.db"
        path.write_bytes(content)
        connection = sqlite3.connect(path)
        rows = connection.execute("select code, billable, long_name from cm_codes order by code").fetchall()
        connection.close()
    return CodeList(
        frozenset(code for code, is_billable, _ in rows if not is_billable),
        frozenset(code for code, is_billable, _ in rows if is_billable),
        {code: title for code, _, title in rows},
    )


def plain_list(content: bytes) -> CodeList:
    """A list of codes without flags, chapters and sections included: what nothing extends is billable."""
    codes = set()
    for line in content.decode("utf-8").split():
        code = line.replace(".", "")
        if _CODE.fullmatch(code):
            codes.add(code)
    headers = {code[:length] for code in codes for length in range(3, len(code))} & codes
    return CodeList(frozenset(headers), frozenset(codes - headers))


def tree(content: bytes) -> CodeList:
    """A nested tree: leaves are billable, inner nodes headers. Its titles are shortened."""
    headers, billable, titles = set(), set(), {}
    waiting = [json.loads(content)["tree"]]
    while waiting:
        node = waiting.pop()
        below = node.get("children") or []
        waiting.extend(below)
        code = node["id"].replace(".", "")
        if _CODE.fullmatch(code):
            (headers if below else billable).add(code)
            titles[code] = node.get("description", "").strip()
    return CodeList(frozenset(headers), frozenset(billable), titles)


@dataclass(frozen=True)
class Tabular:
    """The tabular list: a title for each node, and the 7th characters that reach it (blank where none do)."""

    titles: dict[str, str]
    sevenths: dict[str, dict[str, str]]

    def title(self, code: str) -> str:
        """The title of a node, or of a stem with its 7th character put on."""
        if code in self.titles:
            return self.titles[code]
        stem = self.governing(code)
        if len(code) == 7 and stem:
            meaning = self.sevenths[stem].get(code[6])
            return f"{self.titles[stem]}, {meaning}" if meaning else ""
        return ""

    def governing(self, code: str) -> str:
        """The node that a 7-character code extends: its first six characters without placeholders."""
        stem = code[:6]
        while stem not in self.titles and stem.endswith("X"):
            stem = stem[:-1]
        return stem if stem in self.titles else ""

    def takes_seventh(self, code: str) -> bool:
        """Whether the nearest node above a 7-character code permits its last one as 7th character."""
        for length in range(6, 2, -1):
            if code[:length] in self.titles:
                return code[6] in self.sevenths[code[:length]]
        return False


def tabular(content: bytes) -> Tabular:
    """The official tabular list in XML."""
    result = Tabular({}, {})
    for section in ElementTree.fromstring(content).iter("section"):
        for diagnosis in section.findall("diag"):
            for code, title, sevenths in _nodes(diagnosis, {}):
                result.titles[code] = title
                result.sevenths[code] = sevenths
    return result


def _nodes(node: ElementTree.Element, inherited: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    own = node.find("sevenChrDef")
    if own is not None:
        inherited = {
            item.get("char", ""): " ".join((item.text or "").split()) for item in own.findall("extension")
        }
    title = " ".join((node.findtext("desc") or "").split())
    yield (node.findtext("name") or "").replace(".", ""), title, inherited
    for below in node.findall("diag"):
        yield from _nodes(below, inherited)
