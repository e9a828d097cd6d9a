"""Feed the readers of text, workbooks and layouts with damaged files for as long as one likes.

`python -m tests.unit.claims.fuzz --seconds 600 --seed 1` changes good files at random and reads them. A file
becomes claims, rejections or an error for the user; anything else (another exception, a row that is not
accounted for, a cell of a claim in an error, a reading of minutes, memory that grows) is reported, and the
file is kept. Hypothesis runs the same steps, a few of each, in test_fuzz.py.
"""

import argparse
import io
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.unit.claims.claim_files import as_bytes, one_line, read
from tests.unit.claims.workbooks import ods, workbook
from validator.claims.layout import LAYOUTS, read_layout
from validator.errors import ClaimFileError, UsageError

SECRET = "SECRET4711"
SLOW = 60.0  # seconds of processor time; the largest seed takes a fraction of one
CORPUS = Path(__file__).parent / "corpus"
# What breaks readers: marks, ends, fillers, numbers at the edge, other encodings, pieces of other formats.
PIECES = (
    *(b'"', b'""', b",", b"|", b"\t", b";", b"\r", b"\n", b"\r\n", b"\0", b"\x1a", b"'", b"\\", b"#", b"="),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x80", b"\xc3\x28", "\u2028".encode(), "é".encode()),
    *(b"1e999", b"-1", b"99999999999999999999", b"NaN", b"1.23457E+15", b"2-Mar", b"0000-00-00", b"#N/A"),
    *(b"{", b"}", b"[", b"]", b":", b"<", b">", b"&", b"&#0;", b"]]>", b"- ", b"  ", b"? ", b"*a", b"&a ", b"!!int "),
    *(b"XFD1048576", b"A0", b"ZZZZ1", b'r="', b't="s"', b't="inlineStr"', b"<v>", b"</c>", b"{join: [", b"..25"),
)  # fmt: skip


def seeds() -> dict[str, list[bytes]]:
    """Good files of each kind, with a secret in their cells."""
    rows = [
        one_line(claim_id=f"C{n}", patient_id=SECRET, diagnosis_2="I10", modifier_1="25", plan_id='a "b"\nc')
        for n in range(6)
    ]
    texts = [as_bytes(rows, format_) for format_ in ("csv", "tsv", "pipe", "semicolon", "ndjson")]
    texts += [path.read_bytes() for path in CORPUS.iterdir() if path.suffix not in (".xls", ".ods")]
    typed = [["claim_id", "patient_id", "diagnosis_1", "units"], *([n, SECRET, "I10", 1.5] for n in range(9))]
    books = [as_bytes(rows, "xlsx"), workbook({"Title": [["x"]], "Claims": [[SECRET], [], *typed]})]
    books += [ods([[str(cell) for cell in row] for row in typed]), (CORPUS / "old_workbook.xls").read_bytes()]
    layouts = [path.read_bytes() for path in LAYOUTS.glob("*.yaml")]
    return {"text": texts, "workbook": books, "layout": layouts}


def damaged(content: bytes, chance: random.Random, *, most: int = 6) -> bytes:
    """The bytes with a few pieces put in, left out, doubled or changed."""
    for _ in range(chance.randint(1, most)):
        at, length = chance.randrange(len(content) + 1), chance.choice((1, 1, 2, 8, 64, 512))
        cut = content[at : at + length]
        put = chance.choice((b"", cut * 2, chance.choice(PIECES), chance.randbytes(length), cut[::-1]))
        content = content[:at] + put + content[at + (length if chance.random() < 0.7 else 0) :]
    return content


def damaged_book(content: bytes, chance: random.Random) -> bytes:
    """A workbook with damage inside one of its parts, or to its bytes as a whole."""
    if chance.random() < 0.25 or not content.startswith(b"PK"):
        return damaged(content, chance)
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = old.namelist()
        cells = [name for name in names if "sheet" in name or "content" in name or "Strings" in name]
        hit = chance.choice(cells if chance.random() < 0.8 else names)
        for name in names:
            new.writestr(name, damaged(old.read(name), chance, most=2) if name == hit else old.read(name))
    return buffer.getvalue()


def read_claims(content: bytes, folder: Path) -> str:
    """Read the bytes as claims; how it ended."""
    path = folder / "claims.dat"
    path.write_bytes(content)
    try:
        found = read(path)
    except ClaimFileError as error:
        assert SECRET not in str(error), "a cell of a claim stands in an error"
        return "refused"
    told = " ".join((*found.account.notes, *found.account.rejected_by_reason))
    assert SECRET not in told, "a cell of a claim stands in a note"
    return "read"


def read_yaml(content: bytes, folder: Path) -> str:
    """Read the bytes as a layout; how it ended."""
    path = folder / "own.yaml"
    path.write_bytes(content)
    try:
        read_layout(path)
    except UsageError:
        return "refused"
    return "read"


Step = tuple[Callable[[bytes, random.Random], bytes], Callable[[bytes, Path], str]]
STEPS: Mapping[str, Step] = {
    "text": (damaged, read_claims),
    "workbook": (damaged_book, read_claims),
    "layout": (damaged, read_yaml),
}


def fuzz(seconds: float, seed: int, keep: Path) -> int:
    """Read damaged files of each kind in turn; returns how many ended as they must not."""
    chance, good, ended, failures = random.Random(seed), seeds(), Counter[str](), 0
    start, memory = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - start < seconds:
            # A workbook takes as long as a hundred texts: a third of the time for each kind.
            for kind, times in (("text", 30), ("workbook", 2), ("layout", 30)):
                damage, reading = STEPS[kind]
                for _ in range(times):
                    content = damage(chance.choice(good[kind]), chance)
                    before = time.process_time()
                    try:
                        ended[f"{kind} {reading(content, Path(folder))}"] += 1
                        assert time.process_time() - before < SLOW, "slow"
                    except BaseException as error:  # a library's panic is no Exception
                        if isinstance(error, KeyboardInterrupt):
                            raise
                        failures += 1
                        path = keep / f"{kind}-{seed}-{failures}"
                        path.write_bytes(content)
                        print(f"{path}: {type(error).__name__}", file=sys.stderr)
            memory = memory or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    print(
        dict(sorted(ended.items())),
        f"{failures} failures, {sum(ended.values()):,} executions, {grown >> 10} MB grown",
    )
    return failures


def main() -> None:
    """Read the arguments and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(), help="folder for the files that went wrong")
    given = parser.parse_args()
    sys.exit(fuzz(given.seconds, given.seed, given.keep) > 0)


if __name__ == "__main__":
    main()
