"""Replace the numbers that name patients and claims by keyed hashes, before anything is judged.

HMAC-SHA-256 (RFC 2104, FIPS 198-1) under a key that stays outside the run folder: equal numbers stay equal,
on every night under the same key, and nobody without the key can try out numbers.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import polars as pl

from validator.claims.schema import ClaimTables
from validator.errors import OutputError, Place

KEY_NAME = ".mask-key"
_KEY_BYTES, _SHOWN = 32, 16
# Numbers of claims share one name space, so that a replacement still names its original.
_NUMBERS = {
    "claim_id": "claim",
    "original_claim_id": "claim",
    "payer_control_number": "claim",
    "patient_id": "patient",
    "prior_authorization": "authorization",
}


@dataclass(frozen=True)
class Mask:
    """Masks numbers under a key; `name` tells keys apart without telling the key."""

    key: bytes

    @property
    def name(self) -> str:
        return sha256(b"name of a mask key" + self.key).hexdigest()[:8]

    def text(self, kind: str, number: str) -> str:
        """The mask of one number: 16 hexadecimal characters."""
        return hmac.digest(self.key, f"{kind}\x1f{number}".encode(), "sha256").hex()[:_SHOWN]

    def claim_id(self, number: str) -> str:
        """The mask of a claim's number."""
        return self.text("claim", number)

    def tables(self, tables: ClaimTables) -> ClaimTables:
        """The tables with masked numbers; `claim_key`, which holds one, is masked as a whole."""
        claims = tables.claims
        masked = [self._column(claims[name], kind) for name, kind in _NUMBERS.items()]
        keys = self._column(claims["claim_key"], "claim").alias("claim_key")
        return replace(tables, claims=claims.with_columns(*masked, keys))

    def _column(self, numbers: pl.Series, kind: str) -> pl.Series:
        known = numbers.drop_nulls().unique()
        masks = [self.text(kind, number) for number in known]
        table = pl.DataFrame({"number": known, "mask": pl.Series(masks, dtype=pl.String)})
        found = numbers.alias("number").to_frame().join(table, on="number", how="left", maintain_order="left")
        return found["mask"].alias(numbers.name)


def make_mask_key(path: Path) -> None:
    """A new key where there is none (mode 0600). Raises OutputError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise _no_key(path, "made", error) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")


def read_mask(path: Path) -> Mask:
    """The key in a file. Raises OutputError."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise _no_key(path, "read", error) from None
    except ValueError:
        key = b""
    if len(key) < _KEY_BYTES:
        raise OutputError(
            "this is no mask key",
            fix=f"A key is {2 * _KEY_BYTES} hexadecimal characters; `run --mask` makes one where none is.",
            place=Place(str(path)),
        )
    return Mask(key)


def _no_key(path: Path, step: str, error: OSError) -> OutputError:
    return OutputError(
        f"the mask key cannot be {step}: {error.strerror}",
        fix="Name the file that the run was masked with (--mask-key), and check its permissions.",
        place=Place(str(path)),
    )
