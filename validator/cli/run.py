"""`validator run`: judge claim files and write the run folder."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from validator.run import Night, Progress

_STEPS = {
    "reference": "opening the code reference",
    "rules": "reading the rules and proving their examples",
    "reports": "writing the run folder",
}


class FailOn(StrEnum):
    """The severity from which findings make the exit code 1."""

    REJECT = "reject"
    DENY = "deny"
    AUDIT = "audit"
    ADVISE = "advise"
    NEVER = "never"


def run(
    files: Annotated[list[str], typer.Argument(help="Claim files, folders or globs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder that receives the run folder.")] = Path("reports"),
    layout: Annotated[
        str | None, typer.Option(help="Layout name or file; guessed per file when not given.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules folder instead of the shipped one.")] = None,
    profile: Annotated[str, typer.Option(help="Which rules run, and how severe they are.")] = "default",
    reference: Annotated[
        Path | None, typer.Option(help="A reference built by `validator reference build`.")
    ] = None,
    batch_date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The date of the batch; today when not given.", show_default=False
        ),
    ] = None,
    history: Annotated[
        list[str] | None,
        typer.Option(
            help="Earlier claims to look back on: files, folders, globs, or run folders that kept theirs.",
            show_default=False,
        ),
    ] = None,
    claims_from: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Claims are complete from this day on; their first day of service when not given.",
            show_default=False,
        ),
    ] = None,
    keep_claims: Annotated[
        bool, typer.Option("--keep-claims", help="Keep tonight's claims in the run folder, as history.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Stop at a file that cannot be read; write no run folder."),
    ] = False,
    mask: Annotated[
        bool,
        typer.Option(
            "--mask", help="Show keyed hashes instead of patient and claim numbers; key: OUT/.mask-key."
        ),
    ] = False,
    mask_key: Annotated[
        Path | None,
        typer.Option(help="The same, with the key in this file; it is made if it is not there."),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 when a finding is at least this severe.")
    ] = FailOn.REJECT,
    fail_on_all: Annotated[
        bool, typer.Option("--fail-on-all", help="Count findings that earlier nights told already, too.")
    ] = False,
    group: Annotated[str | None, typer.Option(help="Open the run folder, read only, to this group.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory to plan for, such as 4GB.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="How many files are read at once; one for each processor, at most 4, when not given.",
            min=1,
            max=64,
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Judge claim files by the dated reference and the rules, and write a run folder.

    Exit codes: 0 nothing new at or above --fail-on, 1 new or reopened findings, 15 a file could not be read
    (the run folder is written all the same; with --strict it is 11 and nothing is written); 2, 10-14, 16 and
    70 say that no run folder was written. docs/exit-codes.md.
    """
    from validator.run import Request, run_night

    request = Request(
        files=files,
        out=out,
        layout=layout,
        rules=rules,
        profile=profile,
        reference=reference,
        batch_date=batch_date.date() if batch_date else date.today(),  # the only place that reads the clock
        fail_on=fail_on.value,
        group=group,
        memory_bytes=bytes_of(memory),
        history=tuple(history or ()),
        claims_from=claims_from.date() if claims_from else None,
        keep_claims=keep_claims,
        strict=strict,
        mask_key=mask_key or (mask_key_of(out) if mask else None),
        fail_on_all=fail_on_all,
        jobs=jobs or min(os.cpu_count() or 1, 4),
    )
    with progress_on_stderr(quiet=quiet or as_json) as progress:
        night = run_night(request, progress)
    if as_json:
        typer.echo(json.dumps(result(night)))
    elif not quiet:
        typer.echo(in_words(night))
    raise typer.Exit(night.exit_code)


def mask_key_of(out: Path) -> Path:
    """Where an output folder has its mask key; the folder is made if it is missing."""
    from validator.claims.masking import KEY_NAME
    from validator.reports.lock import output_lock

    with output_lock(out):
        return out / KEY_NAME


def bytes_of(memory: str | None) -> int | None:
    """`4GB`, `512MB` or a plain number of bytes."""
    if memory is None:
        return None
    text = memory.strip().upper().removesuffix("B")
    factor = {"K": 2**10, "M": 2**20, "G": 2**30}.get(text[-1:], 1)
    digits = text[:-1] if factor > 1 else text
    try:
        size = int(float(digits) * factor)
    except ValueError:
        size = 0
    if size < 2**27:
        raise UsageError("--memory is not a size of at least 128MB", fix="Write it as 4GB or 512MB.")
    return size


def result(night: "Night") -> dict[str, object]:
    """What --json prints: counts and names only."""
    content = night.content
    return {
        "run": str(night.published.path),
        "report": str(night.published.path / "report.html"),
        "already_there": night.published.already_there,
        "whole": content.whole,
        "exit_code": int(night.exit_code),
        "totals": {name: _plain(value) for name, value in content.totals.items()},
        "rejected_rows": content.rejected_rows.height,
        "warnings": list(content.warnings),
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value if isinstance(value, int | str | None) else str(value)


def in_words(night: "Night") -> str:
    """The last lines of a run, for a person."""
    content = night.content
    history = [each for each in content.inputs if each["role"] == "history"]
    count = len(content.inputs) - len(history)
    files = f"{count} file{'s' * (count != 1)}"
    rejected = sum(each["rows_rejected"] for each in content.inputs)
    money = content.totals["amount_by_severity"]
    lines = list(content.warnings)
    lines += [f"not read: {each['path']}: {each['error']}" for each in content.inputs if each["error"]]
    lines += [
        f"{content.totals['claims']:,} claims from {files}, {rejected:,} rows rejected",
        f"{content.totals['findings']:,} findings; at risk: "
        + ", ".join(f"{severity} ${amount:,}" for severity, amount in money.items() if severity != "advise"),
    ]
    if history:
        looked_at = sum(each["claims"] for each in history)
        lines.insert(len(lines) - 1, f"{looked_at:,} earlier claims were looked at and not judged")
    silent = content.rule_counts.filter(content.rule_counts["not_evaluated"] > 0).height
    if content.compared_with:
        lines.append(_since(night))
    if silent:
        lines.append(
            f"{silent} of {content.rule_counts.height} rules could not judge every row; the report says why"
        )
    if night.published.already_there:
        lines.append("the same run was there already and is unchanged")
    lines.append(f"report: {night.published.path / 'report.html'}")
    if night.exit_code == ExitCode.NOT_WHOLE:
        lines.append("exit code 15: the batch is not whole")
    return "\n".join(lines)


def _since(night: "Night") -> str:
    """What has changed since the last night that the ledger knows."""
    content = night.content
    standing = content.standing["standing"]
    there = [f"{(standing == word).sum():,} {word}" for word in ("new", "reopened", "open")]
    away = [f"{count:,} {word}" for word, count in sorted(content.gone.items(), reverse=True)]
    return f"since {content.compared_with}: " + ", ".join([*there, *away])


@contextmanager
def progress_on_stderr(*, quiet: bool) -> Iterator["Progress"]:
    """Bars when stderr is a terminal, one plain line per step when it is not, nothing when quiet."""
    if quiet:
        yield lambda _step, _done, _total: None
    elif not sys.stderr.isatty():
        seen: set[str] = set()

        def plain(step: str, done: int, total: int) -> None:
            del done, total
            if step not in seen:
                seen.add(step)
                typer.echo(_STEPS.get(step, f"reading {step}"), err=True)

        yield plain
    else:
        from rich.console import Console
        from rich.progress import Progress as Bars

        tasks = {}
        with Bars(console=Console(stderr=True), transient=True) as bars:

            def bar(step: str, done: int, total: int) -> None:
                if step not in tasks:
                    tasks[step] = bars.add_task(_STEPS.get(step, f"reading {step}"), total=total or None)
                bars.update(tasks[step], completed=done, total=total or None)

            yield bar
