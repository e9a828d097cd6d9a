"""Typer commands: arguments, exit codes, what is printed; no logic.

Modules of this room import the heavy libraries inside their commands, so that `validator --help` stays
quick.
"""

import sys

import typer

from validator.cli import code, layouts, reference, rules, run
from validator.errors import ExitCode, ValidatorError

app = typer.Typer(
    name="validator",
    help="Check the coding of health-care claims against dated official references and readable rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("code")(code.code)
app.add_typer(rules.app, name="rules")
app.add_typer(reference.app, name="reference")
app.add_typer(layouts.app, name="layouts")


def main() -> None:
    """Entry point: run the command, turn errors into a sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except ValidatorError as error:
        typer.echo(f"validator: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("validator: interrupted; nothing was written", err=True)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback may show values of a claim
        typer.echo(f"validator: internal error ({type(error).__name__}); no run folder was written", err=True)
        sys.exit(ExitCode.INTERNAL)
