"""The committed facts and the installed tabular list: found, read and checked against releases.yaml."""

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from validator.errors import Place, ReferenceError
from validator.reference.official.store import Added, added_files
from validator.shipped import added_folder, reference_folder

# Part of the name of what is built: raise it when the build makes other tables from the same sources.
BUILD_VERSION = 16

# What releases.yaml must hold, and of which type.
_MANIFEST = {"covers_from": date, "covers_to": date, "facts": list, "tabular": dict, "releases": list}
_FACT = {"file": str, "rows": int, "sha256": str}
_TABULAR = {"package": str, "version": str, "release": str, "file": str, "sha256": str}
_RELEASE = {
    "system": str, "name": str, "valid_from": date, "valid_to": date, "rows": int, "billable": int,
    "headers": int, "headers_inferred": bool, "headers_by_rule_alone": int, "source": str, "sha256": str,
}  # fmt: skip

_RESTORE = "Restore the folder from the repository or reinstall the package; it must not be edited by hand."


@dataclass(frozen=True)
class ReferenceSources:
    """Everything that the reference is built from. Nothing is read before it is asked for.

    `folder` holds what is shipped, `added` the official files of the user.
    """

    folder: Path
    added: Path | None = None

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """releases.yaml."""
        path = self.folder / "releases.yaml"
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ReferenceError(
                "the list of releases is missing", fix=_RESTORE, place=Place(str(path))
            ) from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = type(error).__name__
            raise ReferenceError(
                f"the list of releases cannot be read ({reason})", fix=_RESTORE, place=Place(str(path))
            ) from None
        lacks = _lacks(document, _MANIFEST)
        for part in (("facts", _FACT), ("releases", _RELEASE)):
            lacks = lacks or next((lack for item in document[part[0]] if (lack := _lacks(item, part[1]))), "")
        lacks = lacks or _lacks(document["tabular"], _TABULAR)
        if lacks:
            raise ReferenceError(f"the list of releases {lacks}", fix=_RESTORE, place=Place(str(path)))
        return document

    @cached_property
    def sha256(self) -> str:
        """Hash of everything below, so that equal sources have an equal name wherever they are."""
        digest = hashlib.sha256(f"build {BUILD_VERSION}\n".encode())
        parts = [("releases.yaml", self.folder / "releases.yaml")]
        parts += [(fact["file"], self.folder / fact["file"]) for fact in self.manifest["facts"]]
        parts += [(f"valuesets/{path.name}", path) for path in self.value_set_files]
        parts += [(f"pairs/{path.name}", path) for path in self.pair_files]
        parts.append(("tabular", self.tabular_path))
        for name, path in parts:
            digest.update(f"{name} {_sha256(path)}\n".encode())
        for one in self.added_files:
            digest.update(f"added {one.identity}\n".encode())
        return digest.hexdigest()

    @cached_property
    def added_files(self) -> list[Added]:
        """The official files that the user added."""
        return added_files(self.added) if self.added else []

    @property
    def value_set_files(self) -> list[Path]:
        """The dated value sets, by name."""
        return sorted((self.folder / "valuesets").glob("*.csv"))

    @property
    def pair_files(self) -> list[Path]:
        """The pair tables that the project ships, by name."""
        return sorted((self.folder / "pairs").glob("*.csv"))

    @cached_property
    def tabular_path(self) -> Path:
        """The tabular list inside the installed package; the package itself is never imported."""
        wanted = self.manifest["tabular"]
        package, _, rest = str(wanted["file"]).partition("/")
        found = importlib.util.find_spec(package)
        origin = Path(found.origin).parent if found is not None and found.origin else None
        if origin is None or not (origin / rest).is_file():
            raise ReferenceError(
                f"the tabular list is missing: {wanted['package']} {wanted['version']} is not installed",
                fix=f"Install it: pip install {wanted['package']}=={wanted['version']}",
            )
        return origin / rest

    def check_files(self, on_checked: Callable[[str], None] = lambda _: None) -> None:
        """Every fact table and the tabular list have the hash that releases.yaml states."""
        problems = []
        for fact in self.manifest["facts"]:
            found = _sha256(self.folder / fact["file"])
            if found != fact["sha256"]:
                problems.append(
                    f"{fact['file']}: sha256 is {found[:12]}, releases.yaml says {fact['sha256'][:12]}"
                )
            on_checked(fact["file"])
        wanted = self.manifest["tabular"]
        found = _sha256(self.tabular_path)
        if found != wanted["sha256"]:
            problems.append(
                f"{wanted['package']}, {wanted['file']}: sha256 is {found[:12]}, "
                f"releases.yaml says {wanted['sha256'][:12]} (version {wanted['version']})"
            )
        on_checked(wanted["file"])
        if problems:
            raise ReferenceError(
                "the reference's sources are not what was checked:\n  " + "\n  ".join(problems), fix=_RESTORE
            )

    def table(self, name: str) -> pl.DataFrame:
        """One fact table, with dates as dates and flags of 0 and 1 as booleans."""
        fact = next(fact for fact in self.manifest["facts"] if fact["file"] == f"facts/{name}")
        path = self.folder / fact["file"]
        try:
            table = pl.read_csv(path, infer_schema=False)
            dates = [column for column in table.columns if column in ("valid_from", "valid_to", "until")]
            flags = [column for column in table.columns if column in ("seventh_character", "inferred")]
            table = table.with_columns(
                pl.col(dates).str.to_date("%Y-%m-%d"), *(pl.col(flag) == "1" for flag in flags)
            )
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ReferenceError(
                f"the fact table cannot be read ({type(error).__name__})",
                fix=_RESTORE,
                place=Place(str(path)),
            ) from None
        if table.height != fact["rows"]:
            raise ReferenceError(
                f"the fact table has {table.height:,} rows, releases.yaml says {fact['rows']:,}",
                fix=_RESTORE,
                place=Place(str(path)),
            )
        return table


def shipped_sources() -> ReferenceSources:
    """The sources of this checkout or installed package, with the files that the user added."""
    return ReferenceSources(reference_folder(), added_folder())


def _lacks(item: object, wanted: Mapping[str, type]) -> str:
    """What a part of releases.yaml lacks, in words; nothing where it is whole."""
    if not isinstance(item, dict):
        return "is not laid out as expected"
    wrong = [key for key, kind in wanted.items() if not isinstance(item.get(key), kind)]
    return f"lacks {', '.join(wrong)}, or one is not of the right kind" if wrong else ""


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ReferenceError(
            f"the file cannot be read ({type(error).__name__})", fix=_RESTORE, place=Place(str(path))
        ) from None
