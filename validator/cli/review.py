"""`validator review`: worklists out, decisions back in, and how far the work has come."""

import getpass
import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Write worklists, take decisions back in, show progress.")

_Run = Annotated[Path, typer.Argument(help="A run folder, such as reports/latest.")]


class SheetPer(StrEnum):
    """What gets a sheet of its own."""

    PAYER = "payer"
    PROVIDER = "provider"
    RULE = "rule"
    OWNER = "owner"


_COLUMNS = {
    SheetPer.PAYER: "payer_id",
    SheetPer.PROVIDER: "billing_npi",
    SheetPer.RULE: "rule_id",
    SheetPer.OWNER: "owner",
}


@app.command("export")
def export(
    run: _Run,
    file: Annotated[Path, typer.Argument(help="Where the workbook goes (xlsx); the folder is there.")],
    sheet_per: Annotated[
        SheetPer | None, typer.Option(help="One sheet for each payer, provider, rule or owner.")
    ] = None,
) -> None:
    """Write the worklist of a run once more, with what was decided since.

    Exit codes: 0 done, 2 there is no run, 14 a run is writing, 16 run or ledger damaged, file not writable.
    """
    from validator.audit.runs import open_run, with_decisions
    from validator.reports.lock import output_lock
    from validator.reports.private import private_file
    from validator.reports.worklist import write_worklist

    finished = open_run(run)
    with output_lock(finished.out):
        finished = with_decisions(finished)
    with private_file(file) as written:
        write_worklist(finished, written, _COLUMNS[sheet_per] if sheet_per else None)
    typer.echo(f"worklist: {file}")


@app.command("import")
def import_(
    run: _Run,
    file: Annotated[Path, typer.Argument(help="The worklist, filled in: xlsx or csv.")],
    by: Annotated[
        str | None, typer.Option(help="Who decided; the account's name when not given.", show_default=False)
    ] = None,
) -> None:
    """Take the decisions of a filled worklist into the ledger, all or none; later nights know them.

    Exit codes: 0 done, 2 a cell cannot be taken, 14 a run is writing, 16 run or ledger damaged.
    """
    from validator.audit.returned import read_worklist
    from validator.audit.runs import open_run, with_decisions
    from validator.ledger.book import Ledger, Review
    from validator.reports.lock import output_lock

    finished = open_run(run)
    with output_lock(finished.out):
        finished = with_decisions(finished)
        told = read_worklist(finished, file)
        review = Review(finished.run_hash, by or getpass.getuser(), date.today(), told.decisions)
        added = Ledger(finished.out).decide(review)
    again = told.decisions.height - added
    typer.echo(f"{added:,} decisions taken in" + (f", {again:,} were known already" if again else ""))
    typer.echo(f"{told.untouched:,} rows without a decision")


@app.command("status")
def status(
    run: _Run, as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False
) -> None:
    """Show how far the work on a run is: what is decided, how old the rest is, how often a rule was wrong.

    Exit codes: 0 done, 2 there is no run, 14 a run is writing, 16 run or ledger damaged.
    """
    from validator.audit.progress import in_words, progress_of
    from validator.audit.runs import open_run, with_decisions
    from validator.reports.lock import output_lock

    finished = open_run(run)
    with output_lock(finished.out):
        progress = progress_of(with_decisions(finished))
    typer.echo(json.dumps(progress, default=str) if as_json else in_words(progress))
