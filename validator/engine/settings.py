"""What a run is told from outside: the date of the batch and how far its claims reach."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Settings:
    """`batch_date` is read once at the command line.

    `claims_from` is the first day from which the claims at hand are complete, None if nobody can say (then
    no search into the past is doubted). `delivered` are the claim types that the batch holds at all, None
    for all.
    """

    batch_date: date
    claims_from: date | None = None
    delivered: frozenset[str] | None = None
