"""Print the table of docs/second-opinions.md: `python -m tests.oracle`."""

from tests.oracle.comparison import compare, table
from tests.oracle.editor import ask_editor
from tests.oracle.random_stays import random_stays
from tests.oracle.test_mce import HOW_MANY

stays = random_stays(HOW_MANY)
print(table(compare(stays, ask_editor(stays))))
