"""The diagnosis edits of the Medicare Code Editor as this project's rules, over inpatient claims.

Timed are the judging with everything a finding says (message, suggestions, money), over the canonical tables,
and the whole way from the Parquet file.
"""

import argparse
import dataclasses
import json
import time
from datetime import date

from validator.claims.batch import open_batch
from validator.engine.evaluate import Settings, evaluate
from validator.reference.lookup import open_reference
from validator.rules.folder import read_rule_set
from validator.shipped import rules_folder

# Edit 1 invalid code, 2 external cause first, 3 duplicate of the principal, 4 age, 6 manifestation first,
# 9 unacceptable principal.
RULES = {f"DX{n:03}" for n in (*range(1, 9), 101, 102, 103, 205, 207)}


def main() -> None:
    """Judge the file, print claims, claims with a finding, seconds of judging and seconds in all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    given = parser.parse_args()
    reference = open_reference()
    rules = read_rule_set(rules_folder(), value_sets=reference.value_sets)
    rules = dataclasses.replace(rules, rules=tuple(rule for rule in rules.rules if rule.rule_id in RULES))
    start = time.perf_counter()
    judging, claims, edited = 0.0, 0, 0
    with open_batch([given.claims]) as batch:
        for partition in batch.partitions():
            began = time.perf_counter()
            found = evaluate(partition, rules, reference, Settings(date(2026, 11, 1))).findings
            judging += time.perf_counter() - began
            claims += partition.claims.height
            edited += found["claim_key"].n_unique()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": judging, "from_file": seconds, "claims": claims, "edited": edited}))


if __name__ == "__main__":
    main()
