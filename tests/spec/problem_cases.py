"""Reads the cases of docs/errors-rules.md and tests/spec/rule_problems: what was written, and what is said.

A case is a heading that begins with a problem code, one or more ```yaml blocks and one ```text block. A
yaml block is the sample rule with those keys put in place of its own; one that begins with `# rules/...` is
that file: another sample rule changed the same way (or as it stands, `# rules/..., whole`), or a file beside
the rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLE_FILE = "rules/claim/ZZ001-sample.yaml"
SAMPLE = """\
rule: ZZ001
title: A sample
version: 1
status: active
severity: deny
confidence: certain
why: To show a message.
source:
  - {title: The rule language, checked: 2026-02-10}
check_each: claim
flag_when:
  claim.type: dental
message: A sample
examples:
  - {says: a dental claim, given: {claim: {type: dental}}, expect: flagged}
  - {says: the clean claim, given: {}, expect: clear}
"""
RISK = """\
severity: {reject: 0.9, deny: 0.6, audit: 0.3, advise: 0}
confidence: {certain: 1, likely: 0.8, possible: 0.4}
"""
WHOLE_FILES = (
    "rules/risk.yaml",
    "rules/precedence.yaml",
    "rules/suppressions.yaml",
    "rules/rules.lock",
    "rules/profiles/",
)

_HEADING = re.compile(r"^## (R\d{3}) (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(yaml|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"^[A-Za-z_]+(?=:)", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One section: the files it asks for and the messages it promises."""

    code: str
    title: str
    files: dict[str, str]
    says: str

    def write(self, folder: Path) -> None:
        """The rule folder of this case, below `folder`."""
        for name, text in {"rules/risk.yaml": RISK, SAMPLE_FILE: SAMPLE, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def read_cases(page: Path) -> Iterator[Case]:
    text = page.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        blocks = _BLOCK.findall(text[heading.end() : end])
        files = dict(_file(body) for kind, body in blocks if kind == "yaml")
        said = "".join(body for kind, body in blocks if kind == "text").rstrip("\n")
        yield Case(heading[1], heading[2], files, said)


def _file(body: str) -> tuple[str, str]:
    name = SAMPLE_FILE
    if body.startswith("# rules/"):
        first, body = body.split("\n", 1)
        name, _, whole = first.removeprefix("# ").partition(", ")
        if whole or name.startswith(WHOLE_FILES):
            return name, body
    return name, changed_sample(body)


def changed_sample(fragment: str) -> str:
    """The sample rule with each key of the fragment in place of its own; new keys stand at the end."""
    chunks = _chunks(SAMPLE)
    for key, text in _chunks(fragment).items():
        chunks[key] = text
    return "".join(chunks.values())


def _chunks(text: str) -> dict[str, str]:
    """Top-level key -> its lines; lines before the first key go with it, a repeated key with the first."""
    starts = [match.start() for match in _KEY.finditer(text)] or [0]
    starts[0] = 0
    chunks: dict[str, str] = {}
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        key = match[0] if (match := _KEY.search(text, start)) else ""
        chunks[key] = chunks.get(key, "") + text[start:end]
    return chunks
