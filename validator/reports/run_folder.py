"""The run folder: written aside, synced, renamed into place; whole or not there at all."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from validator.errors import OutputError, Place
from validator.findings.schema import FINDINGS, RULE_COUNTS
from validator.reports import run_json, tables
from validator.reports.content import RunContent
from validator.reports.lock import as_output_error, output_lock
from validator.reports.page import write_page
from validator.reports.worklist import write_worklist

LATEST = "latest"
_UNFINISHED = ".unfinished-"
_AT_ONCE = 2  # files written at a time: the workbook and the page take longest, much of it in packing


@dataclass(frozen=True)
class Published:
    """Where the run stands; `already_there` when an earlier run of the same night had written it."""

    path: Path
    already_there: bool


def run_name(content: RunContent) -> str:
    """`<batch date>-<hash8>`: the same night over the same inputs has the same name."""
    return f"{content.batch_date.isoformat()}-{content.run_hash[:8]}"


def publish(
    out: Path, content: RunContent, *, group: str | None = None, beside: Mapping[str, Path] | None = None
) -> Published:
    """Write the run folder below `out` and point `latest` at it.

    A run folder of the same name is verified against its own run.json and left as it is. `group` opens
    the run folder, read only, to one group; otherwise only the owner can read it. `beside` are files that
    are there already and belong into the folder too: name below it, path. Raises LockedError when
    another run holds `out`, OutputError when the folder cannot be written or the one that is there is
    damaged; nothing half-written stays in either case.
    """
    with output_lock(out), as_output_error(out):
        group_id = _group_id(group)
        remove_unfinished(out)
        run = out / run_name(content)
        already_there = run.exists()
        if already_there:
            _require_same(run, content)
        else:
            _write(out, run, content, group_id, beside or {})
        if group_id is not None:
            _let_group_enter(out, group_id)
        _point_latest(out, run.name)
        return Published(run, already_there)


def followed(path: Path) -> Path:
    """The run folder that a path means: `latest` is a link, or a text file where links are not possible."""
    if path.name == LATEST and path.is_file():
        return (path.parent / path.read_text(encoding="utf-8").strip()).resolve()
    return path.resolve()


def damage(run: Path) -> list[str]:
    """What is wrong with a run folder, held against its own run.json; empty when it is sound."""
    try:
        manifest = json.loads((run / run_json.NAME).read_bytes())
        outputs: Mapping[str, Mapping[str, Any]] = manifest["outputs"]
        expected = {name: output["sha256"] for name, output in outputs.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [f"{run_json.NAME} is missing or cannot be read"]
    problems = []
    for name, sha256 in expected.items():
        try:
            with (run / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            problems.append(f"{name} is missing or cannot be read")
            continue
        if found != sha256:
            problems.append(f"{name} is not what was written")
    return problems


def remove_unfinished(out: Path) -> None:
    """Remove what dead runs left behind. Only for the holder of the lock: then nobody is writing there."""
    for leftover in out.glob(f"{_UNFINISHED}*"):
        if leftover.is_symlink() or not leftover.is_dir():
            leftover.unlink()
        else:
            shutil.rmtree(leftover)


def _outputs(content: RunContent) -> Iterator[tuple[str, Callable[[BinaryIO], None]]]:
    """Every file beside run.json: its name, and how it is written."""
    yield "findings.parquet", lambda file: tables.write_parquet(content.findings, file)
    yield "findings.csv", lambda file: tables.write_csv(content.findings, file, columns=list(FINDINGS))
    yield "standing.parquet", lambda file: tables.write_parquet(content.standing, file)
    yield "claims_at_risk.parquet", lambda file: tables.write_parquet(content.claims_at_risk, file)
    yield "rejected_rows.parquet", lambda file: tables.write_parquet(content.rejected_rows, file)
    yield "superseded_claims.parquet", lambda file: tables.write_parquet(content.superseded_claims, file)
    yield "rules.csv", lambda file: tables.write_csv(content.rule_counts, file, columns=list(RULE_COUNTS))
    yield "worklist.xlsx", lambda file: write_worklist(content, file)
    yield "report.html", lambda file: write_page(content, file)


def _write(
    out: Path, run: Path, content: RunContent, group_id: int | None, beside: Mapping[str, Path]
) -> None:
    """Everything into a hidden folder (mode 0700 from the start), then one rename."""
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=out))
    try:
        outputs: dict[str, dict[str, Any]] = {}
        durations = dict(content.timings)

        def put(output: tuple[str, Callable[[BinaryIO], None]]) -> tuple[str, dict[str, Any], float]:
            name, write = output
            started = time.perf_counter()
            return name, _put(unfinished / name, write, group_id), time.perf_counter() - started

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as writers:
            for name, told, seconds in writers.map(put, _outputs(content)):
                outputs[name] = told
                durations[f"write {name}"] = seconds
        folders = {unfinished, *((unfinished / name).parent for name in beside)}
        for folder in folders - {unfinished}:
            folder.mkdir(mode=0o700)
        for name, path in beside.items():
            outputs[name] = _put(unfinished / name, partial(_copy, path), group_id)
        manifest = run_json.run_json(content, outputs, durations)
        _put(unfinished / run_json.NAME, lambda file: _write_bytes(file, manifest), group_id)
        for folder in folders:
            if group_id is not None:
                os.chown(folder, -1, group_id)
                folder.chmod(0o750)
            _sync_folder(folder)
        unfinished.rename(run)
        _sync_folder(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _put(path: Path, write: Callable[[BinaryIO], None], group_id: int | None) -> dict[str, Any]:
    """Write and sync one new file that only the owner, and the group if any, may read; its hash and size."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        if group_id is not None:
            os.fchown(descriptor, -1, group_id)
            os.fchmod(descriptor, 0o640)
        write(file)
        file.flush()
        os.fsync(descriptor)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": sha256, "bytes": os.fstat(descriptor).st_size}


def _copy(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)


def _write_bytes(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def _sync_folder(folder: Path) -> None:
    """Make names in `folder` lasting; only POSIX systems can, and need, to sync a folder."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_same(run: Path, content: RunContent) -> None:
    """The folder that is there must be sound, and hold the findings that were just made again."""
    problems = damage(run)
    if problems:
        raise OutputError(
            f"the run folder is damaged: {'; '.join(problems)}",
            fix="Move it away and run again; the same inputs give the same folder.",
            place=Place(str(run)),
        )
    if not pl.read_parquet(run / "findings.parquet").equals(content.findings):
        raise OutputError(
            "the same inputs, rules, reference and settings gave other findings than this folder holds",
            fix="Keep the folder, run into another --out, and compare: this should never happen.",
            place=Place(str(run)),
        )


def _point_latest(out: Path, name: str) -> None:
    """Move `latest` to the run in one step; a small text file stands in where links are not possible."""
    beside = out / f"{_UNFINISHED}{LATEST}"
    beside.unlink(missing_ok=True)
    try:
        beside.symlink_to(name, target_is_directory=True)
    except (OSError, NotImplementedError):
        beside.write_text(f"{name}\n", encoding="utf-8")
    beside.replace(out / LATEST)
    _sync_folder(out)


def _group_id(group: str | None) -> int | None:
    if group is None:
        return None
    try:
        import grp

        return grp.getgrnam(group).gr_gid
    except (ImportError, KeyError):
        raise OutputError(
            f'there is no group "{group}" on this machine', fix="Name an existing group with --group."
        ) from None


def _let_group_enter(out: Path, group_id: int) -> None:
    """Let the group reach its run folders, if the output folder is closed to every group.

    One that somebody has already opened to a group is theirs to arrange.
    """
    if out.stat().st_mode & 0o070 == 0:
        os.chown(out, -1, group_id)
        out.chmod(out.stat().st_mode | 0o050)
