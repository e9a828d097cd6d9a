"""Which tables of the rules are loaded, and which official file makes each of the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from validator.reference.schema import KEYED_TABLES, OFFICIAL_SETS, PAIR_TABLES, Spans

if TYPE_CHECKING:
    from validator.reference.lookup import Reference


@dataclass(frozen=True)
class TableStatus:
    """One table that a user's file makes. `what` is value set, pairs or facts; `file` names the file that
    makes it; `covers` are the days that the loaded files speak about, by setting (blank: any).
    """

    name: str
    what: str
    file: str
    covers: Mapping[str, Spans]

    @property
    def loaded(self) -> bool:
        """Whether a file that makes the table was added."""
        return bool(self.covers)


def official_tables(reference: "Reference") -> list[TableStatus]:
    """Every table that a user's file makes, in the order of the schema."""
    files = [
        *((name, "value set", file) for name, file in OFFICIAL_SETS.items()),
        *((name, "pairs", table.file) for name, table in PAIR_TABLES.items() if table.file),
        *((name, "facts", keyed.file) for name, keyed in KEYED_TABLES.items() if keyed.file),
    ]
    return [
        TableStatus(name, what, file, reference.rule_tables.covers(name) or {}) for name, what, file in files
    ]
