"""Write the sample claims and the clean claims in the native layout, from the stories in this folder.

    python -m tests.stories.make

One story is one claim, short enough to be read like a worklist; what it does not say is filled in here,
the same way every time. Every number is made up: provider numbers have a right check digit and begin
with 2, which no provider has been given.
"""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl
import yaml

from tests.stories.providers import Provider, provider_of

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parent.parent

# The clean claims: the chapters of the code set, then the settings, then patients with a history.
CLEAN = tuple(sorted(path.name for path in FOLDER.glob("clean*.yaml")))

HEADER = (
    "claim_id", "claim_type", "type_of_bill", "frequency_code", "original_claim_id", "patient_id",
    "birth_date", "sex", "death_date", "from_date", "through_date", "admission_date", "discharge_date",
    "discharge_hour", "discharge_status", "admission_type", "received_date", "payer_id", "billing_npi",
    "billing_tin", "billing_taxonomy", "attending_npi", "biller_id",
    "prior_authorization", "total_charge", "code_system", "admitting_diagnosis",
)  # fmt: skip
SLOTS = {
    "diagnosis": 25,
    "poa": 25,
    "reason_for_visit": 3,
    "external_cause": 12,
    "procedure": 25,
    "procedure_date": 25,
}
LINE = (
    "line_number", "line_from_date", "line_through_date", "line_charge", "procedure_code", "modifier_1",
    "modifier_2", "modifier_3", "units", "place_of_service", "revenue_code", "rendering_npi",
    "rendering_taxonomy", "ndc", "diagnosis_pointers",
)  # fmt: skip
# What the first character of a word in the short form of a line stands for; other words are procedures.
MARKS = {
    "r": "revenue_code", "x": "units", "$": "line_charge", "^": "diagnosis_pointers",
    "@": "place_of_service", "n": "ndc", "p": "rendering_npi",
}  # fmt: skip
# What a story may say beside its dates, codes and lines -> the column it fills.
WORDS = {
    "payer": "payer_id", "auth": "prior_authorization", "received": "received_date", "died": "death_date",
    "admitted": "admission_date", "type": "admission_type", "status": "discharge_status",
    "replaces": "original_claim_id",
}  # fmt: skip
INPATIENT = ("11", "18", "21", "28", "41")
STILL_A_PATIENT = "30"
TOTAL_LINE = "0001"
LAST_RECEIVED = dt.date(2026, 11, 20)

Row = dict[str, str]
Story = Mapping[str, str | list[str] | Mapping[str, str]]


def read_stories(name: str) -> list[Story]:
    """The stories of a file, every value as text."""
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), yaml.BaseLoader)


def rows_of(story: Story) -> Iterator[Row]:
    """The rows of one claim: its header repeated on each of its lines."""
    header = _header(story)
    provider = provider_of(header["patient_id"], bill=str(story.get("bill", "")), by=str(story.get("by", "")))
    lines = [_line(text, number, header, provider) for number, text in enumerate(story["lines"], 1)]
    total = sum(Decimal(line["line_charge"]) for line in lines if line.get("revenue_code") != TOTAL_LINE)
    header.setdefault("total_charge", f"{total:.2f}")
    for line in lines:
        yield header | line


def _header(story: Story) -> Row:
    """What the claim says once. `claim` in a story has the last word, a blank included."""
    first, _, last = str(story["on"]).partition("..")
    last = last or first
    bill = str(story.get("bill", ""))
    patient, sex, born = _patient(str(story["who"]), str(story["id"]))
    provider = provider_of(patient, bill=bill, by=str(story.get("by", "")))
    header = {
        "claim_id": str(story["id"]),
        "claim_type": "institutional" if bill else "professional",
        "frequency_code": bill[2:] if bill else "1",
        "patient_id": patient,
        "birth_date": born,
        "sex": sex,
        "from_date": first,
        "through_date": last,
        "payer_id": "PAYER-1",
        "billing_npi": provider.billing,
        "billing_tin": provider.tin,
        "billing_taxonomy": provider.taxonomy,
        "biller_id": "KEY-3" if bill else f"KEY-{1 + int(patient[-1]) % 2}",
        "code_system": "icd10cm",
    }
    if last:
        nine_days_later = dt.date.fromisoformat(last) + dt.timedelta(days=9)
        header["received_date"] = min(nine_days_later, LAST_RECEIVED).isoformat()
    if bill:
        header |= {"type_of_bill": bill, "attending_npi": provider.person, "discharge_status": "01"}
    if bill[:2] in INPATIENT:
        header |= {"admission_date": first, "admission_type": "1"}
    header |= {column: str(story[word]) for word, column in WORDS.items() if word in story}
    if bill[:2] in INPATIENT and header["discharge_status"] != STILL_A_PATIENT:
        header |= {"discharge_date": last, "discharge_hour": "14"}
    return header | _codes(story) | dict(story.get("claim", {}))


def _patient(who: str, claim: str) -> tuple[str, str, str]:
    """`P-1001 F 1958-03-14`, or without the number where the patient has this claim only."""
    *number, sex, born = who.split()
    return (number[0] if number else f"P-{claim}"), sex, born


def _codes(story: Story) -> Row:
    """Diagnoses and procedures in their slots.

    `-` leaves a slot blank, `J18.9/Y` adds the present on admission indicator, `_` stands for a blank.
    """
    row = {"admitting_diagnosis": str(story.get("admitting", ""))}
    for key, column, beside in (
        ("dx", "diagnosis", "poa"),
        ("reason", "reason_for_visit", ""),
        ("cause", "external_cause", ""),
        ("procedures", "procedure", "procedure_date"),
    ):
        for slot, word in enumerate(str(story.get(key, "")).split(), 1):
            code, _, more = word.partition("/")
            row[f"{column}_{slot}"] = "" if code == "-" else code.replace("_", " ")
            if more:
                row[f"{beside}_{slot}"] = more
    return row


def _line(text: str, number: int, header: Row, provider: Provider) -> Row:
    """`r0450 99283-25 x2 $310.00 ^1:2 @23 d2026-02-10 n00074433902`: only the charge is needed."""
    first, last = header["from_date"], header["through_date"]
    line = {"line_number": str(number), "line_from_date": first, "line_through_date": last, "units": "1"}
    if header["claim_type"] == "professional":
        line |= {"place_of_service": "11", "diagnosis_pointers": "1"}
        line |= {"rendering_npi": provider.person, "rendering_taxonomy": provider.taxonomy}
    for word in text.split():
        mark, rest = word[0], word[1:]
        if mark == "d":
            first, _, last = rest.partition("..")
            line |= {"line_from_date": first, "line_through_date": last or first}
        elif mark in MARKS:
            line[MARKS[mark]] = rest
        else:
            code, *modifiers = word.split("-")
            line["procedure_code"] = code
            line |= {f"modifier_{n}": modifier for n, modifier in enumerate(modifiers, 1)}
    return line


def columns_of(rows: list[Row]) -> list[str]:
    """The columns of the native layout that some row fills; a feed that lacks a thing lacks its column."""
    used = {name for row in rows for name, value in row.items() if value}
    slots = [f"{stem}_{n}" for stem, most in SLOTS.items() for n in range(1, most + 1)]
    return [name for name in (*HEADER, *slots, *LINE) if name in used]


def write_csv(path: Path, rows: list[Row], *, damaged: bool = False) -> None:
    """A plain CSV file; `damaged` adds the rows that an export spoils."""
    columns = columns_of(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(name, "") for name in columns] for row in rows)
        if damaged:
            writer.writerows(_spoiled([rows[0].get(name, "") for name in columns]))


def _spoiled(cells: list[str]) -> Iterator[list[str]]:
    """Rows that are no claims: without claim number, with a cell too many, cut off in the middle."""
    yield ["", *cells[1:]]
    yield ["SP-0901", *cells[1:5], "unknown", *cells[5:]]
    yield ["SP-0902", *cells[1:12]]


def write_parquet(path: Path, rows: list[Row]) -> None:
    """A Parquet file with real types, as a warehouse would export it."""
    columns = columns_of(rows)
    cells = {name: [row.get(name) or None for row in rows] for name in columns}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String))
    frame.with_columns(
        pl.col("^.*date.*$").str.to_date("%Y-%m-%d"),
        pl.col("total_charge", "line_charge").cast(pl.Decimal(12, 2)),
        pl.col("units").cast(pl.Decimal(10, 2)),
        pl.col("line_number").cast(pl.Int32),
    ).write_parquet(path, compression="zstd")


def rows_in(*names: str) -> list[Row]:
    """Every row of some files of stories, in the order of the stories."""
    return [row for name in names for story in read_stories(name) for row in rows_of(story)]


def write_readme(path: Path) -> None:
    """The page beside the samples, with every story."""
    parts = [(FOLDER / "README.head.md").read_text(encoding="utf-8")]
    for name, title in (("professional", "professional.csv"), ("institutional", "institutional.parquet")):
        parts.append(f"\n## {title}\n\n| claim | date | diagnoses | story |\n|---|---|---|---|\n")
        for story in read_stories(f"{name}.yaml"):
            codes = re.sub("/.", "", str(story["dx"]).replace("_", " ")).strip()
            day = str(story["on"]).replace("..", " to ")
            parts.append(f"| {story['id']} | {day} | {codes} | {story['story']} |\n")
    path.write_text("".join(parts), encoding="utf-8")


def main() -> None:
    samples = REPOSITORY / "sample_claims"
    write_csv(samples / "professional.csv", rows_in("professional.yaml"), damaged=True)
    write_parquet(samples / "institutional.parquet", rows_in("institutional.yaml"))
    write_readme(samples / "README.md")
    write_csv(REPOSITORY / "tests/clean_claims/clean_claims.csv", rows_in(*CLEAN))


if __name__ == "__main__":
    main()
