"""Run a command and say how long it took and how much memory it and its children held at the most."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORES = len(os.sched_getaffinity(0))
SAMPLE_SECONDS = 0.02
# A run is disturbed when other programs use more than this share of the machine.
DISTURBED = 0.08
TRIES = 3
PATIENCE_SECONDS = 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """One run of one command; `answer` is what a contestant printed about its own work.

    `disturbed` is the share of the machine that other programs used meanwhile.
    """

    seconds: float
    peak_bytes: int
    disturbed: float
    answer: dict[str, Any]


def run(command: Sequence[str], *, fresh: Path | None = None) -> Measured:
    """Run the command on a quiet machine, and again when others disturbed it; the quietest try counts.

    The folder `fresh` is removed before each try.
    """
    tries: list[Measured] = []
    while len(tries) < TRIES:
        if fresh:
            shutil.rmtree(fresh, ignore_errors=True)
        _wait_for_quiet()
        tries.append(run_once(command))
        if tries[-1].disturbed <= DISTURBED:
            break
    return min(tries, key=lambda one: one.disturbed)


def run_once(command: Sequence[str]) -> Measured:
    """Run the command as it comes; stop with its own words when it fails."""
    start, busy, own = time.perf_counter(), _busy_seconds(), _own_seconds()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watcher = _Watcher(process.pid)
    watcher.start()
    said, complained = process.communicate()
    seconds = time.perf_counter() - start
    watcher.stopped.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{complained[-2000:]}")
    others = (_busy_seconds() - busy) - (_own_seconds() - own)
    try:
        answer = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        answer = {}
    disturbed = max(0.0, others / seconds / CORES)
    return Measured(seconds, watcher.peak_bytes, disturbed, answer if isinstance(answer, dict) else {})


def _wait_for_quiet() -> None:
    """Give other programs some time to finish; measure anyway if they do not."""
    for _ in range(PATIENCE_SECONDS):
        busy = _busy_seconds()
        time.sleep(1)
        if _busy_seconds() - busy <= DISTURBED * CORES:
            return


def _busy_seconds() -> float:
    """Processor seconds of all programs since the machine started."""
    user, nice, system, _idle, _waiting, *interrupts = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Processor seconds of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class _Watcher(threading.Thread):
    """Adds up the resident memory of a process and everything below it, again and again, until told to stop.

    A page that processes share counts once for each, so that several processes are overstated a little.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_bytes = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, sum(map(_resident, _family(self.pid))))


def _family(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for task in Path(f"/proc/{one}/task").glob("*/children"):
                waiting.extend(int(child) for child in task.read_text().split())
        except OSError:  # it ended while we looked
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
