"""The parts of FHIR resources that are read (STU3, R4): everything else is passed over unparsed.

Names are those of the specification (https://hl7.org/fhir/R4/explanationofbenefit.html, .../claim.html and
their STU3 forerunners); a part that is absent is empty. A value of another type than the specification says
makes the resource unreadable.
"""

import re
from functools import cache
from typing import Any

import msgspec

_ELEMENT = re.compile(r"_?[a-z][A-Za-z]{0,40}")


class Coding(msgspec.Struct, frozen=True):
    system: str | None = None
    code: str | None = None


class Concept(msgspec.Struct, frozen=True):
    coding: list[Coding] = []


class Identifier(msgspec.Struct, frozen=True):
    type: Concept | None = None
    system: str | None = None
    value: str | None = None


class Extension(msgspec.Struct, frozen=True):
    url: str | None = None
    valueCoding: Coding | None = None  # noqa: N815
    valueCodeableConcept: Concept | None = None  # noqa: N815


class Reference(msgspec.Struct, frozen=True):
    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None
    extension: list[Extension] = []


class Period(msgspec.Struct, frozen=True):
    start: str | None = None
    end: str | None = None


class Amount(msgspec.Struct, frozen=True):
    """A Money or a Quantity."""

    value: float | None = None


class Diagnosis(msgspec.Struct, frozen=True):
    sequence: int | None = None
    diagnosisCodeableConcept: Concept | None = None  # noqa: N815
    type: list[Concept] = []
    onAdmission: Concept | None = None  # noqa: N815
    extension: list[Extension] = []


class Procedure(msgspec.Struct, frozen=True):
    sequence: int | None = None
    date: str | None = None
    procedureCodeableConcept: Concept | None = None  # noqa: N815


class Member(msgspec.Struct, frozen=True):
    """Of the care team."""

    sequence: int | None = None
    provider: Reference | None = None
    role: Concept | None = None


class Info(msgspec.Struct, frozen=True):
    category: Concept | None = None
    code: Concept | None = None
    timingDate: str | None = None  # noqa: N815
    timingPeriod: Period | None = None  # noqa: N815


class Adjudication(msgspec.Struct, frozen=True):
    category: Concept | None = None
    amount: Amount | None = None


class Item(msgspec.Struct, frozen=True):
    sequence: int | None = None
    productOrService: Concept | None = None  # noqa: N815
    service: Concept | None = None  # STU3
    modifier: list[Concept] = []
    servicedDate: str | None = None  # noqa: N815
    servicedPeriod: Period | None = None  # noqa: N815
    revenue: Concept | None = None
    quantity: Amount | None = None
    net: Amount | None = None
    locationCodeableConcept: Concept | None = None  # noqa: N815
    diagnosisSequence: list[int] = []  # noqa: N815
    diagnosisLinkId: list[int] = []  # noqa: N815  # STU3
    careTeamSequence: list[int] = []  # noqa: N815
    careTeamLinkId: list[int] = []  # noqa: N815  # STU3
    adjudication: list[Adjudication] = []
    extension: list[Extension] = []


class Related(msgspec.Struct, frozen=True):
    claim: Reference | None = None
    relationship: Concept | None = None


class Insurance(msgspec.Struct, frozen=True):
    preAuthRef: list[str] = []  # noqa: N815


class Payment(msgspec.Struct, frozen=True):
    amount: Amount | None = None


class Meta(msgspec.Struct, frozen=True):
    profile: list[str] = []


class Person(msgspec.Struct, frozen=True):
    """A Patient, Organization or Practitioner, contained or beside the claims of a bundle."""

    resourceType: str = ""  # noqa: N815
    id: str | None = None
    identifier: list[Identifier] = []
    birthDate: str | None = None  # noqa: N815
    gender: str | None = None
    deceasedDateTime: str | None = None  # noqa: N815


class Contained(msgspec.Struct, frozen=True):
    resourceType: str = ""  # noqa: N815
    id: str | None = None
    identifier: list[Identifier] | Identifier | None = None


class Claim(msgspec.Struct, frozen=True):
    """An ExplanationOfBenefit or a Claim."""

    resourceType: str = ""  # noqa: N815
    id: str | None = None
    meta: Meta | None = None
    contained: list[Contained] = []
    identifier: list[Identifier] = []
    status: str | None = None
    type: Concept | None = None
    subType: Concept | list[Concept] | None = None  # noqa: N815
    patient: Reference | None = None
    billablePeriod: Period | None = None  # noqa: N815
    hospitalization: Period | None = None  # STU3
    insurer: Reference | None = None
    provider: Reference | None = None
    organization: Reference | None = None  # STU3
    facility: Reference | None = None
    related: list[Related] = []
    careTeam: list[Member] = []  # noqa: N815
    supportingInfo: list[Info] = []  # noqa: N815
    information: list[Info] = []  # STU3
    diagnosis: list[Diagnosis] = []
    procedure: list[Procedure] = []
    insurance: list[Insurance] | Insurance = []
    item: list[Item] = []
    total: list[Adjudication] | Amount = []
    totalCost: Amount | None = None  # noqa: N815  # STU3
    payment: Payment | None = None
    extension: list[Extension] = []


class Kind(msgspec.Struct, frozen=True):
    resourceType: str = ""  # noqa: N815


class Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class Bundle(msgspec.Struct, frozen=True):
    resourceType: str = ""  # noqa: N815
    entry: list[Entry] = []


def unread_paths(resource: Any, shape: Any = Claim, path: str = "") -> set[str]:
    """The paths of a parsed resource that no part above names: `item[].adjudication[].reason`.

    A name that no element of FHIR could have may be anything: it is shown as `?`.
    """
    if isinstance(resource, list):
        found: set[str] = set()
        for part in resource:
            found |= unread_paths(part, shape, f"{path}[]")
        return found
    if not isinstance(resource, dict):
        return set()
    known, unread = _parts(shape), set()
    for key, value in resource.items():
        inside = f"{path}.{key}" if path else key
        if key not in known:
            unread.add(inside if _ELEMENT.fullmatch(key) else f"{path}.?".lstrip("."))
        else:
            readings = [unread_paths(value, inner, inside) for inner in known[key]]
            unread |= set.intersection(*readings) if readings else set()
    return unread


@cache
def _parts(shape: type[msgspec.Struct]) -> dict[str, list[Any]]:
    """The structs that each field of a struct may hold."""
    return {field.name: _shapes(field.type) for field in msgspec.structs.fields(shape)}


def _shapes(annotation: Any) -> list[Any]:
    """The structs inside an annotation such as `list[Item] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [shape for part in getattr(annotation, "__args__", ()) for shape in _shapes(part)]
