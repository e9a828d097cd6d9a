"""A problem in a rule file, with its code, its place and its line; and the list that collects them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from validator.errors import Place, RuleError

# Longer lines are cut around the place, so that one endless line cannot fill the screen.
_WIDEST_EXCERPT = 150
# Characters that would act on a terminal instead of being seen.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Document:
    """A file as it was read. `private` files name claims, so their lines are never shown."""

    name: str
    lines: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True)
class Span:
    """A stretch of one line of a document; line and column count from 1."""

    document: Document
    line: int
    column: int
    width: int = 1

    @property
    def place(self) -> Place:
        return Place(self.document.name, self.line, self.column)


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what to do. `code` has a section in docs/errors-rules.md."""

    code: str
    what: str
    fix: str
    span: Span | None = None
    file: str = ""

    @property
    def place(self) -> Place:
        """Where it is; the file alone for what concerns a file as a whole, or one that is missing."""
        return self.span.place if self.span else Place(self.file)

    def as_json(self) -> dict[str, object]:
        place = self.place
        return {
            "code": self.code,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "what": self.what,
            "fix": self.fix,
        }

    def __str__(self) -> str:
        head = f"{self.place}: {self.code} {self.what}"
        if self.span is None:
            return f"{head}\n   = {self.fix}"
        number = str(self.span.line)
        gutter = " " * (len(number) + 1)
        excerpt = _excerpt(self.span)
        shown = (
            [f"{gutter}|", f"{number} | {excerpt[0]}".rstrip(), f"{gutter}| {excerpt[1]}"] if excerpt else []
        )
        return "\n".join([head, *shown, f"{gutter}= {self.fix}"])


def _excerpt(span: Span) -> tuple[str, str] | None:
    """The source line and the carets under the span; None where the line must not or cannot be shown."""
    lines = span.document.lines
    if span.document.private or span.line > len(lines):
        return None
    line = _UNSEEN.sub("\ufffd", lines[span.line - 1])
    start = min(span.column - 1, len(line))
    width = max(1, min(span.width, len(line.rstrip()) - start))
    if len(line) > _WIDEST_EXCERPT:
        first = max(0, start - 40)
        line, start = line[first : first + _WIDEST_EXCERPT], start - first
        width = min(width, _WIDEST_EXCERPT - start)
        if first:
            line, start = "…" + line, start + 1
    # Tabs stay tabs under the line, so that the carets stand where the reader's editor puts the text.
    indent = "".join("\t" if character == "\t" else " " for character in line[:start])
    return line.rstrip(), indent + "^" * width


class RuleProblemsError(RuleError):
    """Every problem of every file of a rule folder."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        files = len({problem.place.file for problem in self.problems})
        found = f"{len(self.problems)} problem{'s' * (len(self.problems) != 1)}"
        summary = f"{found} in {files} file{'s' * (files != 1)} of the rule set"
        super().__init__("\n\n".join([summary, *map(str, self.problems)]))


@dataclass
class Problems:
    """Collects problems while files are read, so that a writer sees all of them at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, what: str, *, fix: str, at: Span) -> None:
        self.found.append(Problem(code, what, fix, at))

    def add_file(self, code: str, what: str, *, fix: str, file: str) -> None:
        """For what concerns a file as a whole, or one that is not there."""
        self.found.append(Problem(code, what, fix, file=file))

    def raise_all(self) -> None:
        """Raise what was found, file by file and from top to bottom."""
        if self.found:
            raise RuleProblemsError(
                sorted(
                    self.found, key=lambda p: (p.place.file, p.place.line or 0, p.place.column or 0, p.code)
                )
            )


def did_you_mean(word: str, words: Iterable[str], otherwise: str) -> str:
    """The nearest of `words` as a question, or else the sentence `otherwise`."""
    known = list(words)
    near = get_close_matches(word, known, n=1, cutoff=0.6) or get_close_matches(
        word.casefold(), [w for w in known if w.casefold() == w], n=1, cutoff=0.6
    )
    return f'did you mean "{near[0]}"?' if near else otherwise


def nearest_name(name: str, names: Iterable[str], otherwise: str) -> str:
    """The nearest `table.column`: this column elsewhere, a near column of this table, or of another."""
    table, _, column = name.rpartition(".")
    by_table: dict[str, list[str]] = {}
    for known in names:
        by_table.setdefault(known.rpartition(".")[0], []).append(known.rpartition(".")[2])
    elsewhere = [f"{other}.{column}" for other, columns in by_table.items() if column in columns]
    here = [f"{table}.{near}" for near in get_close_matches(column, by_table.get(table, ()), n=1, cutoff=0.6)]
    nearly = [
        f"{other}.{near}"
        for other, columns in by_table.items()
        for near in get_close_matches(column, columns, n=1, cutoff=0.8)
    ]
    near_table = get_close_matches(
        name, [f"{t}.{c}" for t, columns in by_table.items() for c in columns], n=1, cutoff=0.8
    )
    found = [*elsewhere, *here, *nearly, *near_table]
    return f'did you mean "{found[0]}"?' if found else otherwise


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    all_words = list(words)
    if len(all_words) < 2:
        return "".join(all_words)
    return f"{', '.join(all_words[:-1])} {last} {all_words[-1]}"


def shown(text: str) -> str:
    """Text of the file inside a message: on one line and not endless."""
    one_line = " ".join(text.split())
    return f'"{one_line[:60]}…"' if len(one_line) > 60 else f'"{one_line}"'
