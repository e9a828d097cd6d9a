"""Make up exchange files for the benchmarks: an X12 837 and a file of FHIR resources."""

import json
from pathlib import Path
from typing import Any

from tests.unit.claims.fhir_writer import concept, money, resource

CLAIMS_AT_ONCE = 2_000


def write_x12(path: Path, megabytes: float) -> None:
    """Interchanges of the x12sdk generator, which is at home in its own files, one after the other.

    Making them takes long: those of the first three megabytes are repeated.
    """
    from x12sdk.generate import generate_837p

    texts: list[str] = []
    with path.open("w", encoding="ascii") as file:
        while file.tell() < megabytes * 1e6:
            if sum(map(len, texts)) < 3e6:
                made = generate_837p(seed=len(texts), claims=CLAIMS_AT_ONCE)
                # pyx12 knows the guide by its first name only; the others take both.
                texts.append(made.replace("005010X222A2", "005010X222A1"))
                file.write(texts[-1])
            else:
                file.writelines(texts)


def write_fhir(path: Path, megabytes: float) -> None:
    """ExplanationOfBenefit resources of about ten kilobytes, most of it never read, as real ones are."""
    claims = 0
    with path.open("w", encoding="ascii") as file:
        while file.tell() < megabytes * 1e6:
            file.write(json.dumps(_benefit(claims)) + "\n")
            claims += 1


def _benefit(number: int) -> dict[str, Any]:
    day = f"2026-01-{number % 28 + 1:02d}"
    line = {
        "code": "99213",
        "modifiers": ["25"],
        "charge": "120.5",
        "units": "1",
        "day": day,
        "pointers": [1, 2],
    }
    codes = ("M5450", "E119", "I10", "Z7984", "K219")
    kinds = ("principal", *["secondary"] * 4)
    made = resource(
        {
            "id": f"{number:09d}",
            "form": "professional",
            "status": "active",
            "patient": f"P{number // 3}",
            "npi": "1234567893",
            "from": day,
            "through": day,
            "charge": "361.5",
            "system": "icd10cm",
            "diagnoses": [(c, k, "") for c, k in zip(codes, kinds, strict=True)],
            "lines": [line] * 3,
            "procedures": [],
        }
    )
    display = "What the code means, in the words of a code system, as every coding of these files repeats it"
    for item in made["item"]:
        item["adjudication"] += [
            {
                "category": {**concept(f"https://example.org/variables/amount_{n}"), "text": display},
                "amount": money("0"),
            }
            for n in range(12)
        ]
    return made
