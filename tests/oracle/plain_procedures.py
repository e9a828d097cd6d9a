"""What a procedure code was on a day, looked up slowly in the committed table of ICD-10-PCS."""

from collections import defaultdict
from datetime import date
from functools import cache

from tests.agree.plain_codes import Span, _rows

LISTS = ("vaginal_delivery", "cesarean", "noncovered", "limited_coverage")


class PlainProcedures:
    """Spans by code, the codes of deliveries, and the codes that the editor has an edit for."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = defaultdict(list)
        self.deliveries: set[str] = set()
        self.flagged: set[str] = set()
        for row in _rows("icd10pcs_spans.csv.gz"):
            until = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
            self.spans[row["code"]].append(Span("billable", date.fromisoformat(row["valid_from"]), until))
            if any(row[name] == "1" for name in LISTS[:2]):
                self.deliveries.add(row["code"])
            if any(row[name] == "1" for name in LISTS):
                self.flagged.add(row["code"])

    def in_force(self, code: str, on: date) -> bool:
        return any(span.holds(on) for span in self.spans.get(code, ()))


@cache
def plain_procedures() -> PlainProcedures:
    return PlainProcedures()
