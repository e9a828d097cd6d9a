"""Typer commands: arguments, exit codes, what is printed; no logic.

Modules of this room import the heavy libraries inside their commands, so that `validator --help` stays
quick.
"""

import gc
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from validator.cli import audit, code, layouts, reference, review, rules, run, runs, sample, search
from validator.errors import ExitCode, ValidatorError

_KEEP_MEMORY = "dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always"  # decisions/0013
# Rules are many small objects that live as long as the run; looking through them for cycles finds none.
_OBJECTS_BETWEEN_SEARCHES = 50_000

app = typer.Typer(
    name="validator",
    help="Check the coding of health-care claims against dated official references and readable rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("rerun")(audit.rerun)
app.command("diff")(audit.diff)
app.command("explain")(audit.explain)
app.command("sample")(sample.sample)
app.command("code")(code.code)
app.command("search")(search.search)
app.add_typer(rules.app, name="rules")
app.add_typer(reference.app, name="reference")
app.add_typer(runs.app, name="runs")
app.add_typer(review.app, name="review")
app.add_typer(layouts.app, name="layouts")


def main() -> None:
    """Entry point: run the command, turn errors into a sentence and an exit code."""
    interrupts = _note_interrupts()
    # Read when Polars is imported: keep memory that is free again, for the next table will want it at once.
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"{_KEEP_MEMORY},narenas:{os.cpu_count() or 1}")
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    try:
        app(standalone_mode=True)
    except BaseException as error:  # a library's panic is no Exception
        if interrupts:
            typer.echo("validator: interrupted; nothing half-written stays", err=True)
            sys.exit(ExitCode.INTERRUPTED)
        if isinstance(error, SystemExit):
            _leave(error)
        if isinstance(error, ValidatorError):
            typer.echo(f"validator: {error}", err=True)
            sys.exit(error.exit_code)
        # The last resort, without the text of a library's error: it may hold values of a claim.
        typer.echo(f"validator: internal error, {type(error).__name__} at {_own_place(error)}", err=True)
        typer.echo("  Nothing half-written stays. Report this line; it holds no value of a claim.", err=True)
        sys.exit(ExitCode.INTERNAL)


def _leave(end: SystemExit) -> NoReturn:
    """End at once: everything is written and closed, and taking the libraries apart helps nobody."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody listens, or no room: Python tells it in its own way
        raise end from None
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


def _note_interrupts() -> list[int]:
    """Grows with each interrupt from the keyboard: libraries turn the exception into errors of their own."""
    noted: list[int] = []

    def interrupted(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupted)
    return noted


def _own_place(error: BaseException) -> str:
    """File and line of the last frame inside this package: where to look, without a value."""
    package = Path(__file__).resolve().parent.parent
    place = "unknown"
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename).resolve()
        if path.is_relative_to(package):
            place = f"{path.relative_to(package.parent)}:{frame.lineno}"
    return place
