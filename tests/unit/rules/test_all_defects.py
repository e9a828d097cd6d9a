"""Every defect that the project set out to find has a rule: none was forgotten on the way."""

from validator.rules.folder import read_rule_folder
from validator.shipped import rules_folder

# Group by group: the first and the last number. Two came with the claim formats: DX016 and CL419.
GROUPS = {"DX0": (1, 16), "DX1": (1, 25), "DX2": (1, 17), "PX3": (1, 21), "CL4": (1, 19), "AR5": (1, 30)}


def test_no_number_is_left_out() -> None:
    wanted = {
        f"{group}{number:02}" for group, (first, last) in GROUPS.items() for number in range(first, last + 1)
    }
    assert {rule.rule_id for rule in read_rule_folder(rules_folder(), value_sets=None).rules} == wanted
