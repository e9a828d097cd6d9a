"""The examples of a rule set are proven before it judges, and not again while nothing moves.

What counts as moving is everything that decides: the rules and their examples, the reference, and the
program's own files. The memory is an empty file beside the built reference, named by the hash of all that;
where it cannot be written, the examples are simply run again every night.
"""

import hashlib
import json
from pathlib import Path

import validator
from validator.engine.examples import run_examples
from validator.errors import ExampleError
from validator.reference.lookup import Reference
from validator.rules.model import RuleSet
from validator.shipped import reference_build_folder


def prove_examples(rules: RuleSet, reference: Reference, *, folder: Path | None = None) -> bool:
    """A rule that does not keep its own word judges nobody. True when the examples were run just now.

    Raises ExampleError with every example that fails.
    """
    proven = (folder or reference_build_folder()) / f".proven-{_hash(rules, reference)}"
    if proven.is_file():
        return False
    broken = [r for r in run_examples(rules.rules, rules, reference) if not r.holds]
    if broken:
        lines = [
            f'{r.place}: {r.rule_id} "{r.says}": expected {r.expect}, came out {r.outcome}' for r in broken
        ]
        raise ExampleError(
            "rules whose own examples fail:\n  " + "\n  ".join(lines),
            fix="Mend the rule or the example; `validator rules test` runs them alone.",
        )
    _remember(proven)
    return True


def _hash(rules: RuleSet, reference: Reference) -> str:
    examples = [[rule.rule_id, e.says, e.given, e.expect] for rule in rules.rules for e in rule.examples]
    digest = hashlib.sha256(json.dumps([rules.set_hash, reference.sha256, examples]).encode())
    for path in sorted(Path(validator.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _remember(proven: Path) -> None:
    """Only the newest proof is kept; a read-only folder keeps none."""
    try:
        for old in proven.parent.glob(".proven-*"):
            old.unlink(missing_ok=True)
        proven.touch(mode=0o600)
    except OSError:
        pass
