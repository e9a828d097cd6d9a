"""The first text of a new rule: a draft that can be read, with examples that hold."""

from datetime import date

from validator.rules.model import Grain

# The first letters of an id -> the folder of such rules.
_FOLDERS = {
    "DX0": "code_set",
    "DX1": "sequencing",
    "DX2": "conflicts",
    "PX3": "procedures",
    "CL4": "claim",
    "AR5": "audit_risk",
}
_OTHERS = "other"

_HEAD = """\
# yaml-language-server: $schema=../../docs/rule.schema.json
rule: {rule_id}
title: The defect, named in a few words
version: 1
status: draft                  # active once it flags what it should
severity: advise               # reject, deny, audit or advise
confidence: possible           # certain, likely or possible
why: >
  Why this is wrong, for a coder.
source:
  - {{title: The official text, section: its section, checked: {today}}}
denial_codes: {{carc: [], rarc: []}}
tags: []
false_alarms:
  - A way in which an honest claim can look like this

"""
_BODIES: dict[Grain, str] = {
    "diagnosis": """\
check_each: diagnosis
only_for: {claim.type: professional}
flag_when:
  diagnosis.code: R69

message: '{diagnosis.code} ({icd10.title}) is not what it should be'
examples:
  - says: the defect
    given: {diagnosis: {code: R69}}
    expect: flagged
  - says: the same without it
    given: {diagnosis: {code: I10}}
    expect: clear
  - says: nobody the rule is about
    given: {claim: {type: dental}, diagnosis: {code: R69}}
    expect: out_of_scope
""",
    "line": """\
check_each: line
only_for: {claim.type: professional}
flag_when:
  line.units: {more_than: 100}

message: 'Line {line.number} ({line.procedure_code}) is not what it should be'
examples:
  - says: the defect
    given: {line: {units: 101}}
    expect: flagged
  - says: the same without it
    given: {line: {units: 100}}
    expect: clear
  - says: without the units nobody can say
    given: {line: {units: ~}}
    expect: not_evaluated
""",
    "claim": """\
check_each: claim
only_for: {claim.type: professional}
flag_when:
  claim.from_date: {after: claim.through_date}

message: 'The claim begins on {claim.from_date} and ends on {claim.through_date}'
examples:
  - says: the defect
    given: {claim: {from_date: 2026-02-10, through_date: 2026-02-09}}
    expect: flagged
  - says: the same without it
    given: {claim: {from_date: 2026-02-10, through_date: 2026-02-10}}
    expect: clear
  - says: without its first day nobody can say
    given: {claim: {from_date: ~, through_date: 2026-02-10}}
    expect: not_evaluated
""",
    "provider": """\
check_each: provider
provider: claim.billing_npi
peers: claim.billing_taxonomy
count_each: diagnosis
only_for: {claim.type: professional}
flag_when:
  share:
    that: {diagnosis.code: R69}
    at_least: 0.30
    minimum: 50

message: '{share.percent} % of the {share.rows} diagnoses of {provider.id} are not what they should be'
examples:
  - says: the defect, often
    given: {claims: [{diagnosis: {code: R69}, times: 60}]}
    expect: flagged
  - says: the defect, seldom
    given: {claims: [{diagnosis: {code: R69}, times: 2}, {times: 58}]}
    expect: clear
  - says: too few to say
    given: {claims: [{diagnosis: {code: R69}, times: 10}]}
    expect: not_evaluated
""",
}


def stub(rule_id: str, grain: Grain, *, today: date) -> str:
    """The rule file to begin with; `today` stands as the day on which its source was read."""
    return _HEAD.format(rule_id=rule_id, today=today.isoformat()) + _BODIES[grain]


def stub_name(rule_id: str) -> str:
    """Where the file belongs, below the rule folder."""
    return f"{_FOLDERS.get(rule_id[:3], _OTHERS)}/{rule_id}-new-rule.yaml"
