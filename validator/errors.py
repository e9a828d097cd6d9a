"""Errors a user reads, and the exit codes.

Every error says what is wrong, where, and what to do; none ever carries a value from a claim.
The exit codes are part of the command line's contract: a scheduler may see the code and never the text.
"""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What `validator` returns to the shell; the order of meaning is documented in docs/exit-codes.md."""

    NOTHING_FOUND = 0
    FINDINGS = 1
    USAGE = 2
    BROKEN_RULE = 10
    CLAIM_FILE = 11
    REFERENCE = 12
    EXAMPLES = 13
    LOCKED = 14
    NOT_WHOLE = 15
    OUTPUT = 16
    INTERNAL = 70
    INTERRUPTED = 130


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, and a line and column (both from 1) or a row number."""

    file: str
    line: int | None = None
    column: int | None = None
    row: int | None = None

    def __str__(self) -> str:
        if self.row is not None:
            return f"{self.file}, row {self.row}"
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


class ValidatorError(Exception):
    """Base of every error that is shown to the user as it is, without a traceback.

    `what` is one sentence, `fix` says what to do, `place` where it happened.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(self, what: str, *, fix: str = "", place: Place | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        fix = f"\n  {self.fix}" if self.fix else ""
        return f"{where}{self.what}{fix}"


class UsageError(ValidatorError):
    """The command was called with arguments that make no sense together."""

    exit_code = ExitCode.USAGE


class RuleError(ValidatorError):
    """A rule, profile, suppression or lock file cannot be used; the text holds all problems of all files."""

    exit_code = ExitCode.BROKEN_RULE


class ExampleError(ValidatorError):
    """A rule's own examples do not come out as the rule says."""

    exit_code = ExitCode.EXAMPLES


class ClaimFileError(ValidatorError):
    """A claim file cannot be read as claims at all."""

    exit_code = ExitCode.CLAIM_FILE


class ReferenceError(ValidatorError):
    """The code reference is missing, damaged, or does not cover what is asked."""

    exit_code = ExitCode.REFERENCE


class LockedError(ValidatorError):
    """Another run holds the output folder."""

    exit_code = ExitCode.LOCKED


class OutputError(ValidatorError):
    """The run folder cannot be written."""

    exit_code = ExitCode.OUTPUT
