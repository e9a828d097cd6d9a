"""`validator rules`: list, show, begin, check, test, explain, lock and document the rules."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.errors import ExampleError, ExitCode, UsageError

if TYPE_CHECKING:
    from validator.engine.examples import ExampleResult
    from validator.rules.folder import RuleFolder
    from validator.rules.model import Rule

app = typer.Typer(
    no_args_is_help=True, help="List, show, begin, check, test, explain, lock and document the rules."
)

RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rule folder; the shipped one if not given.")
]
ProfileOption = Annotated[str, typer.Option("--profile", help="Profile of the folder: which rules run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RuleArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the rule, such as DX002.")]
OneRuleArgument = Annotated[str, typer.Argument(metavar="[ID]", help="Only the rule of this id.")]


@app.command("list")
def list_rules(
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    decided_in: Annotated[
        Path | None,
        typer.Option(
            help="Also how often people called findings of each rule false alarms: an output folder of runs.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List every rule of the folder with status, severity and title."""
    folder = _read(rules, profile)
    running = {rule.rule_id for rule in folder.rule_set().rules}
    decided = _decided(decided_in) if decided_in else {}
    if as_json:
        _print_json(
            [
                {**_summary(rule, rule.rule_id in running), **decided.get(rule.rule_id, {})}
                for rule in folder.rules
            ]
        )
        return
    for rule in folder.rules:
        off = (
            ""
            if rule.rule_id in running or rule.status in ("draft", "retired")
            else "  (not in this profile)"
        )
        severity = "/".join(dict.fromkeys(case.severity for case in rule.severity))
        columns = f"{rule.rule_id}  v{rule.version:<3}{rule.status:<9}{rule.check_each:<11}{severity:<14}"
        if decided_in:
            columns += f"{_rate(decided.get(rule.rule_id)):<22}"
        typer.echo(f"{columns}{rule.title}{off}")


@app.command()
def show(
    rule_id: RuleArgument,
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Show the page of one rule: what it looks for, why, examples, sources."""
    folder = _read(rules, profile)
    rule = _find(folder, rule_id)
    if as_json:
        _print_json(_whole(rule, folder))
        return
    from validator.rules.pages import rule_page

    typer.echo(rule_page(rule, folder.rule_set(), _list_notes()), nl=False)


@app.command("new")
def new_rule(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="A free id, such as DX299.")],
    check_each: Annotated[
        str, typer.Option("--check-each", help="diagnosis, line, claim or provider.")
    ] = "diagnosis",
    rules: RulesOption = None,
    profile: ProfileOption = "default",
) -> None:
    """Write the draft of a new rule with examples; refused when the id was ever given."""
    from validator.rules.problems import did_you_mean, listed
    from validator.rules.reading import GRAINS
    from validator.rules.shapes import RULE_ID
    from validator.rules.stub import stub, stub_name

    wanted = rule_id.upper()
    if not RULE_ID.fullmatch(wanted):
        raise UsageError(f'"{rule_id}" is no rule id', fix="an id is two capital letters and three digits")
    grain = next((known for known in GRAINS if known == check_each), None)
    if grain is None:
        fix = did_you_mean(check_each, GRAINS, f"it is {listed(GRAINS)}")
        raise UsageError(f'no rule checks each "{check_each}"', fix=fix)
    folder = _read(rules, profile)
    if wanted in folder.files:
        taken = folder.files[wanted].name
        raise UsageError(
            f"{wanted} is the id of {taken}", fix="an id is given once and for ever; take another"
        )
    path = folder.path / stub_name(wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(stub(wanted, grain, today=date.today()), encoding="utf-8")
    typer.echo(f"{path}: a draft; write its examples first, then `validator rules test {wanted}`")


@app.command()
def check(
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    update: Annotated[bool, typer.Option("--update", help="Also bring rules.lock up to date.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every rule file, its proofs and the lock, and run the examples.

    All problems are printed at once, each with file, line and column. Returns 10 for a rule that cannot be
    used, 13 for an example that does not come out as the rule says.
    """
    from validator.rules.checks import check_folder
    from validator.rules.problems import RuleProblemsError

    path = _folder(rules)
    try:
        if update:
            _lock(path, profile)
        folder = check_folder(path, profile=profile, value_sets=_value_sets())
    except RuleProblemsError as error:
        if not as_json:
            raise
        _print_json({"problems": [problem.as_json() for problem in error.problems], "examples": []})
        raise typer.Exit(ExitCode.BROKEN_RULE) from None
    results = _run_examples(folder, _with_proofs(folder))
    if as_json:
        _print_json(
            {"problems": [], "examples": [_as_json(result) for result in results if not result.holds]}
        )
        raise typer.Exit(ExitCode.NOTHING_FOUND if all(r.holds for r in results) else ExitCode.EXAMPLES)
    _fail_unless_all_hold(results)
    typer.echo(f"{len(folder.rules)} rules and {len(results)} examples are in order")


@app.command()
def test(
    rule_id: OneRuleArgument = "",
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Run the examples of all rules, or of one, through the engine."""
    folder = _read(rules, profile)
    chosen = [_find(folder, rule_id)] if rule_id else _with_proofs(folder)
    results = _run_examples(folder, chosen)
    if as_json:
        _print_json([_as_json(result) for result in results])
        raise typer.Exit(ExitCode.NOTHING_FOUND if all(r.holds for r in results) else ExitCode.EXAMPLES)
    if rule_id:
        for result in results:
            typer.echo(f"{'holds' if result.holds else 'FAILS'}  {result.outcome:<14}{result.says}")
    _fail_unless_all_hold(results)
    of = rule_id.upper() or f"{len(chosen)} rules"
    typer.echo(f"{len(results)} examples of {of} come out as they say")


@app.command()
def explain(
    rule_id: RuleArgument,
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Say in English what the machine understood, and show the Polars expression and the inputs."""
    from validator.engine.show import polars_text
    from validator.rules.explain import explain as explain_rule

    folder = _read(rules, profile)
    rule = _find(folder, rule_id)
    said = explain_rule(rule, folder.rule_set())
    inputs = {
        "columns": said.inputs.columns,
        "reference facts": said.inputs.facts,
        "tables": said.inputs.tables,
        "value sets": said.inputs.value_sets,
        "pair tables": said.inputs.pair_tables,
        "tables of facts": said.inputs.keyed_tables,
        "official files": tuple(dict.fromkeys(said.inputs.official.values())),
        "needed besides": rule.needs,
    }
    if as_json:
        _print_json(
            {"rule": rule.rule_id, "english": said.text(), "polars": polars_text(rule), "inputs": inputs}
        )
        return
    typer.echo(
        f"{rule.rule_id} {rule.title}\n\n{said.text()}\n\nAs Polars runs it\n{polars_text(rule)}\n\nIt reads"
    )
    for kind, names in inputs.items():
        if names:
            typer.echo(f"  {kind}: {', '.join(names)}")


@app.command()
def lock(rules: RulesOption = None, profile: ProfileOption = "default") -> None:
    """Write rules.lock; refused when the logic of a rule moved and its version did not rise."""
    path = _folder(rules)
    changed = _lock(path, profile)
    typer.echo(f"rules.lock {'is written' if changed else 'was up to date'}")


@app.command()
def docs(
    rules: RulesOption = None,
    profile: ProfileOption = "default",
    out: Annotated[Path, typer.Option("--out", help="Documentation folder.")] = Path("docs"),
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; say which pages are stale.")
    ] = False,
) -> None:
    """Write one page per rule, the table of rules, the page of names and the schema for editors."""
    from validator.rules.pages import rule_pages

    pages = rule_pages(_read(rules, profile), _list_notes())
    stale = [name for name, text in pages.items() if _written(out / name) != text]
    gone = sorted(page for page in (out / "rules").glob("*.md") if f"rules/{page.name}" not in pages)
    if check_only:
        for name in stale:
            typer.echo(f"{out / name}: stale; run `validator rules docs`", err=True)
        for page in gone:
            typer.echo(f"{page}: there is no such rule; run `validator rules docs`", err=True)
        raise typer.Exit(1 if stale or gone else 0)
    (out / "rules").mkdir(parents=True, exist_ok=True)
    for name in stale:
        (out / name).write_text(pages[name], encoding="utf-8")
    for page in gone:
        page.unlink()
    typer.echo(f"{len(pages)} pages, {len(stale)} written, {len(gone)} removed")


def _folder(rules: Path | None) -> Path:
    from validator.shipped import rules_folder

    return rules if rules is not None else rules_folder()


def _value_sets() -> set[str]:
    """Names of the shipped value sets; their files are read when the reference is built."""
    from validator.shipped import reference_folder

    return {path.stem for path in (reference_folder() / "valuesets").glob("*.csv")}


def _list_notes() -> "Mapping[str, tuple[str, str]]":
    """Source and note of each shipped value set and pair table."""
    from validator.reference.list_notes import list_notes
    from validator.shipped import reference_folder

    return list_notes(reference_folder())


def _read(rules: Path | None, profile: str) -> "RuleFolder":
    from validator.rules.folder import read_rule_folder

    return read_rule_folder(_folder(rules), profile=profile, value_sets=_value_sets())


def _lock(path: Path, profile: str) -> bool:
    from validator.rules.folder import read_rule_folder
    from validator.rules.lock import write_lock

    return write_lock(read_rule_folder(path, profile=profile, value_sets=_value_sets()))


def _find(folder: "RuleFolder", rule_id: str) -> "Rule":
    from validator.rules.problems import did_you_mean

    wanted = rule_id.upper()
    if wanted in folder.files:
        return folder.files[wanted].rule
    raise UsageError(
        f'there is no rule "{rule_id}" in {folder.label}',
        fix=did_you_mean(wanted, folder.files, "`validator rules list` shows them"),
    )


def _decided(out: Path) -> dict[str, dict[str, Any]]:
    """`decided` and `false_alarms` (findings) of each rule that people decided about, by the ledger."""
    from validator.ledger.book import Ledger
    from validator.reports.lock import output_lock
    from validator.reports.summary import false_alarms

    ledger = Ledger(out)
    if not ledger.path.is_file():
        raise UsageError("there is no ledger in this folder", fix="Name the output folder of earlier runs.")
    with output_lock(out):
        past = ledger.memory(date.max).past.findings
    counted = false_alarms(past).select("rule_id", "decided", "false_alarms")
    return {rule: {"decided": d, "false_alarms": wrong} for rule, d, wrong in counted.iter_rows()}


def _rate(decided: dict[str, Any] | None) -> str:
    if not decided:
        return "nothing decided"
    share = 100 * decided["false_alarms"] / decided["decided"]
    return f"{share:.0f} % false of {decided['decided']:,}"


def _with_proofs(folder: "RuleFolder") -> "list[Rule]":
    """Retired rules are left alone: the data they were written for may be gone."""
    return [rule for rule in folder.rules if rule.status != "retired"]


def _run_examples(folder: "RuleFolder", rules: "Iterable[Rule]") -> "list[ExampleResult]":
    from validator.engine.examples import run_examples
    from validator.reference.lookup import open_reference

    return run_examples(rules, folder.rule_set(), open_reference())


def _fail_unless_all_hold(results: "Iterable[ExampleResult]") -> None:
    failed = [result for result in results if not result.holds]
    if failed:
        lines = [f"{r.place}: {r.rule_id} is {r.outcome}, expected {r.expect}: {r.says}" for r in failed]
        few = f"{len(failed)} example{'s' * (len(failed) != 1)}"
        raise ExampleError(
            "\n".join([f"{few} of the rules fail", *lines]), fix="mend the rule, or the example."
        )


def _as_json(result: "ExampleResult") -> dict[str, object]:
    place = str(result.place) if result.place else None
    said = {"rule": result.rule_id, "says": result.says, "expect": result.expect, "outcome": result.outcome}
    return {**said, "holds": result.holds, "place": place}


def _summary(rule: "Rule", runs: bool) -> dict[str, object]:
    return {
        "rule": rule.rule_id,
        "version": rule.version,
        "status": rule.status,
        "check_each": rule.check_each,
        "severity": list(dict.fromkeys(case.severity for case in rule.severity)),
        "confidence": rule.confidence,
        "title": rule.title,
        "runs": runs,
        "logic": rule.logic_hash,
    }


def _whole(rule: "Rule", folder: "RuleFolder") -> dict[str, object]:
    from validator.rules.explain import explain as explain_rule

    said = explain_rule(rule, folder.rule_set())
    runs = rule.rule_id in {running.rule_id for running in folder.rule_set().rules}
    return {
        **_summary(rule, runs),
        "why": rule.why,
        "english": said.text(),
        "message": [case.text for case in rule.message],
        "sources": [{"title": s.title, "section": s.section, "checked": s.checked} for s in rule.sources],
        "false_alarms": list(rule.false_alarms),
        "carc": list(rule.carc),
        "rarc": [case.code for case in rule.rarc],
        "examples": [{"says": e.says, "given": e.given, "expect": e.expect} for e in rule.examples],
        "file": folder.files[rule.rule_id].name,
    }


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
