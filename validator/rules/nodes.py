"""YAML as nodes of text, lists and blocks that know their place; no value is guessed from its look.

PyYAML's own loaders turn `00100` into 64 and `no` into False and keep the last of two equal keys. Here
every scalar stays the text that was written, and a column's type says later what it means. Anchors,
aliases, tags and second documents are refused: a rule is read by people, from top to bottom.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from validator.rules.problems import Document, Problems, Span, shown

LARGEST_FILE = 256 * 1024
_DEEPEST = 24

# The C parser reads a rule in a tenth of a millisecond; PyYAML comes without it on some machines.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Text:
    """A scalar as written. `plain` is false for quoted text and for blocks after `>` or `|`."""

    text: str
    span: Span
    plain: bool = True

    @property
    def blank(self) -> bool:
        """Nothing is written, or what YAML calls null."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    span: Span

    def __iter__(self) -> Iterator["Node"]:
        return iter(self.items)


@dataclass(frozen=True)
class Block:
    """Keys and their values, in the order of the file; no key comes twice."""

    entries: tuple[tuple[Text, "Node"], ...]
    span: Span

    def __iter__(self) -> Iterator[tuple[Text, "Node"]]:
        return iter(self.entries)

    def get(self, key: str) -> "Node | None":
        return next((value for name, value in self.entries if name.text == key), None)


Node = Text | Items | Block


class _RefusedError(Exception):
    """The document cannot be read further; the problem has been noted."""


def read_document(path: Path, name: str, problems: Problems, *, private: bool = False) -> Node | None:
    """The one document of a file; None, with the problems noted, when it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            problems.add_file(
                "R001",
                f"the file is larger than {LARGEST_FILE // 1024} KiB",
                fix="one file holds one rule; long lists of codes belong in reference/valuesets",
                file=name,
            )
            return None
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.add_file(
            "R001", f"the file cannot be read: {error.strerror}", fix="check its permissions", file=name
        )
        return None
    except UnicodeDecodeError as error:
        problems.add_file(
            "R001", f"the file is not UTF-8 (byte {error.start + 1})", fix="save it as UTF-8", file=name
        )
        return None
    return read_text(text, name, problems, private=private)


def read_text(text: str, name: str, problems: Problems, *, private: bool = False) -> Node | None:
    """The one document of a text, as nodes."""
    document = Document(name, tuple(_LINE_BREAK.split(text)), private)
    composer = _Composer(document, problems)
    try:
        return composer.document(yaml.parse(text, Loader=_LOADER))
    except _RefusedError:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(document, mark.line + 1, mark.column + 1) if mark else Span(document, 1, 1)
        what, fix = _in_plain_words(error)
        problems.add("R002", what, fix=fix, at=span)
    except yaml.YAMLError:
        # The reader's error: a character that no YAML text may contain. Its message would show the
        # character and the internals of the parser.
        span = _first_bad_character(document)
        problems.add("R002", "a control character stands here", fix="delete the character", at=span)
    return None


def _first_bad_character(document: Document) -> Span:
    for number, line in enumerate(document.lines, start=1):
        found = re.search("[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", line)
        if found:
            return Span(document, number, found.start() + 1)
    return Span(document, 1, 1)


def _in_plain_words(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """What the parser met, for somebody who knows claims and not parsers, and what to do."""
    met = f"{error.context or ''} {error.problem or ''}"
    if "mapping values are not allowed" in met:
        return "a second colon on one line", "put the text in quotes: 'like: this'"
    if "quoted scalar" in met:
        return "the quotes are not closed", "close them on the line where the text ends"
    if "flow sequence" in met or "flow mapping" in met or "flow node" in met:
        return (
            "a bracket is not closed, or a text that begins with a bracket is not in quotes",
            "close [ with ] and { with }; write a message that begins with { in quotes",
        )
    if "cannot start any token" in met:
        return "a value cannot begin like this", "put the text in quotes; indent with spaces, not with tabs"
    if "expected" in met and ("block" in met or "key" in met or "indicator" in met):
        return "the indentation does not fit the lines above", "give keys of one block the same indentation"
    if "could not find expected ':'" in met:
        return "a key without a colon", "write `key: value`"
    return "this is not YAML", "compare with docs/rule-language.md"


class _Composer:
    """Builds nodes from parser events, without recursion in the parser and with a limit on depth."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self._document = document
        self._problems = problems

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                if root is not None:
                    self._refuse(
                        event, "a second document in one file", "one file holds one rule; remove `---`"
                    )
                root = self._node(event, events, 0)
        return root if root is not None else Text("", Span(self._document, 1, 1))

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        self._no_cleverness(event)
        span = self._span(event)
        if isinstance(event, yaml.ScalarEvent):
            return Text(event.value, span, plain=event.style in (None, ""))
        if depth >= _DEEPEST:
            self._refuse(
                event, "lists or blocks inside each other too deep", "a rule needs a few levels only"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(child := next(events), yaml.SequenceEndEvent):
                items.append(self._node(child, events, depth + 1))
            return Items(tuple(items), span)
        return self._block(span, events, depth)

    def _block(self, span: Span, events: Iterator[yaml.Event], depth: int) -> Block:
        entries: dict[str, tuple[Text, Node]] = {}
        while not isinstance(child := next(events), yaml.MappingEndEvent):
            key = self._node(child, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Text):
                self._problems.add(
                    "R007",
                    "a list or block stands where a key belongs",
                    fix="write `key: value`, or quote a text that begins with a bracket",
                    at=key.span,
                )
            elif key.text in entries:
                first = entries[key.text][0].span.line
                self._problems.add(
                    "R003",
                    f"{shown(key.text)} is given twice in one block; the first is on line {first}",
                    fix="keep one; for two conditions on one column, or two there_is, use items under `all:`",
                    at=key.span,
                )
            else:
                entries[key.text] = (key, value)
        return Block(tuple(entries.values()), span)

    def _no_cleverness(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                event, "a value that begins with *", "YAML aliases are not used here; quote or repeat it"
            )
        if getattr(event, "anchor", None) is not None:
            self._refuse(
                event, "a value that begins with &", "YAML anchors are not used here; quote the text"
            )
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "a value that begins with !", "YAML tags are not used here; quote the text")

    def _refuse(self, event: yaml.Event, what: str, fix: str) -> None:
        self._problems.add("R004", what, fix=fix, at=self._span(event))
        raise _RefusedError

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else _LONG
        if isinstance(event, yaml.CollectionStartEvent) and width <= 1:
            width = _LONG if event.flow_style is False else 1
        return Span(self._document, start.line + 1, start.column + 1, max(1, width))


# Wider than any line: the excerpt cuts it at the end of the first line.
_LONG = 10_000
