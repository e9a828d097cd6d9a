"""Run a command and say how long it took and how much memory it and its children held at the most."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """One run of one command; `answer` is what a contestant printed about its own work."""

    seconds: float
    peak_bytes: int
    exit_code: int
    answer: dict[str, Any]


def run(command: Sequence[str], *, accept: Sequence[int] = (0,)) -> Measured:
    """Run the command; stop with its own words when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watcher = _Watcher(process.pid)
    watcher.start()
    said, complained = process.communicate()
    seconds = time.perf_counter() - start
    watcher.stopped.set()
    watcher.join()
    if process.returncode not in accept:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{complained[-2000:]}")
    try:
        answer = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        answer = {}
    return Measured(
        seconds, watcher.peak_bytes, process.returncode, answer if isinstance(answer, dict) else {}
    )


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
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting.extend(int(child) for child in task.read_text().split())
            except OSError:  # it ended while we looked
                continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
