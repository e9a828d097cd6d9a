"""Measure the validator beside others in one run and write docs/benchmarks.md.

Contestants take turns, so that a busy moment of the machine hits both; medians are compared. Every contestant
is a process of its own, and its memory is that of all its children too.
"""

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.exchange import write_fhir, write_x12
from benchmarks.measure import Measured, run, run_once

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
WORK = HERE / "work"
VALIDATOR = str(Path(sys.executable).parent / "validator")
BATCH_DATE = "2026-11-01"
SLOWEST = 15
SQL_WAYS = ("range join", "count first", "by release")


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, here and by others, and what it must reach."""

    what: str
    here: str
    other: str
    ratio: str
    must: str
    reached: bool
    runs: Sequence[Measured]

    @property
    def disturbed(self) -> float:
        """The largest share of the machine that other programs used during one of the runs."""
        return max(one.disturbed for one in self.runs)


def median(runs: Sequence[Measured], of: Callable[[Measured], float]) -> float:
    """The middle one of what the runs say."""
    return statistics.median(of(each) for each in runs)


def inner(each: Measured) -> float:
    """The seconds a contestant took by its own clock, without starting Python and importing."""
    return float(each.answer["seconds"])


def take_turns(commands: Mapping[str, Sequence[str]], *, times: int) -> dict[str, list[Measured]]:
    """Run every command so many times, one after the other and round again."""
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def python(module: str, *words: str) -> list[str]:
    """The command that runs a module of benchmarks/ with this interpreter."""
    return [sys.executable, "-m", module, *words]


def batch(name: str, *options: str) -> Path:
    """A made-up batch below benchmarks/work/, made once."""
    path = WORK / f"{name}.parquet"
    if not path.exists():
        run_once(python("benchmarks.generate", "--out", str(path), *options))
    return path


def night(claims: Path) -> Measured:
    """One whole run into an empty folder."""
    out = WORK / "reports"
    options = ["--out", str(out), "--batch-date", BATCH_DATE, "--fail-on", "never", "--json"]
    return run([VALIDATOR, "run", str(claims), *options], fresh=out)


def measure_nights(claims: Path, *, times: int) -> tuple[list[Row], Measured]:
    """`validator run` end to end over 1,000,000 claims."""
    runs = [night(claims) for _ in range(times)]
    seconds, peak = median(runs, lambda each: each.seconds), max(each.peak_bytes for each in runs)
    findings = runs[0].answer["totals"]["findings"]
    row = Row(
        f"`validator run`, 1,000,000 claims, end to end with all reports ({findings:,} findings)",
        f"{seconds:.1f} s, {gib(peak)} peak",
        "",
        "",
        "30 s, 4 GiB",
        seconds <= 30 and peak <= 4 * 2**30,
        runs,
    )
    return [row], sorted(runs, key=lambda each: each.seconds)[len(runs) // 2]


def measure_ten_million(one: Measured) -> list[Row]:
    """Ten times the claims should take ten times the time and the same memory."""
    ten = night(batch("claims-10m", "--claims", "10000000"))
    time_ratio, memory_ratio = ten.seconds / one.seconds, ten.peak_bytes / one.peak_bytes
    return [
        Row(
            "10,000,000 claims against 1,000,000",
            f"{ten.seconds:.1f} s, {gib(ten.peak_bytes)} peak",
            f"{one.seconds:.1f} s, {gib(one.peak_bytes)} peak",
            f"{time_ratio:.1f}x the time, {memory_ratio:.2f}x the memory",
            "11x, 1.2x",
            time_ratio <= 11 and memory_ratio <= 1.2,
            [ten],
        )
    ]


def measure_code_set(claims: Path, *, times: int) -> list[Row]:
    """The dated code-set check alone, against the fastest of the ways to write it in SQL."""
    from benchmarks.contestants.code_set import prepare_code_tables

    tables = WORK / "codes.duckdb"
    prepare_code_tables(tables, claims)
    contestant = "benchmarks.contestants.code_set"
    commands = {way: python(f"{contestant}_duckdb", str(claims), str(tables), way) for way in SQL_WAYS}
    commands["validator"] = python(f"{contestant}_validator", str(claims))
    runs = take_turns(commands, times=times)
    answers = {str(each[0].answer["counts"]) for each in runs.values()}
    if len(answers) > 1:
        sys.exit(f"the contestants of the code-set check disagree: {answers}")
    best = min(SQL_WAYS, key=lambda way: median(runs[way], inner))
    ours, theirs = median(runs["validator"], inner), median(runs[best], inner)
    peak = {name: max(each.peak_bytes for each in runs[name]) for name in ("validator", best)}
    return [
        Row(
            "dated code-set check alone, 1,000,000 claims",
            f"{ours:.2f} s, {gib(peak['validator'])}",
            f'DuckDB SQL ("{best}"): {theirs:.2f} s, {gib(peak[best])}',
            f"{theirs / ours:.1f}x",
            "as fast",
            theirs >= ours,
            [*runs["validator"], *runs[best]],
        )
    ]


def measure_code_editor(*, times: int) -> list[Row]:
    """The Medicare Code Editor's diagnosis edits over inpatient claims, against the msdrg package."""
    claims = batch("stays", "--claims", "500000", "--inpatient-only")
    commands = {
        "validator": python("benchmarks.contestants.mce_validator", str(claims)),
        "msdrg": python("benchmarks.contestants.mce_msdrg", str(claims), "--count", "100000"),
    }
    runs = take_turns(commands, times=times)
    rows = []
    for clock, what in (
        ("seconds", "judging claims that are ready in memory"),
        ("from_file", "from the Parquet file on"),
    ):
        speed = {
            name: median(each, lambda one, clock=clock: one.answer["claims"] / one.answer[clock])
            for name, each in runs.items()
        }
        peak = {name: max(each.peak_bytes for each in one) for name, one in runs.items()}
        rows.append(
            Row(
                f"MCE diagnosis edits, {what}",
                f"{speed['validator']:,.0f} claims/s, {gib(peak['validator'])}",
                f"msdrg, {runs['msdrg'][0].answer['processes']} processes: "
                f"{speed['msdrg']:,.0f} claims/s, {gib(peak['msdrg'])}",
                f"{speed['validator'] / speed['msdrg']:.1f}x",
                "30x",
                speed["validator"] >= 30 * speed["msdrg"],
                [*runs["validator"], *runs["msdrg"]],
            )
        )
    return rows


def measure_small(*, times: int) -> list[Row]:
    """What a person waits for at the keyboard."""
    small = batch("claims-1k", "--claims", "1000")
    helps = [run([VALIDATOR, "--help"]) for _ in range(times)]
    nights = [night(small) for _ in range(times)]
    rows = []
    for what, runs, must in (
        ("`validator --help`", helps, 0.3),
        ("`validator run`, 1,000 claims, end to end", nights, 2.0),
    ):
        seconds, peak = median(runs, lambda each: each.seconds), max(each.peak_bytes for each in runs)
        rows.append(Row(what, f"{seconds:.2f} s, {gib(peak)}", "", "", f"{must:g} s", seconds <= must, runs))
    return rows


def measure_reading(*, times: int) -> list[Row]:
    """A CSV file as rows of text, and as canonical tables, beside Polars reading the same columns as text."""
    claims = WORK / "claims-300k.csv"
    if not claims.exists():
        run_once(python("benchmarks.generate", "--out", str(claims), "--claims", "300000"))
    contestant = "benchmarks.contestants.read_csv"
    ways = ("polars", "rows", "tables")
    runs = take_turns({way: python(contestant, str(claims), way) for way in ways}, times=times)
    seconds = {way: median(runs[way], inner) for way in ways}
    peak = {way: max(each.peak_bytes for each in runs[way]) for way in ways}
    rows = []
    for way, what, most in (
        ("rows", "every row and cell of a CSV file told apart", 2),
        ("tables", "CSV file to canonical, derived tables", 6),
    ):
        ratio = seconds[way] / seconds["polars"]
        rows.append(
            Row(
                f"{what} ({claims.stat().st_size / 1e6:.0f} MB)",
                f"{seconds[way]:.1f} s, {gib(peak[way])}",
                f"Polars, all columns as text: {seconds['polars']:.1f} s, {gib(peak['polars'])}",
                f"{ratio:.1f}x the time",
                f"{most}x",
                ratio <= most,
                [*runs[way], *runs["polars"]],
            )
        )
    return rows


def measure_exchange(*, times: int) -> list[Row]:
    """X12 and FHIR files on to canonical tables, beside other programs that read them, on one core's work."""
    rows = []
    for kind, write, others, must in (
        ("X12 837", write_x12, ("x12sdk", "pyx12"), 5),
        ("FHIR NDJSON", write_fhir, ("json",), 50),
    ):
        whole, part = WORK / f"{kind[:3].lower()}-100.txt", WORK / f"{kind[:3].lower()}-3.txt"
        for path, size in ((whole, 100), (part, 3)):
            if not path.exists():
                write(path, size)
        # The libraries for X12 take minutes for the whole: they read a part, and rates are compared.
        given = {"validator": whole, **dict.fromkeys(others, part if kind == "X12 837" else whole)}
        contestant = "benchmarks.contestants.read_exchange"
        commands = {way: python(contestant, str(path), way) for way, path in given.items()}
        runs = take_turns(commands, times=times)
        rate = {way: given[way].stat().st_size / 1e6 / median(runs[way], inner) for way in given}
        peak = max(each.peak_bytes for each in runs["validator"])
        rows += [
            Row(
                f"{kind} to canonical tables ({whole.stat().st_size / 1e6:.0f} MB)",
                f"{rate['validator']:.1f} MB/s, {gib(peak)}",
                f"{other}: {rate[other]:.2f} MB/s ({given[other].stat().st_size / 1e6:.0f} MB)",
                f"{rate['validator'] / rate[other]:.1f}x",
                f"{must} MB/s",
                rate["validator"] >= must,
                [*runs["validator"], *runs[other]],
            )
            for other in others
        ]
    return rows


def measure_report() -> list[Row]:
    """The size of the page when there is much to show."""
    done = night(batch("findings-100k", "--claims", "250000", "--wrong-codes", "0.085"))
    findings = done.answer["totals"]["findings"]
    size = Path(done.answer["report"]).stat().st_size
    per_100k = size * 100_000 / findings
    return [
        Row(
            f"report.html at {findings:,} findings",
            f"{size / 1e6:.1f} MB",
            "",
            "",
            "10 MB",
            per_100k <= 10e6,
            [done],
        )
    ]


def measure_rules() -> str:
    """Time per rule and by the number of rules, as a section of the page."""
    told = run(python("benchmarks.contestants.rule_times", str(batch("claims-150k", "--claims", "150000"))))
    answer = told.answer
    seconds: dict[str, float] = answer["rules"]
    whole = sum(seconds.values())
    slowest = sorted(seconds, key=lambda rule: -seconds[rule])[:SLOWEST]
    rest = whole - sum(seconds[rule] for rule in slowest)
    shown = [f"| {rule} | {seconds[rule]:.2f} | {seconds[rule] / whole:.0%} |" for rule in slowest]
    growth = [
        f"| {count} | {spent:.1f} | {1000 * spent / int(count):.0f} |"
        for count, spent in answer["growth"].items()
    ]
    return "\n".join(
        [
            "",
            "## Time of the rules",
            "",
            f"Processor seconds over one partition of {answer['claims']:,} claims, {told.disturbed:.0%} "
            f"disturbed. What several rules read is made once and takes {answer['shared']:.1f} s; the rules "
            f"by themselves take {whole:.1f} s.",
            "",
            "| rule | s | of all rules |",
            "|---|---|---|",
            *shown,
            f"| the other {len(seconds) - len(slowest)} | {rest:.2f} | {rest / whole:.0%} |",
            "",
            "| number of rules, spread over all groups | s, findings included | ms for each rule |",
            "|---|---|---|",
            *growth,
            "",
        ]
    )


def gib(size: float) -> str:
    """Bytes as GiB."""
    return f"{size / 2**30:.2f} GiB"


def machine() -> str:
    """What it ran on, in general words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb", "msdrg"))
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{cores} cores, {memory:.0f} GiB of memory, {system}, {packages}"


def said(row: Row) -> str:
    """The row as a line of the table."""
    reached = "yes" if row.reached else "no"
    cells = (row.what, row.here, row.other, row.ratio, row.must, reached, f"{row.disturbed:.0%}")
    return f"| {' | '.join(cells)} |"


def page(rows: Sequence[Row], of_rules: str, command: str) -> str:
    """docs/benchmarks.md: the notes that stay, the last table, and the time of the rules."""
    lines = [(HERE / "page.md").read_text(encoding="utf-8").rstrip(), "", "## Last run", ""]
    lines += [f"`{command}` on {machine()}.", ""]
    lines += [
        "| what | here | other | ratio | must reach | reached | disturbed |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [said(row) for row in rows]
    return "\n".join(lines) + "\n" + of_rules


def main() -> None:
    """Measure, print the table, write the page."""
    parser = argparse.ArgumentParser(description="Measure the validator beside others.")
    parser.add_argument("--times", type=int, default=3, help="runs of each contestant; the median counts")
    parser.add_argument(
        "--ten-million", action="store_true", help="also 10,000,000 claims (some minutes and 1 GB of disk)"
    )
    parser.add_argument(
        "--dry", action="store_true", help="print the table, leave docs/benchmarks.md as it is"
    )
    given = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    claims = batch("claims-1m", "--claims", "1000000")
    nights, one = measure_nights(claims, times=given.times)
    rows = list(nights)
    print(said(rows[0]), flush=True)
    parts = [
        lambda: measure_code_set(claims, times=max(5, given.times)),
        lambda: measure_code_editor(times=given.times),
        lambda: measure_small(times=max(5, given.times)),
        lambda: measure_reading(times=max(5, given.times)),
        lambda: measure_exchange(times=given.times),
        measure_report,
        *([lambda: measure_ten_million(one)] if given.ten_million else []),
    ]
    for part in parts:
        for row in part():
            rows.append(row)
            print(said(row), flush=True)
    command = "make bench" + (" BENCH=--ten-million" if given.ten_million else "")
    of_rules = measure_rules()
    print(of_rules, flush=True)
    text = page(rows, of_rules, command)
    if not given.dry:
        (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
