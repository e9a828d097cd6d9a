"""Print the table of docs/oracle.md: `python -m tests.oracle`."""

from tests.agree.plain_codes import plain_codes
from tests.oracle.comparison import OUR_COUNT, compare
from tests.oracle.editor import ask_editor
from tests.oracle.random_stays import random_stays
from tests.oracle.test_mce import HOW_MANY, SEED

stays = random_stays(HOW_MANY, plain_codes(), SEED)
found = compare(stays, ask_editor(stays))
print("| edit | editor | ours | stays with the same count | difference, by reason | unexplained |")
print("|---|---|---|---|---|---|")
for edit in OUR_COUNT:
    why = [
        f"{number:+,} {reason}"
        for (of, reason), number in sorted(found.reasons.items())
        if of == edit and number
    ]
    unexplained = sum(1 for sentence in found.unexplained if sentence.startswith(f"{edit},"))
    counts = f"{found.editor[edit]:,} | {found.ours[edit]:,} | {found.the_same[edit]:,}"
    print(f"| {edit} | {counts} | {'; '.join(why)} | {unexplained} |")
