"""The tables of `ledger.duckdb`, and the words for what became of a finding."""

from collections.abc import Mapping

NAME = "ledger.duckdb"
SCHEMA = 1  # rises with the tables; an older ledger is brought up to it, a newer one is refused

# What a night writes about a finding: new, open, reopened or resolved. The last word, by batch date and then
# by run, is where it stands; a night that changes nothing writes nothing.
RESOLVED = "resolved"

# What became of an open finding that tonight's batch does not have.
GONE_WORDS: Mapping[str, str] = {
    RESOLVED: "The claim was judged again, replaced or voided tonight, and the mistake is gone.",
    "not seen": "The claim was not in tonight's files; nothing is known of it.",
    "not judged": "The rule was not among tonight's rules.",
}

# Rows are only ever added. `hash` chains the runs: it covers the run, its rows in the other tables and the
# hash before it.
TABLES = """
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
"""

# The columns of each table that the chain covers, in order.
CHAINED: Mapping[str, tuple[str, ...]] = {
    "findings": (
        *("finding_id", "rule_id", "billing_npi", "claim_id", "provider", "severity", "amount_at_risk"),
    ),
    "words": ("finding_id", "word"),
    "rule_nights": (
        *("rule_id", "flagged", "clear", "not_evaluated", "out_of_scope", "suppressed", "amount_at_risk"),
    ),
}
