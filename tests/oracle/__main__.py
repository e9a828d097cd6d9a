"""Print the table of docs/second-opinions.md: `python -m tests.oracle`."""

from tests.oracle.comparison import table
from tests.oracle.random_stays import random_stays
from tests.oracle.test_mce import ALL_STAYS, ask_both

print(table(ask_both(random_stays(ALL_STAYS))))
