"""Write claims as an X12 837, as a practice or hospital system would: for tests and benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VERSIONS = {"professional": "005010X222A1", "institutional": "005010X223A2", "dental": "005010X224A2"}
_GROUP = "HC"


@dataclass(frozen=True)
class Style:
    """The separators, what stands after a segment's terminator, and a byte order mark or not."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"
    after: str = ""
    before: str = ""


def interchange(claims: Sequence[dict[str, Any]], form: str, style: Style = Style(), control: int = 1) -> str:
    """One interchange with one group and one transaction; see `a_claim` for what one holds."""
    e = style.element
    body = [
        ["ST", "837", f"{control:04d}", VERSIONS[form]],
        ["BHT", "0019", "00", "1", "20260301", "0900", "CH"],
    ]
    body += [
        ["NM1", "41", "2", "SENDER", "", "", "", "", "46", "SENDER9"],
        ["NM1", "40", "2", "RECEIVER", "", "", "", "", "46", "R"],
    ]
    for number, claim in enumerate(claims):
        body += _claim(claim, form, 3 * number + 1, style.component)
    body.append(["SE", str(len(body) + 1), f"{control:04d}"])
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "SENDER".ljust(15), "ZZ", "RECEIVER".ljust(15)]
    isa += ["260301", "0900", style.repetition, "00501", f"{control:09d}", "0", "P", style.component]
    head = [isa, ["GS", _GROUP, "SENDER", "RECEIVER", "20260301", "0900", str(control), "X", VERSIONS[form]]]
    tail = [["GE", "1", str(control)], ["IEA", "1", f"{control:09d}"]]
    return style.before + "".join(e.join(s) + style.segment + style.after for s in (*head, *body, *tail))


def _claim(claim: dict[str, Any], form: str, hl: int, component: str) -> list[list[str]]:
    patient, dependent = claim["patient"], claim.get("dependent")
    found = [["HL", str(hl), "", "20", "1"]]
    found += [
        ["NM1", "85", "2", "CLINIC", "", "", "", "", "XX", claim["billing_npi"]],
        ["REF", "EI", claim["tin"]],
    ]
    found += [
        ["HL", str(hl + 1), str(hl), "22", "1" if dependent else "0"],
        ["SBR", "P", "18", claim["group"], "", "", "", "", "", "CI"],
    ]
    found += [["NM1", "IL", "1", "MEMBER", "A", "", "", "", "MI", patient["id"]]]
    found += [
        ["DMG", "D8", patient["birth"], patient["sex"]],
        ["NM1", "PR", "2", "PAYER", "", "", "", "", "PI", claim["payer"]],
    ]
    if dependent:
        found += [
            ["HL", str(hl + 2), str(hl + 1), "23", "0"],
            ["PAT", "19"],
            ["NM1", "QC", "1", "MEMBER", "B"],
        ]
        found += [["DMG", "D8", dependent["birth"], dependent["sex"]]]
    place = (
        [claim["bill"][:2], "A", claim["bill"][2:]]
        if form == "institutional"
        else [claim["place"], "B", claim["frequency"]]
    )
    found.append(["CLM", claim["id"], claim["charge"], "", "", component.join(place), "Y", "A", "Y", "Y"])
    if form == "institutional":
        found += [
            ["DTP", "434", "RD8", f"{claim['from']}-{claim['through']}"],
            ["DTP", "435", "DT", f"{claim['from']}1330"],
        ]
        found += [["CL1", "3", "1", claim["status"]]]
    if claim.get("original"):
        found.append(["REF", "F8", claim["original"]])
    found += _hi(claim, component)
    for number, line in enumerate(claim["lines"], start=1):
        found.append(["LX", str(number)])
        code = component.join([{"dental": "AD"}.get(form, "HC"), line["code"], *line["modifiers"]])
        pointers = component.join(map(str, line["pointers"]))
        if form == "institutional":
            found.append(["SV2", line["revenue"], code, line["charge"], "UN", line["units"]])
        elif form == "dental":
            found.append(["SV3", code, line["charge"], "", "", "", line["units"], "", "", "", "", pointers])
        else:
            found.append(["SV1", code, line["charge"], "UN", line["units"], "", "", pointers])
        found.append(["DTP", "472", "D8", line["day"]])
    return found


def _hi(claim: dict[str, Any], component: str) -> list[list[str]]:
    """HI segments of at most twelve composites; ICD-9 codes under their own qualifiers."""
    old = claim["system"] == "icd9cm"
    name = (
        {"BK": "BK", "BF": "BF", "BJ": "BJ", "BN": "BN"}
        if old
        else {"BK": "ABK", "BF": "ABF", "BJ": "ABJ", "BN": "ABN"}
    )

    def composite(kind: str, code: str, present: str = "") -> str:
        return component.join([name[kind], code, *([""] * 6 + [present] if present else [])])

    found = []
    first, *others = claim["diagnoses"] or [None]
    if first:
        found.append(["HI", composite("BK", *first)])
    if claim.get("admitting"):
        found.append(["HI", composite("BJ", claim["admitting"])])
    for kind, codes in (("BF", others), ("BN", claim["causes"])):
        for start in range(0, len(codes), 12):
            found.append(["HI", *(composite(kind, *code) for code in codes[start : start + 12])])
    procedures = claim.get("procedures", [])
    if procedures:
        kinds = ("BR", "BQ") if old else ("BBR", "BBQ")
        said = [component.join([kinds[n > 0], code, "D8", day]) for n, (code, day) in enumerate(procedures)]
        found.append(["HI", said[0]])
        if said[1:]:
            found.append(["HI", *said[1:]])
    return found


def a_claim(number: str, **changes: Any) -> dict[str, Any]:
    """A plain claim of one line and one diagnosis."""
    line = {
        "code": "99213",
        "modifiers": [],
        "charge": "100",
        "units": "1",
        "revenue": "0450",
        "day": "20260110",
        "pointers": [1],
    }
    return {
        "id": number,
        "patient": {"id": f"M{number}", "birth": "19700101", "sex": "F"},
        "dependent": None,
        "billing_npi": "1234567893",
        "tin": "123456789",
        "group": "",
        "payer": "P1",
        "bill": "111",
        "place": "11",
        "frequency": "1",
        "original": None,
        "charge": "100",
        "from": "20260110",
        "through": "20260110",
        "status": "01",
        "system": "icd10cm",
        "diagnoses": [("M5450", "")],
        "admitting": None,
        "causes": [],
        "lines": [line],
        **changes,
    }
