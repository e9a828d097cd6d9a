"""Where the shipped rules and reference facts are: the checkout, or below the installed package."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def _in_checkout() -> bool:
    return (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "rules").is_dir()


def rules_folder() -> Path:
    """The rule set that `validator run` uses unless `--rules` names another."""
    return _CHECKOUT / "rules" if _in_checkout() else _PACKAGE / "_shipped" / "rules"


def reference_folder() -> Path:
    """The committed fact tables, value sets and releases.yaml (read only)."""
    return _CHECKOUT / "reference" if _in_checkout() else _PACKAGE / "_shipped" / "reference"


def reference_build_folder() -> Path:
    """Where `codes-<hash>.duckdb` is built: `reference/` in a checkout, the user's cache when installed."""
    if _in_checkout():
        return _CHECKOUT / "reference"
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "claims-coding-validator"


def added_folder() -> Path:
    """Where `validator reference add` keeps files: `reference/added/` in a checkout, else the user's data."""
    if _in_checkout():
        return _CHECKOUT / "reference" / "added"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "claims-coding-validator" / "added"
