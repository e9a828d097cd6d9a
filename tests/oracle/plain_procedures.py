"""What a procedure code was on a day, looked up slowly in the committed table of ICD-10-PCS."""

from collections import defaultdict
from datetime import date
from functools import cache

from tests.agree.plain_codes import Span, _rows

OF_DELIVERY = ("vaginal_delivery", "cesarean")
LISTS = (*OF_DELIVERY, "noncovered", "limited_coverage")
# Every procedure that brings a child; the editor's list is shorter and begins in October 2018.
BIRTHS = ("10D00", "10D07", "10E0X")


class PlainProcedures:
    """Spans by code, those on which the editor takes it for a delivery, and the codes with any edit."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = defaultdict(list)
        self.deliveries: dict[str, list[Span]] = defaultdict(list)
        self.flagged: set[str] = set()
        for row in _rows("icd10pcs_spans.csv.gz"):
            until = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
            span = Span("billable", date.fromisoformat(row["valid_from"]), until)
            self.spans[row["code"]].append(span)
            if any(row[name] == "1" for name in OF_DELIVERY):
                self.deliveries[row["code"]].append(span)
            if any(row[name] == "1" for name in LISTS):
                self.flagged.add(row["code"])

    def in_force(self, code: str, on: date) -> bool:
        return any(span.holds(on) for span in self.spans.get(code, ()))

    def delivers(self, code: str, on: date) -> bool:
        """Whether the editor takes the code for a delivery that day."""
        return any(span.holds(on) for span in self.deliveries.get(code, ()))

    def births(self) -> list[str]:
        return sorted(code for code in self.spans if code.startswith(BIRTHS))


@cache
def plain_procedures() -> PlainProcedures:
    return PlainProcedures()
