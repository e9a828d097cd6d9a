"""Layouts as data: how a feed heads its columns and writes its cells, read from YAML and checked.

A layout is frozen once read. Every scalar of the YAML stays text, keys are strict, and all problems of a
file are reported at once with their place and the near miss.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import yaml

from validator.claims.fields import BLANKS, FIELDS, WORDS
from validator.claims.schema import CLAIM_TYPES, FEEDS
from validator.errors import Place, UsageError

# The C parser where it is at hand; it reads the same and is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LAYOUTS = Path(__file__).parent / "layouts"
GRAINS = ("line", "claim")
DATE_FORMS = ("iso", "compact", "day_month_year", "us_slashes", "us_dashes", "year_slashes", "excel_serial")
KINDS = tuple(sorted({f.kind for f in FIELDS.values()}))
_KEYS = (
    *("layout", "title", "feed", "grain", "tolerant", "recognised_by", "delimiters", "columns", "constants"),
    *("values", "blanks", "dates", "received_date_codes", "claim_totals_on_lines"),
)
_RANGE = re.compile(r"(?P<stem>\w+_)(?P<first>\d+)\.\.(?P<last>\d+)")


@dataclass(frozen=True)
class Joined:
    """Several columns that together make one field: the three parts of a type of bill."""

    headings: tuple[str, ...]


@dataclass(frozen=True)
class ClaimTotals:
    """Claim amounts that stand on each line: where columns have the values of `when`, move `columns`."""

    when: Mapping[str, str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """One layout. `headings` maps a field to the headings it may stand under, the preferred one first."""

    name: str
    title: str
    feed: str
    grain: str
    headings: Mapping[str, tuple[str | Joined, ...]]
    tolerant: bool = False
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    delimiters: tuple[str, ...] = (",", "\t", "|", ";")
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blanks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: tuple[str, ...] = DATE_FORMS[:-1]
    received_date_codes: bool = False
    claim_totals: ClaimTotals | None = None

    def blanks_of(self, kind: str) -> tuple[str, ...]:
        """Every text that means "blank" in a cell of this kind."""
        shared = (*BLANKS["*"], *BLANKS.get(kind, ()))
        return tuple(dict.fromkeys((*shared, *self.blanks.get("*", ()), *self.blanks.get(kind, ()))))

    def words_of(self, name: str) -> Mapping[str, str]:
        """What a cell of a field that is a choice may say (in lower case) -> the canonical word."""
        shared = WORDS.get(FIELDS[name].kind, {})
        own = {**self.values.get(FIELDS[name].kind, {}), **self.values.get(name, {})}
        return {**shared, **{said.casefold(): word for said, word in own.items()}}


@lru_cache(maxsize=1 << 14)
def plain(heading: str) -> str:
    """A heading without what spellings differ in: case, blanks, underscores, dashes and other marks."""
    folded = heading.casefold()
    return re.sub(r"[\W_]+", "", folded) or folded.strip()


@cache
def shipped_layouts() -> Mapping[str, Layout]:
    """The layouts that come with the tool, strict ones first, by name."""
    layouts = [read_layout(path) for path in sorted(LAYOUTS.glob("*.yaml"))]
    return {layout.name: layout for layout in sorted(layouts, key=lambda one: (one.tolerant, one.name))}


def find_layout(name_or_file: str) -> Layout:
    """The layout of that name, or the one in that YAML file. Raises UsageError with the near miss."""
    known = shipped_layouts()
    if name_or_file in known:
        return known[name_or_file]
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml"):
        return read_layout(path)
    raise UsageError(
        f'there is no layout "{name_or_file}"{_near(name_or_file, known)}',
        fix="`validator layouts list` shows them; a layout of your own is given as a .yaml file.",
    )


def read_layout(path: Path) -> Layout:
    """Read and check one layout file. Raises UsageError with every problem of the file."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise UsageError(f"cannot read the layout: {error.strerror}", place=Place(str(path))) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(str(path), mark.line + 1, mark.column + 1) if mark else Place(str(path))
        raise UsageError(f"not YAML: {getattr(error, 'problem', 'not UTF-8 text')}", place=place) from None
    reader = _Reader(path)
    layout = reader.layout(node)
    if reader.problems:
        raise UsageError(
            f"{len(reader.problems)} problem(s) in the layout\n  " + "\n  ".join(reader.problems),
            fix="docs/claims.md describes the keys of a layout.",
            place=Place(str(path)),
        )
    return layout


def _near(word: str, known: Iterator[str] | Mapping[str, object] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


class _Reader:
    """Walks the YAML nodes of one file and collects what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def problem(self, node: yaml.Node, text: str) -> None:
        place = Place(str(self.path), node.start_mark.line + 1, node.start_mark.column + 1)
        self.problems.append(f"{place}: {text}")

    def mapping(self, node: yaml.Node | None, keys: tuple[str, ...] = ()) -> dict[str, yaml.Node]:
        """Key -> node; with `keys`, a key outside them is a problem."""
        if not isinstance(node, yaml.MappingNode):
            if node is not None:
                self.problem(node, "a mapping (key: value) is expected here")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.problem(key, f'"{name}" stands here twice')
            elif keys and name not in keys:
                self.problem(key, f'there is no "{name}" here{_near(name, keys)}')
            else:
                found[name] = value
        return found

    def text(self, node: yaml.Node | None, among: tuple[str, ...] = (), default: str = "") -> str:
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, "a single text is expected here")
            return default
        if among and node.value not in among:
            self.problem(node, f'"{node.value}" is none of {", ".join(among)}{_near(node.value, among)}')
            return default or among[0]
        return str(node.value)

    def texts(self, node: yaml.Node | None, among: tuple[str, ...] = ()) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, "a list is expected here")
            return ()
        return tuple(self.text(item, among) for item in node.value)

    def table(self, node: yaml.Node | None, keys: tuple[str, ...] = ()) -> dict[str, str]:
        return {key: self.text(value) for key, value in self.mapping(node, keys).items()}

    def layout(self, node: yaml.Node | None) -> Layout:
        top = self.mapping(node, _KEYS)
        for key in ("layout", "title", "feed", "columns"):
            if key not in top:
                self.problems.append(f'{Place(str(self.path))}: "{key}" is missing')
        recognised = self.mapping(top.get("recognised_by"), ("all_of", "none_of"))
        fields = tuple(FIELDS)
        values = self.mapping(top.get("values"), (*fields, *KINDS))
        blanks = self.mapping(top.get("blanks"), ("*", *KINDS))
        constants = self.table(top.get("constants"), fields)
        if constants.get("claim_type", CLAIM_TYPES[0]) not in CLAIM_TYPES:
            self.problem(top["constants"], f"claim_type is none of {', '.join(CLAIM_TYPES)}")
        return Layout(
            name=self.text(top.get("layout")),
            title=self.text(top.get("title")),
            feed=self.text(top.get("feed"), FEEDS),
            grain=self.text(top.get("grain"), GRAINS, default="line"),
            tolerant=self.text(top.get("tolerant"), ("true", "false"), default="false") == "true",
            all_of=self.texts(recognised.get("all_of")),
            none_of=self.texts(recognised.get("none_of")),
            delimiters=self.texts(top.get("delimiters")) or (",", "\t", "|", ";"),
            headings=self.headings(top.get("columns")),
            constants=constants,
            values={name: self.table(value) for name, value in values.items()},
            blanks={kind: self.texts(value) for kind, value in blanks.items()},
            dates=self.texts(top.get("dates"), DATE_FORMS) or DATE_FORMS[:-1],
            received_date_codes=self.text(top.get("received_date_codes"), ("true", "false")) == "true",
            claim_totals=self.totals(top.get("claim_totals_on_lines")),
        )

    def headings(self, node: yaml.Node | None) -> dict[str, tuple[str | Joined, ...]]:
        """Field -> its headings; `diagnosis_1..25: [dx#]` stands for 25 fields, # for the number.

        A field may stand in several ranges; the headings add up.
        """
        found: dict[str, tuple[str | Joined, ...]] = {}
        for name, value in self.mapping(node).items():
            match = _RANGE.fullmatch(name)
            numbers = range(int(match["first"]), int(match["last"]) + 1) if match else range(1)
            for number in numbers:
                field_name = f"{match['stem']}{number}" if match else name
                if field_name not in FIELDS:
                    self.problem(value, f'there is no field "{field_name}"{_near(field_name, FIELDS)}')
                    break
                alternatives = tuple(self.alternatives(value, number if match else None))
                found[field_name] = (*found.get(field_name, ()), *alternatives)
        return found

    def alternatives(self, node: yaml.Node, number: int | None) -> Iterator[str | Joined]:
        def numbered(heading: str) -> list[str]:
            if number is None:
                return [heading]
            return list(dict.fromkeys(heading.replace("#", text) for text in (f"{number}", f"{number:02d}")))

        if isinstance(node, yaml.MappingNode):
            yield Joined(self.texts(self.mapping(node, ("join",)).get("join")))
        else:
            for heading in self.texts(node):
                yield from numbered(heading)

    def totals(self, node: yaml.Node | None) -> ClaimTotals | None:
        if node is None:
            return None
        parts = self.mapping(node, ("when", "columns"))
        fields = tuple(FIELDS)
        moved = self.table(parts.get("columns"), fields)
        for target in moved.values():
            if target not in FIELDS:
                self.problem(parts["columns"], f'there is no field "{target}"{_near(target, fields)}')
        return ClaimTotals(when=self.table(parts.get("when")), columns=moved)
