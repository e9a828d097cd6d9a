"""Whatever stands in a rule folder, the answer is a rule set or a list of problems, never another error."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.spec.problem_cases import RISK, SAMPLE
from validator.rules.folder import read_rule_folder
from validator.rules.lock import LOCK, read_lock
from validator.rules.names import NAMES
from validator.rules.nodes import read_text
from validator.rules.problems import Problems, RuleProblemsError
from validator.rules.reading import read_rule

RICH = """\
rule: ZZ001
title: A sample
version: 1
status: active
severity: [{when: {claim.type: institutional}, is: reject}, {is: deny}]
confidence: certain
why: >
  To show
  a message.
source:
  - {title: The rule language, section: I.A.1, checked: 2026-02-10}
in_force: {from: 2015-10-01, until: 2030-01-01}
denial_codes: {carc: [16], rarc: [{when: {diagnosis.role: principal}, is: MA63}, M76]}
tags: [a, b]
needs: [icd10.sex]
check_each: diagnosis
only_for: {claim.type: [dental, professional], patient.age: {at_least: 3, less_than: icd10.age_to}}
flag_when:
  any:
    - diagnosis.code: {starts_with: [Z00.0, I10]}
    - none: [{claim.drg: {matches: '[0-9]+'}}, {claim.from_date: {before: batch.date}}]
    - there_is:
        diagnosis:
          same: [patient, billing_provider]
          equal: [diagnosis.code]
          where: {other.claim.type: dental, other.icd10.status: header}
          days_apart: {from: claim.from_date, to: other.coding_date, at_most: 30, direction: after}
          same_year: claim.from_date
          years_apart: {from: claim.from_date, to: other.coding_date, at_least: 0, at_most: 1, direction: after}
          listed_in: {table: icd10_excludes1, pair: [diagnosis.code, other.code]}
          how_many: {more_than: 3, of: claims}
          reported: earlier
    - there_is_no: {claim: {same: patient, total: {of: claim.total_charge, more_than: claim.total_charge}}}
message: 'Of {diagnosis.code} {suggestions.total} {other.code} {other.title} {listed.note}'
suggest: {billable_children_of: diagnosis.code}
control: false
examples:
  - says: one
    given: {diagnoses: [{code: I10}], not_recorded: [claim.drg], batch: {date: 2026-02-10}}
    expect: clear
  - says: two
    given:
      claims: [{diagnosis: {code: I10}, times: 60}]
      batch: {claims_from: 2020-01-01, delivers: [professional]}
      tables: {ncci_ptp_never: [{left: '80048', right: '82310'}], mue: [{code: '99213', value: 1}]}
    expect: clear
"""
OF_PROVIDERS = """\
rule: ZZ001
title: A sample
version: 1
status: active
severity: audit
confidence: possible
why: To show a message.
source: [{title: The rule language, checked: 2026-02-10}]
check_each: provider
provider: claim.billing_npi
peers: claim.billing_taxonomy
count_each: claim
only_for: {claim.attending_npi: {left_blank: true}}
flag_when:
  share: {that: {claim.worst_finding: reject}, at_least: 0.30, minimum: 50, times_peers: 1.5}
message: '{provider.id} {share.percent} {share.low_percent} {share.peers_percent} {share.count} {share.rows}'
"""
BESIDE = {
    "profiles/default.yaml": "rules: all\nseverity: [{rule: ZZ001, when: {claim.type: dental}, is: audit}]\n",
    "precedence.yaml": "- {per: claim, order: [ZZ001, ZZ002]}\n",
    "suppressions.yaml": "- {rule: ZZ001, where: {claim.id: A}, reason: a, by: b, until: 2027-01-01}\n",
    "risk.yaml": RISK,
    LOCK: "- {rule: ZZ001, version: 1, logic: 0123456789abcdef}\n",
}
TOKENS = (
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ", ",
        "-",
        "- ",
        "\n",
        "\n  ",
        "'",
        '"',
        "|",
        ">",
        "&a ",
        "*a",
        "!!int ",
        "---",
        "#",
        "%",
    ),
    *(
        "?",
        "? ",
        "\t",
        "\u00a0",
        "\u2028",
        "\x85",
        "\ufeff",
        "~",
        "null",
        "",
        "0",
        "-1",
        "1E10",
        "99999999999999999999",
    ),
    *(
        "2026-02-30",
        "٣",
        "other.",
        "other.code",
        "other.icd10.sex",
        "there_is",
        "there_is_no",
        "any",
        "all",
        "none",
    ),
    *(
        "[[[[",
        "{{{{",
        "{a: {a: {a: ",
        "(?P<a",
        "\\",
        "\x00",
        "\x1b",
        "\ud7ff",
        "😀",
        "=",
        "<<",
        "<<: ",
        "diagnosis",
        "line",
    ),
    *list(NAMES)[::7],
)


def read_only_problems(text: str) -> None:
    problems = Problems()
    node = read_text(text, "rules/x.yaml", problems)
    # A key that is given twice is noted while the text is read; the rest of the rule may be in order.
    before = len(problems.found)
    rule = read_rule(node, problems, value_sets=("a",)) if node is not None else None
    assert problems.found if rule is None else len(problems.found) == before
    for problem in problems.found:
        # Every problem can be shown, and says what to do.
        assert re.match(r"rules/x\.yaml:\d+:\d+: R\d{3} .", str(problem))
        assert problem.fix


@pytest.mark.parametrize("text", [RICH, OF_PROVIDERS])
def test_the_rich_rules_are_in_order(text: str) -> None:
    problems = Problems()
    node = read_text(text, "rules/x.yaml", problems)
    assert node is not None
    assert read_rule(node, problems, value_sets=()) is not None, "\n".join(map(str, problems.found))


@st.composite
def mutated(draw: st.DrawFn, original: str = RICH) -> str:
    """The text with a few pieces cut out, doubled, swapped or put in."""
    text = original
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.sampled_from((0, 1, 2, 5, 30, 200))))
        put = draw(st.one_of(st.sampled_from(TOKENS), st.just(text[at:until] * 2), st.text(max_size=5)))
        text = text[:at] + put + text[until:]
    return text


@st.composite
def value_replaced(draw: st.DrawFn) -> str:
    """The text with one scalar in the place of another, so that the shape stays and the meaning goes."""
    text = draw(st.sampled_from((RICH, OF_PROVIDERS)))
    words = list(re.finditer(r"[\w.]+", text))
    word, other = draw(st.sampled_from(words)), draw(st.sampled_from(words))
    put = draw(st.sampled_from((other[0], *TOKENS)))
    return text[: word.start()] + put + text[word.end() :]


@settings(max_examples=100, deadline=None)
@given(st.one_of(mutated(), mutated(OF_PROVIDERS), value_replaced()))
@example("")
@example("- a\n- b")
@example("? [a]\n: b")
@example("a: b\n...\n%YAML 1.1\n---\nc: d")
@example("[" * 5000)
@example("{a: " * 5000)
@example("- " * 5000)
@example("a: " + "x" * 200_000)
@example(RICH.replace("\n", "\r"))
@example(RICH.replace("\n", "\r\n"))
@example("flag_when:\n  <<: {claim.type: dental}")
def test_a_damaged_rule_gives_problems_and_nothing_else(text: str) -> None:
    read_only_problems(text)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab: -[]{}'\"|>&*!%#\n\t,?.\\"), max_size=60))
def test_a_text_of_yaml_marks_gives_problems_and_nothing_else(text: str) -> None:
    read_only_problems(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(BESIDE)), data=st.data())
def test_damaged_files_beside_the_rules(name: str, data: st.DataObject, tmp_path: Path) -> None:
    second = SAMPLE.replace("ZZ001", "ZZ002")
    files = {**BESIDE, "claim/ZZ001.yaml": SAMPLE, "claim/ZZ002.yaml": second}
    files[name] = data.draw(mutated(BESIDE[name]))
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        folder = read_rule_folder(tmp_path)
        problems = Problems()
        read_lock(folder, problems)
        problems.raise_all()
    except RuleProblemsError as error:
        assert str(error)


@pytest.mark.parametrize("text", ["\x00", "a: \x1b[31m", "\udc80", "a: \ud800", 'a: "\\ud800"', 'a: "\\x1b"'])
def test_characters_that_no_yaml_holds(text: str) -> None:
    read_only_problems(text)
