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
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
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
        span, what, fix = _in_plain_words(error, document)
        problems.add("R002", what, fix=fix, at=span)
    except (yaml.YAMLError, UnicodeEncodeError):
        # A character that no YAML text may contain. The error itself would show the character and the
        # internals of the parser.
        span = _first_bad_character(document)
        problems.add("R002", "a control character stands here", fix="delete the character", at=span)
    return None


def _first_bad_character(document: Document) -> Span:
    for number, line in enumerate(document.lines, start=1):
        found = re.search("[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", line)
        if found:
            return Span(document, number, found.start() + 1)
    return Span(document, 1, 1)


def _in_plain_words(error: yaml.MarkedYAMLError, document: Document) -> tuple[Span, str, str]:
    """Where, what and what to do, for somebody who knows claims and not parsers."""
    met = f"{error.context or ''} {error.problem or ''}"
    here = _span_of_mark(error.problem_mark or error.context_mark, document)
    # Where something was opened and never closed, the opening says more than the end of the file.
    opened = _span_of_mark(error.context_mark or error.problem_mark, document)
    line = document.lines[here.line - 1] if here.line <= len(document.lines) else ""
    if "mapping values are not allowed" in met:
        if len(re.findall(r":(?:\s|$)", line)) > 1:
            return here, "a second colon on one line", "put the text in quotes: 'like: this'"
        return (
            here,
            "a key stands below a line that has a value",
            "give keys of one block the same indentation",
        )
    if "quoted scalar" in met:
        return opened, "the quotes are not closed", "close them on the line where the text ends"
    if "expected ':'" in met:
        return opened, "a key without a colon", "write `key: value`"
    if "expected" in met and re.search(r"^[^'\"]*: *[\[{].*[\]}] *[^ #]", line):
        return (
            here,
            "text goes on after a closing bracket",
            "write a text that begins with a bracket in quotes",
        )
    if "while parsing a flow" in met:
        fix = "close [ with ] and { with }, or put a text that begins with one in quotes"
        return opened, "a bracket is not closed", fix
    if "cannot start any token" in met:
        fix = "put the text in quotes; indent with spaces, not with tabs"
        return here, "a value cannot begin like this", fix
    if "expected" in met:
        return (
            here,
            "the indentation does not fit the lines above",
            "give keys of one block the same indentation",
        )
    return here, "this is not YAML", "compare with docs/rule-language.md"


def _span_of_mark(mark: yaml.Mark | None, document: Document) -> Span:
    return Span(document, mark.line + 1, mark.column + 1) if mark else Span(document, 1, 1)


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
        if isinstance(event, yaml.ScalarEvent):
            if _CONTROL.search(event.value):
                # Quoted text may hold "\x1b", which would act on the terminal that shows a message.
                self._refuse(event, "the text holds a control character", "delete it", code="R002")
            return Text(event.value, self._span(event), plain=event.style in (None, ""))
        if depth >= _DEEPEST:
            self._refuse(
                event, "lists or blocks stand too deep inside each other", "a rule needs a few levels only"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(child := next(events), yaml.SequenceEndEvent):
                items.append(self._node(child, events, depth + 1))
            return Items(tuple(items), self._span(event, child))
        return self._block(event, events, depth)

    def _block(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Block:
        entries: dict[str, tuple[Text, Node]] = {}
        while not isinstance(child := next(events), yaml.MappingEndEvent):
            key = self._node(child, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Text):
                what = "a list or block stands where a key belongs"
                fix = "write `key: value`, or put a text that begins with a bracket in quotes"
                self._problems.add("R007", what, fix=fix, at=key.span)
                raise _RefusedError
            if key.text in entries:
                first = entries[key.text][0].span.line
                self._problems.add(
                    "R003",
                    f"{shown(key.text)} is given twice in one block; the first is on line {first}",
                    fix="keep one; for two conditions on one column, or two there_is, use items under `all:`",
                    at=key.span,
                )
            else:
                entries[key.text] = (key, value)
        return Block(tuple(entries.values()), self._span(event, child))

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

    def _refuse(self, event: yaml.Event, what: str, fix: str, *, code: str = "R004") -> None:
        self._problems.add(code, what, fix=fix, at=self._span(event))
        raise _RefusedError

    def _span(self, event: yaml.Event, last: yaml.Event | None = None) -> Span:
        """From the first mark of the event to its end, or to that of the last event of a list or block."""
        start, end = event.start_mark, (last or event).end_mark
        if start is None or end is None:  # PyYAML marks every event that it reads from text
            return Span(self._document, 1, 1, 1)
        width = end.column - start.column if end.line == start.line else _LONG
        return Span(self._document, start.line + 1, start.column + 1, max(1, width))


# Wider than any line: the excerpt cuts it at the end of the first line.
_LONG = 10_000
