"""How long each rule takes, and how the time grows with the number of rules, over one batch.

Columns that several rules read are made once; what they cost is told apart from the rules, whichever came
first. Processor seconds, which a busy machine changes little.
"""

import argparse
import dataclasses
import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date

from validator.claims.batch import open_batch
from validator.claims.netting import net
from validator.claims.schema import ClaimTables
from validator.engine.evaluate import GRAINS, evaluate
from validator.engine.frames import Frames
from validator.engine.outcomes import judge_rule
from validator.engine.settings import Settings
from validator.reference.lookup import Reference, open_reference
from validator.rules.folder import read_rule_set
from validator.rules.model import RuleSet
from validator.shipped import rules_folder

BATCH_DATE = date(2026, 11, 1)
SIZES = (20, 60)


def every_so_many(rules: RuleSet, count: int) -> RuleSet:
    """So many of the rules, evenly spread over their ids, so that every group is in it."""
    ordered = sorted(rules.rules, key=lambda rule: rule.rule_id)
    chosen = {ordered[place * len(ordered) // count].rule_id for place in range(count)}
    return dataclasses.replace(rules, rules=tuple(r for r in rules.rules if r.rule_id in chosen))


def time_rules(frames: Frames, rules: RuleSet) -> tuple[Counter[str], float]:
    """Seconds of each rule, and of all together when nothing is prepared yet."""
    per_rule: Counter[str] = Counter()
    together = 0.0
    for prepared in (False, True):
        for grain in GRAINS:
            rows = frames.judged(grain)
            for rule in rules.rules:
                if rule.check_each != grain:
                    continue
                start = time.process_time()
                judge_rule(rule, rows, frames)
                seconds = time.process_time() - start
                if prepared:
                    per_rule[rule.rule_id] += seconds
                else:
                    together += seconds
    return per_rule, together


def time_growth(
    partitions: Sequence[ClaimTables], rules: RuleSet, reference: Reference, settings: Settings
) -> dict[int, float]:
    """Seconds of a whole judging, findings included, by the number of rules."""
    grown = {}
    for count in (*SIZES, len(rules.rules)):
        some = every_so_many(rules, count)
        start = time.process_time()
        for partition in partitions:
            evaluate(partition, some, reference, settings)
        grown[count] = time.process_time() - start
    return grown


def main() -> None:
    """Print, in seconds: each rule, what they share, and the whole by number of rules."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims")
    given = parser.parse_args()
    reference = open_reference()
    rules = read_rule_set(rules_folder(), value_sets=reference.value_sets)
    with open_batch([given.claims]) as batch:
        reach = batch.coverage(BATCH_DATE)
        settings = Settings(BATCH_DATE, reach.claims_from, reach.delivered)
        partitions = [net(partition)[0] for partition in batch.partitions()]
    evaluate(partitions[0], rules, reference, settings)  # what is read of the reference is kept after this
    per_rule: Counter[str] = Counter()
    together = 0.0
    for partition in partitions:
        seconds, all_of_them = time_rules(Frames(partition, reference, settings), rules)
        per_rule += seconds
        together += all_of_them
    answer = {
        "claims": sum(partition.claims.height for partition in partitions),
        "rules": dict(per_rule),
        "shared": max(0.0, together - per_rule.total()),
        "growth": time_growth(partitions, rules, reference, settings),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
