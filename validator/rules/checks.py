"""What `validator rules check` asks of rules that can be read: proofs, titles, messages, the lock."""

from collections.abc import Collection, Iterator
from itertools import combinations
from pathlib import Path

from validator.rules.folder import PROFILES, RuleFolder, read_rule_folder
from validator.rules.lock import compare_with_lock, read_lock
from validator.rules.logic import condition_as_data
from validator.rules.message import SUBJECTS, placeholders
from validator.rules.model import Rule, Share
from validator.rules.problems import Problem, Problems, listed
from validator.rules.profile import RUNNING
from validator.rules.reading import RuleFile
from validator.rules.reads import reads

# Reports can be masked and sent on; a sentence with a patient's number in it cannot.
PRIVATE_NAMES = (
    "claim.id",
    "claim.original_claim_id",
    "claim.prior_authorization",
    "patient.id",
    "patient.birth_date",
    "patient.death_date",
)
_ORDERS = ("check", "ensure", "verify", "validate", "make sure")


def check_folder(
    path: Path, *, profile: str = "default", value_sets: Collection[str] | None = ()
) -> RuleFolder:
    """Read the folder with every profile, and hold its rules to the house rules. Raises RuleProblemsError."""
    folder = read_rule_folder(path, profile=profile, value_sets=value_sets)
    for other in sorted((path / PROFILES).glob("*.yaml")):
        if other.stem != profile:
            read_rule_folder(path, profile=other.stem, value_sets=value_sets)
    problems = Problems()
    locked = read_lock(folder, problems)
    for file in folder.files.values():
        problems.found += _check_rule(file)
    problems.found += _same_logic(folder)
    problems.found += compare_with_lock(folder, locked)
    problems.raise_all()
    return folder


def _check_rule(file: RuleFile) -> Iterator[Problem]:
    yield from _check_title(file)
    yield from _check_message(file)
    if file.rule.control:
        yield from _check_control(file)
    elif file.rule.status in RUNNING:
        yield from _check_proofs(file)


def _check_title(file: RuleFile) -> Iterator[Problem]:
    title = file.rule.title
    at = file.span("title")
    if title.endswith((".", "?", "!")):
        yield Problem(
            "R101", "the title ends with a mark", "a title is a name, not a sentence: drop the mark", at
        )
    if title.lower().startswith(_ORDERS):
        yield Problem("R101", "the title gives an order", "name the defect: what is wrong with the claim", at)
    if len(title) > 120:
        yield Problem(
            "R101", "the title is longer than 120 characters", "name the defect; the rest belongs in why", at
        )


def _check_message(file: RuleFile) -> Iterator[Problem]:
    """A finding about a diagnosis or a line says which one; it never says whose claim it is."""
    rule = file.rule
    by_case = [placeholders(case.text) for case in rule.message]
    used = {name for names in by_case for name in names}
    subjects = SUBJECTS[rule.check_each]
    at = file.span("message")
    if subjects and not all(set(subjects) & set(names) for names in by_case):
        fix = f"put {listed('{' + name + '}' for name in subjects)} into it"
        yield Problem("R104", f"the message does not say which {rule.check_each} it is about", fix, at)
    for name in sorted(name for name in used if _owner_free(name) in PRIVATE_NAMES):
        fix = "leave it out; every finding carries the claim beside its message"
        yield Problem("R107", f"the message shows {name}, and masked reports must not", fix, at)


def _owner_free(name: str) -> str:
    """`other.claim.id` of the row that was found is as private as `claim.id`; so is `other.id` of a claim."""
    rest = name.removeprefix("other.")
    return rest if rest == name or "." in rest else f"claim.{rest}"


def _check_control(file: RuleFile) -> Iterator[Problem]:
    at = file.span("examples")
    outcomes = {example.expect for example in file.rule.examples}
    if not outcomes:
        yield Problem(
            "R105", "a control rule without an example proves nothing", "add an example that is clear", at
        )
    elif outcomes != {"clear"}:
        yield Problem(
            "R105", "a control rule never flags", "expect: clear in all its examples, or drop control", at
        )


def _check_proofs(file: RuleFile) -> Iterator[Problem]:
    """Examples of both kinds; one without an answer where a blank can leave the rule without one."""
    rule = file.rule
    at = file.span("examples")
    outcomes = {example.expect for example in rule.examples}
    for wanted, meaning in (("flagged", "a claim with the defect"), ("clear", "a claim without it")):
        if wanted not in outcomes:
            yield Problem("R102", f"no example is {wanted}", f"add {meaning}, and expect: {wanted}", at)
    blank = reads(rule).unknown_possible
    if isinstance(rule.flag_when, Share) and "not_evaluated" not in outcomes:
        fix = f"add one with expect: not_evaluated, with fewer than {rule.flag_when.minimum} rows"
        yield Problem("R103", "no example shows what happens when there is too little to count", fix, at)
    elif blank and "not_evaluated" not in outcomes:
        fix = f"add one with expect: not_evaluated, for instance without {blank[0]}"
        yield Problem("R103", "no example shows what happens when a value is missing", fix, at)
    yield from _repeated_examples(file)


def _repeated_examples(file: RuleFile) -> Iterator[Problem]:
    said: set[str] = set()
    for example in file.rule.examples:
        if example.says in said:
            fix = "say what is different about each"
            yield Problem(
                "R108", f"two examples say the same: {example.says[:60]}", fix, file.span("examples")
            )
        said.add(example.says)


def _same_logic(folder: RuleFolder) -> Iterator[Problem]:
    """No two rules that run flag the same thing."""
    running = [
        file for file in folder.files.values() if file.rule.status in RUNNING and not file.rule.control
    ]
    for first, second in combinations(running, 2):
        if _asks(first.rule) == _asks(second.rule):
            what = f"{second.rule.rule_id} flags what {first.rule.rule_id} flags"
            yield Problem("R106", what, "keep one, or tell them apart by only_for", second.span("flag_when"))


def _asks(rule: Rule) -> tuple[object, ...]:
    dates = (rule.in_force_from, rule.in_force_until)
    counted = (rule.check_each, rule.count_each, rule.provider, rule.peers)
    return counted, condition_as_data(rule.only_for), condition_as_data(rule.flag_when), dates
