"""`validator runs`: list the runs of an output folder, remove old ones, keep its ledger safe."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List and remove runs; check, back up and restore their ledger.", no_args_is_help=True)

_Out = Annotated[Path, typer.Option("--out", help="The output folder of the runs.")]


@app.command("list")
def list_runs(out: _Out = Path("reports")) -> None:
    """List every run that the ledger knows, with what was new and what was resolved."""
    from validator.ledger.book import Ledger

    rows = [
        (str(run.batch_date), run.run_name, run.claims, run.new, run.reopened, run.resolved, run.whole)
        for run in Ledger(out).runs()
    ]
    typer.echo(f"{'batch date':<12}{'run':<22}{'claims':>12}{'new':>10}{'reopened':>10}{'resolved':>10}")
    for day, name, claims, new, reopened, resolved, whole in rows:
        there = "" if (out / name).is_dir() else "  removed"
        said = f"{day:<12}{name:<22}{claims:>12,}{new:>10,}{reopened:>10,}{resolved:>10,}"
        typer.echo(f"{said}{'' if whole else '  not whole'}{there}")


@app.command("check")
def check_ledger(out: _Out = Path("reports")) -> None:
    """Read the ledger through and hold every run against the chain of hashes.

    Exit codes: 0 sound, 16 damaged or edited.
    """
    from validator.ledger.book import Ledger

    typer.echo(f"the ledger is sound: {Ledger(out).check():,} runs")


@app.command("prune")
def prune_runs(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Remove runs of batch dates before this day.")
    ],
    out: _Out = Path("reports"),
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove the run folders of earlier batch dates; the latest run and the ledger stay.

    Exit codes: 0 done, 14 a run is writing, 16 a folder cannot be removed.
    """
    from validator.reports.prune import prune

    old = prune(out, before.date(), dry=dry)
    for path in old:
        typer.echo(path.name)
    typer.echo(f"{len(old)} run folders {'would be' if dry else 'were'} removed")


@app.command("backup")
def back_up(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")], out: _Out = Path("reports")
) -> None:
    """Copy the ledger to a file, whole or not at all.

    Exit codes: 0 done, 14 a run is writing, 16 there is no sound ledger, or the file cannot be written.
    """
    from validator.ledger.book import Ledger
    from validator.reports.lock import output_lock

    with output_lock(out):
        Ledger(out).back_up(file)
    typer.echo(f"ledger: {file}")


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A copy made by `validator runs backup`.")],
    out: _Out = Path("reports"),
) -> None:
    """Put a back-up in the place of the ledger; what was there stays as .ledger-before-restore.

    Exit codes: 0 done, 14 a run is writing, 16 the file is no sound ledger.
    """
    from validator.ledger.book import Ledger
    from validator.reports.lock import output_lock

    with output_lock(out):
        runs = Ledger(out).restore(file)
    typer.echo(f"the ledger is restored: {runs:,} runs")
