"""The rule trees: frozen, checked, with the place in the file that each piece came from.

`validator/rules/reading.py` makes these from YAML and guarantees what is said here: every field exists,
every value has the type of its field, grains are not mixed. The engine compiles them and never looks at
YAML. `place` is left out of comparison and hashing, so that moving a rule in its file changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part
from datetime import date
from decimal import Decimal
from typing import Literal

from validator.errors import Place

Severity = Literal["reject", "deny", "audit", "advise"]
Confidence = Literal["certain", "likely", "possible"]
Status = Literal["draft", "shadow", "active", "retired"]
Grain = Literal["diagnosis", "line", "claim", "provider"]
Outcome = Literal["flagged", "clear", "not_evaluated", "out_of_scope"]

SEVERITIES: tuple[Severity, ...] = ("reject", "deny", "audit", "advise")  # worst first
CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "possible")
OUTCOMES: tuple[Outcome, ...] = ("flagged", "clear", "not_evaluated", "out_of_scope")

Scalar = str | int | bool | date | Decimal

# Operators of a comparison. On a list column `equals` and `one_of` mean "holds (one of)", and
# `starts_with` "one element starts with".
Operator = Literal[
    "equals",  # value: Scalar
    "one_of",  # value: tuple[Scalar, ...]
    "is_not",  # value: Scalar or tuple: none of these
    "less_than",  # value: Scalar or Field; numbers
    "at_most",
    "more_than",
    "at_least",
    "before",  # value: date or Field; dates
    "after",
    "starts_with",  # value: tuple[str, ...]: any of them
    "matches",  # value: str, a regular expression that must match the whole text
    "present",  # value: bool; the only operator that turns blank into yes or no
    "in_set",  # value: str, name of a dated value set
    "not_in_set",
    "same_as",  # value: Field of the same type
    "differs_from",
    "element_of",  # value: Field, a list column: the field is one of its elements
    "left_blank",  # value: bool; blank although the feed carries the column, unknown where it does not
]


@dataclass(frozen=True)
class Field:
    """`table.column` as the rule writes it; `other` is true inside `there_is` for the row that is looked for.

    `name` is always a rule name of the canonical schema (`diagnosis.code`, `claim.type`), of the reference
    (`icd10.status`) or `batch.date`. `other.code` of a diagnosis is Field('diagnosis.code', other=True);
    `other.claim.type` is Field('claim.type', other=True); `other.icd10.status` likewise.
    """

    name: str
    other: bool = False

    @property
    def table(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def column(self) -> str:
        return self.name.split(".", 1)[1]

    def __str__(self) -> str:
        if not self.other:
            return self.name
        return f"other.{self.name}"


@dataclass(frozen=True)
class Compare:
    """One field held against a value, a list of values, a value set or another field."""

    field: Field
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | Field
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class All:
    """Every condition holds; an empty one is always true."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class Any_:  # noqa: N801 - `Any` is taken by typing
    """At least one condition holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class None_:  # noqa: N801
    """No condition holds: not any."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class DaysApart:
    """`from_field` and `to_field` (of the other row) lie at most so many days apart.

    `direction`: `either`, or `before`/`after`: the other row's date lies before/after this row's.
    """

    from_field: Field
    to_field: Field
    at_most: int
    direction: Literal["either", "before", "after"] = "either"


@dataclass(frozen=True)
class YearsApart:
    """The calendar year of `to_field` (of the other row) lies `at_least` to `at_most` years on one side.

    `direction`: `before`/`after`: the other row's year is the earlier/later one. Zero years apart is the
    same year, then the direction does not matter.
    """

    from_field: Field
    to_field: Field
    at_least: int
    at_most: int
    direction: Literal["before", "after"]


@dataclass(frozen=True)
class ListedIn:
    """The two codes stand as a pair in a reference table (`PAIR_TABLES`) on the date of this row.

    `left` and `right` are the two columns of the table in its order; one is of this row, one of the other.
    """

    table: str
    left: Field
    right: Field


@dataclass(frozen=True)
class HowMany:
    """How many rows are found, this row not among them; `of` claims or days counts each of them once."""

    operator: Literal["less_than", "at_most", "more_than", "at_least", "equals"]
    number: int
    of: Literal["rows", "claims", "days"] = "rows"


@dataclass(frozen=True)
class Total:
    """The sum of a number column over this row and the rows found, held against a number or a column."""

    of: Field  # a column that both rows have
    operator: Literal["less_than", "at_most", "more_than", "at_least"]
    value: Decimal | int | Field


@dataclass(frozen=True)
class Exists:
    """Another row of `table` exists (`negated`: does not exist). The row itself never counts as another.

    `same`: the rows share the claim, the patient, the billing provider. `equal`: columns of `table` with the
    same value on both rows; a blank on either side is unknown. `reported_earlier`: only rows that stand
    earlier in the stated order (received date, from date, claim id, role, position or line number) count.
    `how_many` and `total` ask something of all rows that fit together; without them one row is enough.
    """

    table: Literal["diagnosis", "line", "procedure", "claim"]
    negated: bool
    same: tuple[Literal["claim", "patient", "billing_provider"], ...]
    equal: tuple[Field, ...] = ()
    where: "Condition" = part(default_factory=lambda: All(()))
    days_apart: DaysApart | None = None
    same_year: Field | None = None
    years_apart: YearsApart | None = None
    listed_in: ListedIn | None = None
    how_many: HowMany | None = None
    total: Total | None = None
    reported_earlier: bool = False
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Share:
    """Of the rows counted for a provider, the share for which `that` holds is too large to be chance.

    Holds when at least `minimum` rows were counted and the lower limit of the 95 % Wilson interval of the
    share is at least `at_least`, and at least `times_peers` times the share among all other providers of
    the same peer group (where the rule names one and it has rows of others). With fewer rows than `minimum`
    the provider is not evaluated.
    """

    that: "Condition"
    at_least: Decimal
    minimum: int
    times_peers: Decimal | None = None
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class DayTotal:
    """On one day, `of` (times `times`), summed over the rows counted for a provider, is above `more_than`."""

    of: Field
    times: Field | None
    day: Field
    more_than: Decimal
    place: Place | None = part(default=None, compare=False, repr=False)


Condition = Compare | All | Any_ | None_ | Exists | Share | DayTotal
ALWAYS = All(())


@dataclass(frozen=True)
class SeverityCase:
    """`is` applies where `when` holds; the last case has no condition. A blank `when` does not hold."""

    when: Condition | None
    severity: Severity


@dataclass(frozen=True)
class RemarkCase:
    """A remark code (RARC) by condition; the last one may be plain."""

    when: Condition | None
    code: str


@dataclass(frozen=True)
class MessageCase:
    """The sentence of a finding by condition; the last case has none."""

    when: Condition | None
    text: str


@dataclass(frozen=True)
class Source:
    """An official text that the rule rests on."""

    title: str
    section: str = ""
    checked: str = ""


SuggestKind = Literal[
    "billable_children_of",  # header -> the billable codes below it
    "completed_codes_of",  # a code that lacks its 7th character -> the codes with it
    "successors_of",  # expired -> what replaced it, valid on the coding date
    "placeholder_repair_of",  # X missing or misplaced -> the repaired code
    "permitted_seventh_of",  # wrong 7th character -> the same stem with the permitted ones
    "nearest_codes_to",  # unknown -> billable codes with the longest common prefix
    "sided_siblings_of",  # side not specified -> the same code for the right, the left and both sides
    "bilateral_of",  # one side -> the same code for both sides
    "icd10_of",  # ICD-9 -> nothing we can say for certain; reserved
]


@dataclass(frozen=True)
class Suggestion:
    """Which codes to offer for the code of `of`, or a plain sentence."""

    kind: SuggestKind | None = None
    of: Field | None = None
    text: str = ""


@dataclass(frozen=True)
class Example:
    """One proof of the rule: the clean claim, changed by `given`, must come out as `expect`.

    `given` stays as read: nested mappings of text (see RULE_LANGUAGE in docs/rule-language.md).
    """

    says: str
    given: Mapping[str, object]
    expect: Outcome
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Rule:
    """One rule, whole. `logic_hash` covers what decides (grain, scope, condition, severity), no wording."""

    rule_id: str
    title: str
    version: int
    status: Status
    severity: tuple[SeverityCase, ...]
    confidence: Confidence
    why: str
    sources: tuple[Source, ...]
    check_each: Grain
    only_for: Condition
    flag_when: Condition
    message: tuple[MessageCase, ...]
    in_force_from: date | None = None
    in_force_until: date | None = None
    carc: tuple[str, ...] = ()
    rarc: tuple[RemarkCase, ...] = ()
    tags: tuple[str, ...] = ()
    false_alarms: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    suggest: Suggestion | None = None
    # Of rules that check each provider only: which rows are counted, which column names the provider, and
    # which column says who its peers are.
    count_each: Literal["diagnosis", "line", "claim"] | None = None
    provider: Field | None = None
    peers: Field | None = None
    control: bool = False
    examples: tuple[Example, ...] = part(default=(), compare=False)
    logic_hash: str = ""
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Precedence:
    """One mistake is one finding: on a row of `per`, the first rule that flags silences those after it.

    `order`: rule ids, strongest first; only rules that run.
    """

    per: Grain
    order: tuple[str, ...]


@dataclass(frozen=True)
class Suppression:
    """A finding that somebody decided not to see: rule, where (rule names -> value), why, who, until when."""

    rule_id: str
    where: Mapping[str, str]
    reason: str
    by: str
    until: date
    place: Place | None = part(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class RiskWeights:
    """Weight of one finding in the claim's risk score: severity weight x confidence factor, both 0..1."""

    severity: Mapping[Severity, float]
    confidence: Mapping[Confidence, float]


@dataclass(frozen=True)
class Filing:
    """Days after the last day of service within which a claim may be filed; payers may have their own."""

    days: int | None = None
    payers: tuple[tuple[str, int], ...] = ()


NO_LIMIT = Filing()


@dataclass(frozen=True)
class RuleSet:
    """All the engine needs to judge: the rules of the profile, in order of id, and the rest of the folder."""

    rules: tuple[Rule, ...]
    precedence: tuple[Precedence, ...]
    suppressions: tuple[Suppression, ...]
    risk: RiskWeights
    profile: str
    set_hash: str
    filing: Filing = NO_LIMIT
