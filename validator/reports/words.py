"""The words of the report and what they mean, in one place for page and workbook."""

from collections.abc import Mapping

SEVERITY_WORDS: Mapping[str, str] = {
    "reject": "Cannot stand: every compliant payer system sends it back. Correct it first.",
    "deny": "Likely to be denied when the claim is judged.",
    "audit": "May be paid, but a reviewer would ask for the record.",
    "advise": "Worth a look; no money is counted for it.",
}

_LINES_CONCERNED = (
    "The charges of the lines that point at the diagnosis, or of the line itself; "
    "the whole claim where the feed has no pointers."
)
# How the amount at risk of a finding comes about (validator/findings/money.py).
MONEY_WORDS: Mapping[str, str] = {
    "reject": "The whole claim comes back: its total charge; on a service line, the charge of the line.",
    "deny": _LINES_CONCERNED,
    "audit": _LINES_CONCERNED,
    "advise": "No money is counted for advice.",
}

CONFIDENCE_WORDS: Mapping[str, str] = {
    "certain": "An official list or rule decides it.",
    "likely": "Honest claims seldom look like this.",
    "possible": "Honest claims can look like this; read the known false alarms.",
}

STANDING_WORDS: Mapping[str, str] = {
    "new": "Not seen on an earlier night.",
    "open": "Seen on an earlier night and still there.",
    "reopened": "Was gone or settled, and is back.",
    "snoozed": "Set aside by somebody until a date.",
    "accepted": "Looked at by somebody, and left as it is.",
    "suppressed": "Silenced by rules/suppressions.yaml, with a reason and an end date.",
}

# What still asks for work; the other standings are settled for now.
TO_DO = ("new", "open", "reopened")

OUTCOME_WORDS: Mapping[str, str] = {
    "flagged": "The rule found the defect.",
    "clear": "The rule looked, and the defect is not there.",
    "not evaluated": "It could not judge: a value, a date or a reference table is missing. Not a pass.",
    "out of scope": "The rule does not speak about this row, or a stronger rule has already spoken.",
}
