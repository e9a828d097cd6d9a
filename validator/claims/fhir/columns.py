"""The columns that the FHIR reader hands over, named after the elements that they come from."""

from validator.claims.fields import CAUSE_SLOTS, MAIN_SLOTS, PROCEDURE_SLOTS, VISIT_SLOTS

MODIFIERS = 5


def _numbered(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}.{n}" for n in range(1, count + 1))


CLAIM_COLUMNS = (
    *("identifier", "type", "bill", "frequency", "replaces", "patient", "birthDate", "gender", "deceased"),
    *(
        "billablePeriod.start",
        "billablePeriod.end",
        "admission",
        "discharge",
        "dischargeStatus",
        "admissionType",
    ),
    *("received", "insurer", "provider", "provider.tax", "facility", "attending", "preAuthRef", "drg"),
    *("total.submitted", "total.eligible", "payment", "admitting", "admitting.system"),
    *_numbered("diagnosis", MAIN_SLOTS),
    *_numbered("diagnosis.system", MAIN_SLOTS),
    *_numbered("diagnosis.onAdmission", MAIN_SLOTS),
    *_numbered("visit", VISIT_SLOTS),
    *_numbered("visit.system", VISIT_SLOTS),
    *_numbered("cause", CAUSE_SLOTS),
    *_numbered("cause.system", CAUSE_SLOTS),
    *_numbered("procedure", PROCEDURE_SLOTS),
    *_numbered("procedure.date", PROCEDURE_SLOTS),
)
LINE_COLUMNS = (
    *("item", "item.start", "item.end", "item.service", *_numbered("item.modifier", MODIFIERS)),
    *("item.quantity", "item.submitted", "item.eligible", "item.paid", "item.place", "item.revenue"),
    *("item.rendering", "item.diagnosis", "item.ndc"),
)
