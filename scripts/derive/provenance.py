"""PROVENANCE.md: from which package, version and file each fact comes, and the checks made."""

from collections.abc import Iterable, Mapping, Sequence

from derive.headers import Release
from derive.sources import SOURCES

HOW = {
    "icd10cm_spans.csv.gz": (
        "Billable codes: the code master, one row per stretch of days. Headers: the list of the release "
        "where a package carries one, else the nearest list that knows the stem, else the rule of "
        "`scripts/derive/headers.py` (`inferred` = 1: no list ever held it). `seventh_character` = 1: the "
        "last of seven characters is an added 7th character and not a further subdivision."
    ),
    "mce_dx_flags.csv.gz": "The code master's edit flags, one row per code, flag and stretch of days.",
    "mce_age_groups.csv": "Age groups of MCE edit 4.",
    "mce_discharge_status.csv": "Patient discharge statuses that the MCE knows; numbers only.",
    "icd9cm_codes.csv.gz": "Every ICD-9-CM diagnosis code that the master ever held; codes only.",
    "icd10cm_conversions.csv.gz": (
        "The code master's conversion records of both directions: an older code, a newer one, and the day "
        "the newer one began. The older may have gone on beside it."
    ),
    "icd10cm_earlier_titles.csv.gz": (
        "Titles that the tabular list of April 2026 does not give: of ended codes, and wordings revised "
        "since. From the order files of January 2021 and FY2025; for codes that ended before, from the "
        "FY2020 or FY2019 tree, whose titles are shortened."
    ),
    "icd10cm_note_days.csv.gz": (
        "Excludes1, Excludes2 and code first notes of the tabular list of April 2026 that the lists "
        "before it do not have: where the note stands (a section by its first code), what it names, and "
        "the first day that can be proven: 2025-04-01 where the list of April 2025 has it already, else "
        "2025-10-01. What the list of FY2021 has is taken to have stood before. A note is the same when "
        "it stands at the same place and names the same codes; its words may change. Notes that are gone "
        "since are left out."
    ),
    "msdrg_levels.csv.gz": (
        "Complications and comorbidities (`cc`, `mcc`), one row per code, level and stretch of days: MS-DRG "
        "versions 36 to 39 (FY2019 to FY2022) from drgpy, 40 to 44 (FY2023 to FY2027) from msdrg's grouper "
        "record. Earlier days are not known."
    ),
    "icd10pcs_spans.csv.gz": (
        "ICD-10-PCS codes with four flags of the procedure master (delivery, coverage), one row per code and "
        "stretch of days on which they stay the same; codes only, no titles."
    ),
    "hcc_payment.csv.gz": (
        "CMS-HCC payment conditions: V24 as mapped for payment year 2025, V28 as mapped for 2026; of two "
        "conditions of a code the lower. `hcc_chronic` = 1: the V28 condition is marked chronic."
    ),
}

HEAD = """# Where the reference facts come from

Written by `scripts/derive_reference.py`; run again with the same packages it writes the same bytes. The
code sets are works of the United States government; the licences below are those of the packages that carry
them. Only facts are shipped (codes, flags, dates, and official titles of ICD-10-CM): no CPT, CDT, NUBC or
X12 text. `reference/valuesets/hospital_acquired_conditions.csv` is written by the script too.

"""

CHECKS = """
## Checks

Made by the script, every time (it stops otherwise):

- each source file has the sha256 above;
- in every release for which a package carries a list, the list's billable codes and the code master's are
the same;
- the two lists of FY2025 name the same headers;
- drgpy and msdrg give every code the same CC or MCC level in MS-DRG version 40, which both have. (From
version 41 on drgpy lacks 34 to 41 codes that cannot be principal, such as Z16.12 and J12.82, so msdrg's
record is used.)

Made by the tests:

- rows, billable codes and headers of every release equal the counts published with the official order files
  (`tests/unit/reference/test_counts.py`);
- where the official data is present (`VALIDATOR_REAL_DATA`), every span is compared with spans made from the
  official order files themselves, and every edit flag with a list made from the MCE master by other means
  (`tests/unit/reference/test_real_data.py`): no difference in billable codes, none in headers.

Not known from any package: titles of codes that ended before FY2019, and of those that began with FY2027.
They are shown as "title not in the loaded releases".
"""


def provenance(
    facts: Iterable[Mapping[str, object]], releases: Sequence[Release], digests: Mapping[str, str]
) -> str:
    """The whole page."""
    lines = [
        HEAD,
        "## Packages and files\n",
        "| package | licence | file | gives | sha256 |",
        "|---|---|---|---|---|",
    ]
    for key in sorted(digests, key=list(SOURCES).index):
        source = SOURCES[key]
        lines.append(
            f"| {source.package} {source.version} | {source.licence} | `{source.file}` "
            f"| {source.gives} | `{digests[key]}` |"
        )
    lines += ["\n## Fact tables\n", "| file | rows | what and how | sha256 |", "|---|---|---|---|"]
    for fact in facts:
        name = str(fact["file"]).removeprefix("facts/")
        lines.append(f"| `{name}` | {fact['rows']:,} | {HOW[name]} | `{fact['sha256']}` |")
    lines += ["\n## Headers by release\n", "| release | from | headers taken from |", "|---|---|---|"]
    for release in releases:
        origin = SOURCES[release.list_key] if release.list_key else None
        taken = (
            f"{origin.package} {origin.version}, {origin.gives}"
            if origin
            else "neighbouring lists and the rule (inferred)"
        )
        lines.append(f"| {release.name} | {release.valid_from} | {taken} |")
    return "\n".join(lines) + "\n" + CHECKS
