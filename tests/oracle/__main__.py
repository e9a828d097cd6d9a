"""Print the table of docs/second-opinions.md: `python -m tests.oracle`."""

from tests.oracle.comparison import compare, table
from tests.oracle.editor import ask_editor
from tests.oracle.test_mce import twenty_thousand_stays

stays = twenty_thousand_stays()
print(table(compare(stays, ask_editor(stays))))
