"""The tabular list in XML becomes tables: nodes with their parents, notes, and 7th characters."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import polars as pl

# Element of the XML -> the kind of note it holds. What is not named here is no note.
NOTE_KINDS = {
    "includes": "includes",
    "inclusionTerm": "inclusion_term",
    "notes": "note",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional_code",
    "codeAlso": "code_also",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "sevenChrNote": "seventh_character",
}

NODE_SCHEMA = {
    "node": pl.UInt32,
    "parent": pl.UInt32,
    "kind": pl.String,
    "name": pl.String,
    "code": pl.String,
    "title": pl.String,
}
NOTE_SCHEMA = {"node": pl.UInt32, "position": pl.UInt32, "kind": pl.String, "text": pl.String}
SEVENTH_SCHEMA = {"node": pl.UInt32, "position": pl.UInt32, "character": pl.String, "meaning": pl.String}


@dataclass(frozen=True)
class TabularList:
    """`nodes`: one row per chapter, section and code (`name` as printed, `code` without point, blank for the
    former two). `notes` and `sevenths`: one row per line, with the node they stand on; `position` keeps the
    order of the book. `reach`: node -> the nearest node at or above it that defines 7th characters."""

    nodes: pl.DataFrame
    notes: pl.DataFrame
    sevenths: pl.DataFrame
    reach: pl.DataFrame


@dataclass
class _Rows:
    nodes: list[tuple[object, ...]] = field(default_factory=list)
    notes: list[tuple[object, ...]] = field(default_factory=list)
    sevenths: list[tuple[object, ...]] = field(default_factory=list)
    reach: list[tuple[int, int]] = field(default_factory=list)

    def add(
        self, element: ElementTree.Element, parent: int | None, kind: str, name: str, governs: int | None
    ) -> None:
        """One node, and everything that stands on it and below it."""
        number = len(self.nodes)
        code = name.replace(".", "") if kind == "code" else None
        self.nodes.append((number, parent, kind, name, code, _text(element.find("desc"))))
        for child in element:
            if child.tag in NOTE_KINDS:
                for note in child.findall("note"):
                    self.notes.append((number, len(self.notes), NOTE_KINDS[child.tag], _text(note)))
            elif child.tag == "sevenChrDef":
                governs = number
                for note in child.findall("note"):
                    self.notes.append((number, len(self.notes), NOTE_KINDS["sevenChrNote"], _text(note)))
                for extension in child.findall("extension"):
                    self.sevenths.append(
                        (number, len(self.sevenths), extension.get("char"), _text(extension))
                    )
        if governs is not None and kind == "code":
            self.reach.append((number, governs))
        for below in element.findall("diag"):
            self.add(below, number, "code", _text(below.find("name")), governs)


def read_tabular(path: Path) -> TabularList:
    """The whole tabular list; its order is the order of the book."""
    rows = _Rows()
    for chapter in ElementTree.parse(path).getroot().iter("chapter"):
        number = len(rows.nodes)
        rows.add(chapter, None, "chapter", _text(chapter.find("name")), None)
        for section in chapter.findall("section"):
            rows.add(section, number, "section", section.get("id", ""), None)
    return TabularList(
        nodes=pl.DataFrame(rows.nodes, schema=NODE_SCHEMA, orient="row"),
        notes=pl.DataFrame(rows.notes, schema=NOTE_SCHEMA, orient="row"),
        sevenths=pl.DataFrame(rows.sevenths, schema=SEVENTH_SCHEMA, orient="row"),
        reach=pl.DataFrame(rows.reach, schema={"node": pl.UInt32, "governs": pl.UInt32}, orient="row"),
    )


def named_node(codes: pl.DataFrame, tabular: TabularList) -> pl.DataFrame:
    """code, node, title: the node that a code is, or whose stem it extends; codes without one are left out.

    A stem stands in the list without the placeholders at its end: T78.40XA extends T78.40.
    """
    nodes = tabular.nodes.filter(pl.col("code").is_not_null()).select("node", "title", name="code")
    whole, stem = pl.col("code"), pl.col("code").str.head(6)
    names = [whole, stem, *(stem.str.replace(f"X{{{count}}}$", "") for count in (1, 2, 3))]
    return (
        codes.select("code", name=pl.concat_list(names))
        .explode("name")
        .unique()
        .join(nodes, on="name")
        # The longest name that the list has is the one that is meant.
        .sort("code", pl.col("name").str.len_chars(), descending=[False, True])
        .unique("code", keep="first", maintain_order=True)
        .select("code", "node", "title", "name")
    )


def current_titles(tabular: TabularList, codes: pl.Series) -> pl.DataFrame:
    """code, title of every code that the tabular list names or that extends one of its nodes.

    A code with an added 7th character has the title of its stem and the meaning of the character.
    """
    found = named_node(pl.DataFrame({"code": codes}), tabular)
    as_named = (pl.col("name") == pl.col("code")) | (pl.col("code").str.len_chars() < 7)
    extended = (
        found.filter(~as_named)
        .join(tabular.reach, on="node")
        .with_columns(character=pl.col("code").str.slice(6))
        .join(tabular.sevenths.select("character", "meaning", governs="node"), on=["governs", "character"])
        .select("code", title=pl.col("title") + ", " + pl.col("meaning"))
    )
    return pl.concat([found.filter(as_named).select("code", "title"), extended]).sort("code")


def _text(element: ElementTree.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())
