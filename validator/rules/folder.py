"""A rule folder is read whole: rules, profile and the files beside them, with all problems at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from validator.rules.logic import digest, everything
from validator.rules.model import Precedence, RiskWeights, Rule, RuleSet, Suppression
from validator.rules.nodes import Node, read_document
from validator.rules.problems import Problems, did_you_mean
from validator.rules.profile import Profile, read_profile
from validator.rules.reading import RuleFile, read_rule_file
from validator.rules.settings import read_precedence, read_risk, read_suppressions

PROFILES = "profiles"
PRECEDENCE = "precedence.yaml"
SUPPRESSIONS = "suppressions.yaml"
RISK = "risk.yaml"
_BESIDE = (PRECEDENCE, SUPPRESSIONS, RISK)


@dataclass(frozen=True)
class RuleFolder:
    """All rules of a folder, drafts and retired ones too, in order of id, and what stands beside them."""

    path: Path
    label: str
    files: Mapping[str, RuleFile]
    profile: Profile
    precedence: tuple[Precedence, ...]
    suppressions: tuple[Suppression, ...]
    risk: RiskWeights

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(file.rule for file in self.files.values())

    def rule_set(self) -> RuleSet:
        """What runs under the profile, with a hash over all that decides or is printed."""
        rules = tuple(self.profile.apply(rule) for rule in self.rules if self.profile.runs(rule))
        running = {rule.rule_id for rule in rules}
        orders = (
            replace(p, order=tuple(rule_id for rule_id in p.order if rule_id in running))
            for p in self.precedence
        )
        precedence = tuple(p for p in orders if len(p.order) > 1)
        parts = (rules, precedence, self.suppressions, self.risk)
        filing = self.profile.filing
        decides = everything((*parts, filing))
        return RuleSet(*parts, profile=self.profile.name, set_hash=digest(decides), filing=filing)


def read_rule_set(
    folder: Path, *, profile: str = "default", value_sets: Collection[str] | None = ()
) -> RuleSet:
    """The rules that run under a profile.

    `value_sets` are the names that `in_set` may use; None leaves them unchecked. Raises
    RuleProblemsError with every problem of every file.
    """
    return read_rule_folder(folder, profile=profile, value_sets=value_sets).rule_set()


def read_rule_folder(
    folder: Path, *, profile: str = "default", value_sets: Collection[str] | None = ()
) -> RuleFolder:
    """Everything that a rule folder holds, checked. Raises RuleProblemsError."""
    problems = Problems()
    label = _label(folder)
    if not folder.is_dir():
        problems.add_file(
            "R001", "there is no rule folder here", fix="give the folder with --rules", file=label
        )
        problems.raise_all()
    files = _read_rules(folder, label, problems, value_sets)
    rules = {rule_id: file.rule for rule_id, file in files.items()}
    found = _read_profile(folder, label, profile, rules, problems)
    precedence = _beside(folder, label, PRECEDENCE, problems)
    suppressions = _beside(folder, label, SUPPRESSIONS, problems)
    weights = _beside(folder, label, RISK, problems)
    if weights is None and not (folder / RISK).is_file():
        problems.add_file(
            "R033",
            "the risk weights are missing",
            fix="write a weight for each severity and confidence",
            file=f"{label}/{RISK}",
        )
    orders = read_precedence(precedence, rules, problems) if precedence else ()
    hidden = read_suppressions(suppressions, rules, problems) if suppressions else ()
    risk = read_risk(weights, problems) if weights else None
    problems.raise_all()
    assert risk is not None
    return RuleFolder(folder, label, files, found, orders, hidden, risk)


def _label(folder: Path) -> str:
    """What messages call the folder: as seen from where the user stands, if it is below."""
    try:
        return folder.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return folder.as_posix()


def _read_rules(
    folder: Path, label: str, problems: Problems, value_sets: Collection[str] | None
) -> dict[str, RuleFile]:
    """Every rule file by the id of its rule."""
    files: dict[str, RuleFile] = {}
    for path in sorted(folder.rglob("*.y*ml")):
        inside = path.relative_to(folder)
        if (
            inside.parts[0] == PROFILES
            or inside.as_posix() in _BESIDE
            or any(p.startswith(".") for p in inside.parts)
        ):
            continue
        name = f"{label}/{inside.as_posix()}"
        if path.suffix != ".yaml":
            problems.add_file("R024", "the file would not be read", fix="rule files end in .yaml", file=name)
            continue
        file = read_rule_file(path, name, problems, value_sets=value_sets)
        if file is None:
            continue
        rule = file.rule
        if path.stem != rule.rule_id and not path.stem.startswith(f"{rule.rule_id}-"):
            problems.add_file(
                "R024",
                f"the file holds rule {rule.rule_id}",
                fix=f"begin its name with {rule.rule_id}-",
                file=name,
            )
        if rule.rule_id in files:
            problems.add_file(
                "R025",
                f"{rule.rule_id} is also the id of {files[rule.rule_id].name}",
                fix="an id is given once and for ever",
                file=name,
            )
            continue
        files[rule.rule_id] = file
    if not files and not problems.found:
        problems.add_file(
            "R001", "the folder holds no rule", fix="give another folder with --rules", file=label
        )
    return dict(sorted(files.items()))


def _read_profile(folder: Path, label: str, name: str, rules: dict[str, Rule], problems: Problems) -> Profile:
    path = folder / PROFILES / f"{name}.yaml"
    known = sorted(p.stem for p in (folder / PROFILES).glob("*.yaml"))
    if name not in known:
        if name != "default":
            fix = did_you_mean(name, [*known, "default"], f"the profiles are {', '.join(known) or 'default'}")
            problems.add_file("R032", f'there is no profile "{name}"', fix=fix, file=f"{label}/{PROFILES}")
        return Profile(name)
    node = read_document(path, f"{label}/{PROFILES}/{name}.yaml", problems)
    return read_profile(node, name, rules, problems) if node else Profile(name)


def _beside(folder: Path, label: str, name: str, problems: Problems) -> Node | None:
    path = folder / name
    if not path.is_file():
        return None
    return read_document(path, f"{label}/{name}", problems, private=name == SUPPRESSIONS)
