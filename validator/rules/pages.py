"""The page of a rule and the page of all names: Markdown made from what is read."""

from collections.abc import Iterable, Mapping

from validator.reference.schema import KEYED_TABLES, LIST_FACTS, PAIR_TABLES
from validator.rules.clauses import clause
from validator.rules.editor_schema import SCHEMA_FILE, schema_text
from validator.rules.explain import explain
from validator.rules.files_needed import files_needed
from validator.rules.folder import RuleFolder
from validator.rules.index_page import index_page, without_files
from validator.rules.model import Rule, RuleSet
from validator.rules.names import KIND_IN_WORDS, NAMES, TABLES, Name
from validator.rules.problems import listed
from validator.rules.reads import reads

INDEX = "README.md"
NAMES_PAGE = "rule-names.md"
_BLANK_IN_WORDS = {"none": "there is none", "not recorded": "not recorded", "never": "never blank"}
_OF_THE_LIST = frozenset(fact.name for fact in LIST_FACTS)
_NAMES_OPENING = """# Names in rules

Every `table.column` that a rule may read. Written from the schemas by `validator rules docs`.

A rule that checks each diagnosis reads `diagnosis`, `icd10`, `icd9`, `claim`, `patient` and `batch`; one
that checks each line reads `line`, `mpfs`, `mue`, `visit_time`, `claim`, `patient` and `batch`; one that
checks each claim reads `claim`, `patient` and `batch`. One that checks each provider reads what the rows
that it counts have. `procedure` and `icd10pcs` are read of other rows only: rows of other
tables are asked for with `there_is`, and their columns are written `other.column` there.

A blank means *not recorded* (there is a value and we were not told: the rule is not evaluated where it would
decide) or *there is none* (an answer like any other, as long as the feed carries the column).
"""


# Name of a value set or pair table -> its source, and what it stands in for.
Notes = Mapping[str, tuple[str, str]]


def rule_pages(folder: RuleFolder, notes: Notes | None = None) -> dict[str, str]:
    """File name below docs/ -> text: every rule, their table, the names, the schema for editors."""
    rule_set = folder.rule_set()
    pages = {f"rules/{rule.rule_id}.md": rule_page(rule, rule_set, notes) for rule in folder.rules}
    left_out = {rule.rule_id for rule in folder.rules if not folder.profile.runs(rule)}
    index = {f"rules/{INDEX}": index_page(folder.rules, left_out)}
    return {**index, **pages, NAMES_PAGE: names_page(), SCHEMA_FILE: schema_text()}


def rule_page(rule: Rule, rule_set: RuleSet | None = None, notes: Notes | None = None) -> str:
    """What the rule looks for, why, who is judged, examples, false alarms, citation."""
    said = explain(rule, rule_set)
    facts = [
        f"**{rule.status}**",
        f"checks each {rule.check_each}",
        *([f"counts each {rule.count_each}"] if rule.count_each else []),
        f"confidence {rule.confidence}",
        f"version {rule.version}",
    ]
    if rule.control:
        facts.append("negative control: it must never flag")
    sections = [
        f"# {rule.rule_id} {rule.title}",
        " · ".join(facts),
        rule.why,
        f"## Who is judged\n\n{_lines(said.judged)}",
        f"## What is flagged\n\n{_lines([said.flagged, said.severity])}",
        f"## What a finding says\n\n{_message(rule)}\n\n{_suggestion(rule)}".rstrip(),
        _denial_codes(rule),
        _examples(rule),
        _bullets("False alarms", rule.false_alarms, "Ways an honest claim can look like this:"),
        _lists(rule, notes or {}),
        _files(rule),
        _bullets("Sources", [_source(s.title, s.section, s.checked) for s in rule.sources]),
        _inputs(rule),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _lines(sentences: Iterable[str]) -> str:
    """Sentences as paragraphs; the list after a colon begins at the margin."""
    return "\n\n".join(
        sentence.replace(":\n  - ", ":\n\n- ", 1).replace("\n  ", "\n") for sentence in sentences
    )


def _message(rule: Rule) -> str:
    """The sentence, or each of them with the case in which it is said."""
    if len(rule.message) == 1:
        return f"> {_cell(rule.message[0].text)}"
    said = []
    for case in rule.message:
        condition = f"When {clause(case.when, '')}" if case.when else "Otherwise"
        said.append(f"{condition}:\n\n> {_cell(case.text)}")
    return "\n\n".join(said)


def _suggestion(rule: Rule) -> str:
    if rule.suggest is None:
        return ""
    if rule.suggest.kind is None:
        return f"Suggested: {rule.suggest.text}"
    kind = rule.suggest.kind.replace("_", " ")
    return f"Suggested codes: {kind} `{rule.suggest.of}`, valid on the coding date."


def _denial_codes(rule: Rule) -> str:
    if not rule.carc and not rule.rarc:
        return ""
    said = []
    if rule.carc:
        said.append(f"Claim adjustment reason code {listed(rule.carc)}.")
    for number, case in enumerate(rule.rarc):
        condition = f" when {clause(case.when, '')}" if case.when else (" otherwise" if number else "")
        said.append(f"Remark code {case.code}{condition}.")
    return "## What a payer may answer\n\n" + " ".join(said)


def _examples(rule: Rule) -> str:
    if not rule.examples:
        return ""
    rows = [
        f"| {_cell(example.says)} | `{_cell(flow(example.given))}` | {example.expect.replace('_', ' ')} |"
        for example in rule.examples
    ]
    opening = "Each starts from one clean professional claim and changes what is given."
    return "\n".join(["## Examples", "", opening, "", "| | given | outcome |", "|---|---|---|", *rows])


def flow(value: object) -> str:
    """Nested texts on one line, as YAML flow style shows them; a blank as ~."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return str(value) or "~"


def _bullets(heading: str, items: Iterable[str], opening: str = "") -> str:
    lines = [f"- {item}" for item in items]
    if not lines:
        return ""
    return "\n".join([f"## {heading}", "", *([opening, ""] if opening else []), *lines])


def _lists(rule: Rule, notes: Notes) -> str:
    """The value sets and pair tables that come with the program, with their sources."""
    read = reads(rule)
    own = [name for name in (*read.value_sets, *read.pair_tables) if name not in read.official]
    items = []
    for name in own:
        source, note = notes.get(name, ("", ""))
        what = PAIR_TABLES[name].doc if name in PAIR_TABLES else ""
        said = ". ".join(
            part.rstrip(".") for part in (what, f"Source: {source}" if source else "", note) if part
        )
        items.append(f"`{name}`{f': {said}.' if said else ''}")
    return _bullets("Lists it uses", items)


def _files(rule: Rule) -> str:
    """The official files that a user adds, and what happens without them."""
    if not files_needed(rule):
        return ""
    items = [f"`{name}`: {file}" for name, file in reads(rule).official.items()]
    few = "Without this file the rule" if len(files_needed(rule)) == 1 else "Without these files the rule"
    said = without_files(rule)
    return f"{_bullets('Official files it needs', items)}\n\n{few} {said}."


def _source(title: str, section: str, checked: str) -> str:
    return f"{title}{', ' + section if section else ''} (read {checked})"


def _inputs(rule: Rule) -> str:
    """What has to be in the feed and the reference; without it the rule is not evaluated."""
    inputs = explain(rule).inputs
    kinds = (
        ("columns", inputs.columns),
        ("reference facts", inputs.facts),
        ("value sets", inputs.value_sets),
        ("pair tables", inputs.pair_tables),
        ("tables of facts", inputs.keyed_tables),
        ("tables", inputs.tables),
        ("needed besides", rule.needs),
    )
    items = [f"{kind}: {', '.join(f'`{name}`' for name in names)}" for kind, names in kinds if names]
    if inputs.unknown_possible:
        names = ", ".join(f"`{name}`" for name in inputs.unknown_possible)
        items.append(f"not evaluated where one of these is not recorded and would decide: {names}")
    return _bullets("What it reads", items)


def names_page() -> str:
    """Every name that a rule may use, table by table."""
    lines = _NAMES_OPENING.splitlines()
    for table in TABLES:
        lines += ["", f"## {table}", "", "| name | holds | meaning | a blank means |", "|---|---|---|---|"]
        lines += [_name_row(name) for name in NAMES.values() if name.table == table]
    return "\n".join(lines) + "\n"


def _name_row(name: Name) -> str:
    holds = listed(f"`{word}`" for word in name.words) if name.words else KIND_IN_WORDS[name.kind]
    return f"| `{name.name}` | {holds} | {_cell(name.doc)} | {_blank(name)} |"


def _blank(name: Name) -> str:
    if not name.fact:
        return _BLANK_IN_WORDS[name.blank]
    if name.blank == "never":
        return "never blank"
    if name.table in KEYED_TABLES:
        added = ", or its file was not added" if KEYED_TABLES[name.table].file else ""
        return f"the table does not have the code on the date{added}"
    if name.always:
        return "no covered date"
    unlisted = ", or not in the tabular list" if name.column in _OF_THE_LIST else ""
    return f"no covered date, or the code is not in force{unlisted}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
