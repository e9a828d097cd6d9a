"""Find codes, numbers and amounts in FHIR's concepts, identifiers and references."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from validator.claims.fhir.resources import (
    Adjudication,
    Amount,
    Coding,
    Concept,
    Extension,
    Identifier,
    Reference,
)

_NPI = "us-npi"
_ABSENT = "data-absent-reason"
_TAX = "2.16.840.1.113883.4.4"
_SYSTEMS = (
    ("icd-10", "10"),
    ("icd10", "10"),
    ("icd-9", "9"),
    ("icd9", "9"),
    ("snomed", "other"),
    ("sct", "other"),
)


def codings(*concepts: Concept | None) -> Iterable[Coding]:
    for concept in concepts:
        if concept:
            yield from concept.coding


def codes(*concepts: Concept | None) -> list[str]:
    """Every code of the concepts, without the address that some feeds put before it, in lower case."""
    return [_name(coding.code) for coding in codings(*concepts) if coding.code]


@lru_cache(maxsize=4096)
def _name(code: str) -> str:
    return code.rsplit("/", 1)[-1].lower()


def first_code(concept: Concept | None, *systems: str) -> str:
    """The code of the first of these systems (ends of their addresses) that is there; else the first code."""
    told = [c for c in codings(concept) if c.code and not (c.system or "").endswith(_ABSENT)]
    for system in systems:
        for coding in told:
            if (coding.system or "").lower().rstrip("/").endswith(system):
                return coding.code or ""
    return (told[0].code or "") if told else ""


def coded(concept: Concept | None) -> tuple[str, str]:
    """A diagnosis or procedure code and the code set that its coding names, ICD before anything else."""
    best = ("", "")
    for coding in codings(concept):
        if not coding.code:
            continue
        address = (coding.system or "").lower()
        system = next((word for part, word in _SYSTEMS if part in address), "")
        if system in ("10", "9"):
            return coding.code, system
        best = best if best[0] else (coding.code, system)
    return best


def value_of(extensions: Iterable[Extension], *ends: str) -> str:
    """The code of the first extension whose address ends with one of these names."""
    for extension in extensions:
        url = (extension.url or "").lower()
        if url.endswith(ends):
            coding = extension.valueCoding or next(iter(codings(extension.valueCodeableConcept)), None)
            if coding and coding.code:
                return coding.code
    return ""


def npi_of(reference: Reference | None, others: Mapping[str, list[Identifier]]) -> str:
    """The NPI of whom the reference names; `others` are contained or bundled resources by their reference."""
    if reference is None:
        return ""
    if reference.identifier:
        return _npi([reference.identifier])
    return _npi(others.get(reference.reference or "", []))


def tin_of(reference: Reference | None, others: Mapping[str, list[Identifier]]) -> str:
    """The tax number of whom the reference names."""
    given = others.get(reference.reference or "", []) if reference else []
    return next((i.value for i in given if i.value and _TAX in (i.system or "")), "")


def _npi(identifiers: Iterable[Identifier]) -> str:
    for identifier in identifiers:
        if identifier.value and (_NPI in (identifier.system or "") or "npi" in codes(identifier.type)):
            return identifier.value
    return ""


def last_part(reference: Reference | None) -> str:
    """`Patient/123` is 123; a reference by identifier is its value."""
    if reference is None:
        return ""
    if reference.reference:
        return reference.reference.rsplit("/", 1)[-1].removeprefix("urn:uuid:").removeprefix("#")
    return (reference.identifier.value or "") if reference.identifier else ""


def amounts(told: Iterable[Adjudication]) -> dict[str, Amount]:
    """The first amount of each category, by its names."""
    found: dict[str, Amount] = {}
    for each in told:
        if each.category and each.amount:
            for coding in each.category.coding:
                if coding.code:
                    found.setdefault(_name(coding.code), each.amount)
    return found


def amount_of(found: Mapping[str, Amount], *names: str) -> str:
    """The amount of the first of these categories that is there; the better name goes first."""
    return next((number(found[name]) for name in names if name in found), "")


def number(amount: Amount | None) -> str:
    """A number as text, without an exponent."""
    if amount is None or amount.value is None:
        return ""
    return f"{amount.value:.4f}".rstrip("0").rstrip(".")


def day(text: str | None) -> str:
    """The date of a date or of a moment."""
    return (text or "")[:10]
