"""The tables of `ledger.duckdb`, and the words for what became of a finding and what people decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

NAME = "ledger.duckdb"

# What a night writes about a finding: new, open, reopened or resolved. The last word, by batch date and then
# by run, is where it stands; a night that changes nothing writes nothing.
RESOLVED = "resolved"
REOPENED = "reopened"

# What became of an open finding that tonight's batch does not have.
GONE_WORDS: Mapping[str, str] = {
    RESOLVED: "The claim was judged again, replaced or voided tonight, and the mistake is gone.",
    "not seen": "The claim was not in tonight's files; nothing is known of it.",
    "not judged": "The rule was not among tonight's rules.",
}

FIXED, ACCEPTED, FALSE_ALARM, QUERY_SENT, SNOOZED, TO_DO = (
    *("fixed", "accepted", "false alarm", "query sent", "snoozed until", "to do"),
)
# What people decide about a finding; the last decision counts on the nights after the run it was made on.
DISPOSITIONS: Mapping[str, str] = {
    FIXED: "The claim was corrected. If the same mistake comes again, it is reopened.",
    ACCEPTED: "Left as it is. It does not come back as work.",
    FALSE_ALARM: "The rule is wrong here. It does not come back as work, and counts in the rule's rate.",
    QUERY_SENT: "Somebody was asked. It stays open.",
    SNOOZED: "Set aside until the date beside it; from that day it is work again.",
    TO_DO: "Takes an earlier decision back.",
}

# Each step brings a ledger of one version to the next; a new ledger takes them all, and one with more steps
# than these was written by a newer program. Rows are only ever added.
STEPS = (
    """
create table about (schema_version integer not null);
create table runs (
    run_no integer primary key, batch_date date not null, run_name varchar not null, run_hash varchar not null,
    tool_version varchar not null, whole boolean not null, claims bigint not null,
    previous_hash varchar not null, hash varchar not null
);
create table findings (
    run_no integer not null, finding_id varchar primary key, rule_id varchar not null, billing_npi varchar,
    claim_id varchar, provider varchar, severity varchar not null, amount_at_risk decimal(12, 2) not null
);
create table words (run_no integer not null, finding_id varchar not null, word varchar not null);
create table rule_nights (
    run_no integer not null, rule_id varchar not null, flagged bigint not null, clear bigint not null,
    not_evaluated bigint not null, out_of_scope bigint not null, suppressed bigint not null,
    amount_at_risk decimal(12, 2) not null
);
insert into about values (1);
""",
    """
create table reviews (
    review_no integer primary key, run_no integer not null, decided_by varchar not null, decided_on date not null,
    previous_hash varchar not null, hash varchar not null
);
create table dispositions (
    review_no integer not null, finding_id varchar not null, disposition varchar not null, snoozed_until date,
    owner varchar, note varchar
);
update about set schema_version = 2;
""",
)


@dataclass(frozen=True)
class Chain:
    """A table whose rows are chained by hashes: each covers its row, its rows in `tables`, and the hash before."""

    head: str
    key: str
    columns: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]]


RUNS = Chain(
    "runs",
    "run_no",
    ("run_no", "batch_date", "run_name", "run_hash", "tool_version", "whole", "claims"),
    {
        "findings": (
            *("finding_id", "rule_id", "billing_npi", "claim_id", "provider", "severity", "amount_at_risk"),
        ),
        "words": ("finding_id", "word"),
        "rule_nights": (
            *("rule_id", "flagged", "clear", "not_evaluated", "out_of_scope", "suppressed", "amount_at_risk"),
        ),
    },
)
REVIEWS = Chain(
    "reviews",
    "review_no",
    ("review_no", "run_no", "decided_by", "decided_on"),
    {"dispositions": ("finding_id", "disposition", "snoozed_until", "owner", "note")},
)

# The frames that the ledger answers with. The last decision about a finding is null where there is none.
DECISION: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "disposition": pl.String,
    "snoozed_until": pl.Date,
    "owner": pl.String,
    "note": pl.String,
    "decided_by": pl.String,
    "decided_on": pl.Date,
    "decided_after": pl.Date,  # batch date of the run that it was made on
}
PAST: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "finding_id": pl.String,
    "rule_id": pl.String,
    "billing_npi": pl.String,
    "claim_id": pl.String,  # blank: the finding is about a provider
    "provider": pl.String,
    "is_open": pl.Boolean,
    "first_seen": pl.Date,
    "last_day": pl.Date,  # batch date of the last word
    "history": pl.String,  # every word with its day: 2026-02-01 new; 2026-02-03 resolved
    **DECISION,
}
NIGHTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "batch_date": pl.Date,
    "new": pl.Int64,
    "reopened": pl.Int64,
    "resolved": pl.Int64,
}
RULE_NIGHTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "batch_date": pl.Date,
    "rule_id": pl.String,
    "flagged": pl.Int64,
    "amount_at_risk": pl.Float64,
}


@dataclass(frozen=True)
class Past:
    """What the nights before a batch date knew: `night` is the last of them, `findings` has columns PAST."""

    night: date | None = None
    findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(PAST)))


@dataclass(frozen=True)
class Memory:
    """What a night is told of the nights before it.

    `nights`: columns NIGHTS, new, reopened and resolved of the last nights, oldest first; `rule_nights`:
    columns RULE_NIGHTS, the same for what each rule flagged.
    """

    past: Past = field(default_factory=Past)
    nights: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(NIGHTS)))
    rule_nights: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(RULE_NIGHTS)))
