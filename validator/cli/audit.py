"""`validator rerun`, `diff` and `explain`: what an auditor asks of finished runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import polars as pl

    from validator.rules.model import Severity

_Run = Annotated[Path, typer.Argument(help="A run folder, such as reports/latest.")]
_Files = Annotated[
    list[str] | None,
    typer.Argument(help="Where its inputs are now; where they were when not given.", show_default=False),
]
_History = Annotated[list[str] | None, typer.Option(help="Where its history is now.", show_default=False)]
_Csv = Annotated[Path | None, typer.Option(help="Write every finding that differs to this file.")]
_MaskKey = Annotated[Path | None, typer.Option(help="The key of a masked run; OUT/.mask-key if not given.")]
_Rules = Annotated[Path | None, typer.Option(help="Another rules folder instead of the run's own.")]
_Profile = Annotated[str | None, typer.Option(help="Another profile instead of the run's own.")]
_Reference = Annotated[Path | None, typer.Option(help="Another reference instead of the run's own.")]


def rerun(
    run: _Run,
    files: _Files = None,
    history: _History = None,
    rules: _Rules = None,
    reference: _Reference = None,
    mask_key: _MaskKey = None,
    current: Annotated[
        bool,
        typer.Option("--current", help="Use the rules and reference of today, not the run's own copies."),
    ] = False,
    csv: _Csv = None,
) -> None:
    """Run a finished run again from its run.json, and say whether every finding is the same.

    Exit codes: 0 identical, 1 not; 2, 10-13 and 16 say that it could not be run again.
    """
    from validator.audit.rerun import in_words, request_of
    from validator.audit.rerun import rerun as run_again
    from validator.audit.runs import open_run
    from validator.cli.run import progress_on_stderr

    finished = open_run(run)
    request = request_of(
        finished,
        files or (),
        history=history or (),
        rules=rules,
        reference=reference,
        own_copies=not current,
        mask_key=mask_key,
    )
    with progress_on_stderr(quiet=False) as progress:
        told = run_again(finished, request, progress)
    if csv:
        _write(told.causes, csv)
    typer.echo(in_words(told))
    raise typer.Exit(ExitCode.NOTHING_FOUND if told.identical else ExitCode.FINDINGS)


def diff(
    run: _Run,
    other: Annotated[
        Path | None,
        typer.Argument(help="Another run folder; leave it out to ask what if.", show_default=False),
    ] = None,
    rules: _Rules = None,
    profile: _Profile = None,
    reference: _Reference = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(help="Judge as if a rule had this severity: DX210=reject.", show_default=False),
    ] = None,
    csv: _Csv = None,
    html: Annotated[Path | None, typer.Option(help="Write the comparison as a page to this file.")] = None,
) -> None:
    """Compare two runs, or one run with what other rules, profiles or severities would say of its inputs.

    Exit codes: 0 compared, whatever differs; 2 there is no run, or nothing to compare with.
    """
    from validator.audit.compare import compare, in_words
    from validator.audit.rerun import request_of, side_of, side_of_content
    from validator.audit.runs import open_run
    from validator.cli.run import progress_on_stderr
    from validator.run import judge_again

    first = open_run(run)
    if other:
        second = side_of(open_run(other))
    elif rules or profile or reference or what_if:
        asked = request_of(
            first, rules=rules, profile=profile, reference=reference, severities=_severities(what_if or [])
        )
        with progress_on_stderr(quiet=False) as progress:
            second = side_of_content(_asked(rules, profile, reference, what_if), judge_again(asked, progress))
    else:
        raise UsageError(
            "there is nothing to compare with",
            fix="Name another run folder, or --rules, --profile, --reference or --what-if.",
        )
    comparison = compare(side_of(first), second)
    if csv:
        _write(comparison.changes, csv)
    if html:
        from validator.audit.difference_page import write_difference
        from validator.reports.private import private_file

        with private_file(html) as file:
            write_difference(comparison, file)
    typer.echo(in_words(comparison))


def explain(
    run: _Run,
    claim: Annotated[str, typer.Argument(help="A claim number, or the id of a finding.")],
    files: _Files = None,
    history: _History = None,
    every: Annotated[
        bool, typer.Option("--all", help="Tell every rule, also those that are clear or out of scope.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Explain a claim: every rule with its outcome and the values it read; or where a finding comes from.

    The inputs are read again, with the run's own rules and reference. What is printed are values of a claim.
    Exit codes: 0 explained; 2, 10-13 and 16 say that it could not be.
    """
    from validator.audit.explain import explain_claim, in_words
    from validator.audit.rerun import request_of
    from validator.audit.runs import open_run
    from validator.cli.run import progress_on_stderr

    finished = open_run(run)
    request = request_of(finished, files or (), history=history or ())
    with progress_on_stderr(quiet=as_json) as progress:
        told = explain_claim(finished, request, claim, progress)
    typer.echo(json.dumps([asdict(each) for each in told]) if as_json else in_words(told, every=every))


def _asked(rules: Path | None, profile: str | None, reference: Path | None, what_if: list[str] | None) -> str:
    """What was asked, in the words it was asked with."""
    parts = [f"rules {rules.name}"] if rules else []
    parts += [f"profile {profile}"] if profile else []
    parts += [f"reference {reference.name}"] if reference else []
    return f"what if {', '.join([*parts, *(what_if or [])])}"


def _severities(given: list[str]) -> "dict[str, Severity]":
    from validator.rules.model import SEVERITIES

    told: dict[str, Severity] = {}
    for each in given:
        rule_id, _, word = each.partition("=")
        if word not in SEVERITIES:
            raise UsageError(
                "--what-if is not a rule and a severity",
                fix="Write it as DX210=reject; or deny, audit, advise.",
            )
        told[rule_id.strip().upper()] = word
    return told


def _write(frame: "pl.DataFrame", path: Path) -> None:
    from validator.reports.private import private_file
    from validator.reports.tables import write_csv

    with private_file(path) as file:
        write_csv(frame, file, columns=frame.columns)
