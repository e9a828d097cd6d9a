"""`validator sample`: a seeded audit sample, and the estimate once it is reviewed."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from validator.errors import Place, UsageError


def sample(
    run: Annotated[Path, typer.Argument(help="A run folder, such as reports/latest.")],
    out: Annotated[
        Path | None, typer.Option(help="Where the workbook goes (xlsx).", show_default=False)
    ] = None,
    size: Annotated[int, typer.Option(help="How many findings to draw.", min=2, max=50_000)] = 300,
    seed: Annotated[
        int | None, typer.Option(help="Draw the same sample again; chosen and told if not given.", min=0)
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only findings of this rule; may be given again.")
    ] = None,
    estimate: Annotated[
        Path | None, typer.Option(help="A reviewed workbook: what it says of all findings of the run.")
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="Of the two-sided intervals of the estimate.", min=0.5, max=0.999)
    ] = 0.90,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Draw an audit sample by rule and money into a workbook; or estimate from a reviewed one.

    Exit codes: 0 done; 2 there is no run, no finding to draw from, the workbook is there already, or a cell
    cannot be taken; 16 the file cannot be written.
    """
    from validator.audit.runs import open_run

    finished = open_run(run)
    if estimate:
        from validator.audit.estimate import estimates, in_words, strata_of
        from validator.audit.sample_book import read_sample

        drawn, reviewed = read_sample(finished, estimate)
        told = estimates(strata_of(reviewed, drawn.strata), confidence)
        told |= {"seed": drawn.seed, "frame_hash": drawn.frame_hash}
        drawn_how = f"seed {drawn.seed}, frame hash {drawn.frame_hash}"
        typer.echo(json.dumps(told) if as_json else f"{in_words(told)}\n{drawn_how}")
        return
    if out is None:
        raise UsageError("say where the workbook goes", fix="For instance: --out sample.xlsx")
    if out.exists():
        raise UsageError(
            "there is a file of that name, perhaps one with verdicts",
            fix="Move it away, or choose another --out.",
            place=Place(str(out)),
        )
    from validator.audit.sample import draw, in_short
    from validator.audit.sample_book import write_sample
    from validator.reports.private import private_file

    chosen = draw(finished, secrets.randbelow(10**9) if seed is None else seed, size, rule or ())
    with private_file(out) as file:
        write_sample(finished, chosen, file)
    if as_json:
        typer.echo(json.dumps(in_short(chosen) | {"workbook": str(out)}))
        return
    strata = chosen.strata.height
    typer.echo(f"{chosen.drawn.height:,} of {chosen.frame.height:,} findings from {strata:,} strata: {out}")
    if chosen.together:
        typer.echo(f"rules that share strata, for want of size: {', '.join(chosen.together)}")
    typer.echo(f"seed {chosen.seed}, frame hash {chosen.frame_hash}")
