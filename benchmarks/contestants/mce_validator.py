"""The diagnosis edits of the Medicare Code Editor as this project's rules, over inpatient claims.

Timed are the judging alone (which edit hits which row) over the canonical tables, and the whole way from the
Parquet file to findings with everything they say (message, suggestions, money).
"""

import argparse
import dataclasses
import json
import time
from datetime import date

from validator.claims.batch import open_batch
from validator.engine.evaluate import Settings, evaluate, judge
from validator.reference.lookup import open_reference
from validator.rules.folder import read_rule_set
from validator.shipped import rules_folder

# Edit 1 invalid code, 2 external cause first, 3 duplicate of the principal, 4 age, 6 manifestation first,
# 9 unacceptable principal.
RULES = {f"DX{n:03}" for n in (*range(1, 9), 101, 102, 103, 205, 207)}


def main() -> None:
    """Judge the file, print claims, claims with a finding, seconds of judging, seconds from the file on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    given = parser.parse_args()
    reference = open_reference()
    rules = read_rule_set(rules_folder(), value_sets=reference.value_sets)
    rules = dataclasses.replace(rules, rules=tuple(rule for rule in rules.rules if rule.rule_id in RULES))
    settings = Settings(date(2026, 11, 1))
    start = time.perf_counter()
    judging, claims, edited = 0.0, 0, 0
    with open_batch([given.claims]) as batch:
        for partition in batch.partitions():
            began = time.perf_counter()
            judge(partition, rules, reference, settings)
            judging += time.perf_counter() - began
            found = evaluate(partition, rules, reference, settings).findings
            claims += partition.claims.height
            edited += found["claim_key"].n_unique()
    # The findings were judged for once more; that first judging is no part of the way.
    from_file = time.perf_counter() - start - judging
    print(json.dumps({"seconds": judging, "from_file": from_file, "claims": claims, "edited": edited}))


if __name__ == "__main__":
    main()
