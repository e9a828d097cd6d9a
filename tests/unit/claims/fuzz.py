"""Feed the readers of text, workbooks, X12, FHIR and layouts with damaged files for as long as one likes.

`python -m tests.unit.claims.fuzz --seconds 600 --seed 1` changes good files at random and reads them. A file
becomes claims, rejections or an error for the user; anything else (another exception, a row that is not
accounted for, a cell of a claim in an error, a reading of minutes, memory that grows) is reported, and the
file is kept. Hypothesis runs the same steps, a few of each, in test_fuzz.py.
"""

import argparse
import io
import json
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.unit.claims import fhir_writer, x12_writer
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
    person = {"id": SECRET, "birth": "19700101", "sex": "F"}
    x12 = [
        x12_writer.interchange(
            [x12_writer.a_claim("A", patient=person), x12_writer.a_claim("B", dependent=person)],
            "professional",
        ),
        x12_writer.interchange(
            [
                x12_writer.a_claim(
                    "C", patient=person, causes=[("W010XXA", "Y")], procedures=[("0SR9019", "20260110")]
                )
            ],
            "institutional",
            x12_writer.Style(after="\n"),
        ),
    ]
    kinds = [("ExplanationOfBenefit", "r4"), ("ExplanationOfBenefit", "stu3"), ("Claim", "r4")]
    sets = [
        [fhir_writer.resource(fhir_writer.a_claim(n, patient=SECRET), *kind) for n in "AB"] for kind in kinds
    ]
    fhir = [fhir_writer.SHAPES[shape](each) for each in sets for shape in ("ndjson", "bundle", "list")]
    layouts = [path.read_bytes() for path in LAYOUTS.glob("*.yaml")]
    return {
        "text": texts,
        "workbook": books,
        "layout": layouts,
        "x12": [text.encode() for text in x12],
        "fhir": [text.encode() for text in fhir],
    }


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


def damaged_segments(content: bytes, chance: random.Random) -> bytes:
    """An X12 file with segments swapped, doubled or left out, and damage to its bytes."""
    parts = content.split(b"~")
    for _ in range(chance.randint(0, 4)):
        one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        if (kind := chance.randrange(3)) == 0:
            parts[one], parts[other] = parts[other], parts[one]
        elif kind == 1:
            parts.insert(one, parts[other])
        elif len(parts) > 1:
            del parts[one]
    content = b"~".join(parts)
    if chance.random() < 0.4:
        at = chance.randrange(len(content) + 1)
        put = bytes(chance.choices(b"*:~^\n\0|>A9\xff", k=chance.randint(1, 5)))
        content = content[:at] + put + content[at:]
    return damaged(content, chance, most=2) if chance.random() < 0.6 else content


def damaged_resources(content: bytes, chance: random.Random) -> bytes:
    """FHIR with values of other types, keys left out, and damage to its bytes."""
    in_lines = content.count(b"\n{") > 0
    resources = [json.loads(part) for part in (content.splitlines() if in_lines else [content])]
    for _ in range(chance.randint(0, 4)):
        _change(chance.choice(resources), chance)
    content = b"\n".join(json.dumps(made).encode() for made in resources)
    if chance.random() < 0.3:
        at = chance.randrange(len(content) + 1)
        put = chance.choice([b"\0", b"\xff", b"\n", b"{", b"]", b'"', b"[" * 3000, b"1e999", b"\\ud800"])
        content = content[:at] + (put + content[at:] if chance.random() < 0.7 else b"")
    return damaged(content, chance, most=2) if chance.random() < 0.3 else content


def _change(made: Any, chance: random.Random) -> None:
    """Change or drop one value somewhere inside."""
    while isinstance(made, dict | list) and made:
        key = chance.choice(list(made) if isinstance(made, dict) else list(range(len(made))))
        if chance.random() < 0.4 or not isinstance(made[key], dict | list):
            strange = [None, -1, 10**30, 1.5, "", "x" * 20_000, [], {}, [[[[1]]]], True, "2026-13-45"]
            if chance.random() < 0.2:
                del made[key]
            else:
                made[key] = chance.choice(strange)
            return
        made = made[key]


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
    "x12": (damaged_segments, read_claims),
    "fhir": (damaged_resources, read_claims),
}


def fuzz(seconds: float, seed: int, keep: Path) -> int:
    """Read damaged files of each kind in turn; returns how many ended as they must not."""
    chance, good, ended, failures = random.Random(seed), seeds(), Counter[str](), 0
    start, memory = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - start < seconds:
            # A workbook takes as long as a hundred texts.
            for kind, times in (("text", 30), ("workbook", 2), ("layout", 30), ("x12", 30), ("fhir", 30)):
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
