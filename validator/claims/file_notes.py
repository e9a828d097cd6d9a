"""What is worth saying once about a file as a whole, from the tables that its claims became."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from validator.claims.schema import ClaimTables

ICD10_BEGINS = date(2015, 10, 1)
FACTS = {"source_file": pl.String, "fact": pl.String, "count": pl.UInt32}
# A code of digits alone is no ICD-10-CM code, whatever else it is.
_MANY = 20
_DIGITS = r"^\d{3,5}$"


def facts_of(tables: ClaimTables) -> pl.DataFrame:
    """Counts per file that the sentences of `file_notes` are made of: the columns of FACTS."""
    claims, diagnoses = tables.claims, tables.diagnoses
    files = claims["source_file"].cast(pl.String)
    old = diagnoses["coding_date"] < ICD10_BEGINS
    digits = diagnoses["code"].unique()
    digits = diagnoses["code"].is_in(digits.filter(digits.str.contains(_DIGITS)).implode())
    received = diagnoses.filter(pl.col("coding_date_source") == "received")["claim_no"].unique()
    of = diagnoses["claim_no"]
    counted = {
        "pharmacy": files.filter(claims["claim_type"] == "pharmacy"),
        "received": files.gather(received),
        "icd9_days": files.gather(of.filter(old.fill_null(False))),
        "icd9_late": files.gather(of.filter(digits & ~old.fill_null(False))),
    }
    counts = [
        found.alias("source_file").value_counts().select("source_file", pl.lit(fact).alias("fact"), "count")
        for fact, found in counted.items()
        if found.len()
    ]
    return pl.concat([pl.DataFrame(schema=FACTS), *counts])


def file_notes(facts: Mapping[str, int], claims: int, diagnoses: int) -> list[str]:
    """The sentences about a file with so many claims and diagnoses."""
    notes = []
    if claims and not diagnoses:
        pharmacy = ": claims of pharmacies" if facts.get("pharmacy", 0) == claims else ""
        notes.append(f"no claim of this file has a diagnosis{pharmacy}; nothing about diagnoses is judged")
    if diagnoses and facts.get("icd9_days", 0) == diagnoses:
        notes.append(
            "every diagnosis is from before 2015-10-01, the days of ICD-9-CM; ICD-10 rules do not apply"
        )
    if facts.get("icd9_late", 0) >= max(_MANY, diagnoses / 2):
        notes.append(
            f"{facts['icd9_late']:,} of {diagnoses:,} diagnoses look like ICD-9-CM on days of ICD-10-CM:"
            " the wrong column, or days that are not those of service"
        )
    if facts.get("received"):
        notes.append(
            f"{facts['received']:,} claims have no date but that of receipt, which may be late;"
            " their codes are judged by it"
        )
    return notes
