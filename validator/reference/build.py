"""Build `codes-<hash>.duckdb` from the checked sources, whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from validator.errors import ReferenceError
from validator.reference import histories
from validator.reference.neighbours import neighbour_pairs
from validator.reference.notes.build import note_tables
from validator.reference.official.merge import COVERS, merged_tables
from validator.reference.pair_files import read_pair_files
from validator.reference.schema import Period
from validator.reference.sources import ReferenceSources, shipped_sources
from validator.reference.tabular import TabularList, current_titles, named_node, read_tabular
from validator.reference.valuesets import read_value_sets
from validator.shipped import reference_build_folder

Progress = Callable[[str], None]
_LAST_DAY = pl.date(9999, 12, 31)


def built_path(sources: ReferenceSources, folder: Path | None = None) -> Path:
    """Where the reference made of these sources stands; its name says what is in it."""
    return (folder or reference_build_folder()) / f"codes-{sources.sha256[:12]}.duckdb"


def build_reference(
    folder: Path | None = None, *, sources: ReferenceSources | None = None, on_step: Progress = lambda _: None
) -> Path:
    """Check the sources, make the tables, and put the file in its place with one rename.

    Raises ReferenceError, naming what differs, when a source, a count or a hash is not what releases.yaml
    states; nothing is left behind then.
    """
    sources = sources or shipped_sources()
    on_step("checking the sources")
    sources.check_files()
    path = built_path(sources, folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs that build at the same moment make the same tables, and each puts a whole file in place.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".building-") as workplace:
            on_step("making the tables")
            tables = make_tables(sources)
            unfinished = Path(workplace) / path.name
            on_step("writing the database")
            _write(unfinished, tables)
            os.replace(unfinished, path)
    except (OSError, duckdb.Error) as error:
        raise ReferenceError(
            f"the reference cannot be written to {path.parent} ({type(error).__name__})",
            fix="Make room there, or make the folder writable.",
        ) from None
    return path


def make_tables(sources: ReferenceSources) -> dict[str, pl.DataFrame]:
    """Every table of the database by name, checked against releases.yaml."""
    manifest = sources.manifest
    spans = sources.table("icd10cm_spans.csv.gz")
    flags = sources.table("mce_dx_flags.csv.gz")
    levels = sources.table("msdrg_levels.csv.gz")
    ages = sources.table("mce_age_groups.csv")
    icd9 = sources.table("icd9cm_codes.csv.gz")
    check_releases(manifest["releases"], spans, icd9)

    listed = [one for one in manifest["releases"] if one["system"] == "ICD-10-CM"]
    periods = histories.cut_periods(
        [(one["name"], one["valid_from"], one["valid_to"]) for one in listed], [spans, flags, levels, ages]
    )
    masks = histories.code_masks(
        histories.with_mask(spans.drop("inferred"), periods),
        histories.with_mask(pl.concat([flags, levels]), periods),
    )
    codes, distinct = histories.number_histories(masks)
    tabular = read_tabular(sources.tabular_path)
    list_fact, note_pairs = note_tables(tabular, codes, sources.table("icd10cm_note_days.csv.gz"))
    hcc = payment_conditions(sources.table("hcc_payment.csv.gz"))
    slips = neighbour_pairs(hcc.drop_nulls("hcc_v28")["code"], codes.filter(pl.col("in_force") != 0)["code"])
    computed_pairs = {name: pl.concat([table, slips[name]]) for name, table in note_pairs.items()}
    earlier = sources.table("icd10cm_earlier_titles.csv.gz")
    return {
        "meta": pl.DataFrame(
            {
                "sha256": [sources.sha256],
                "covers_from": [manifest["covers_from"]],
                "covers_to": [manifest["covers_to"]],
                "tabular_release": [manifest["tabular"]["release"]],
            }
        ),
        "release": pl.DataFrame(manifest["releases"]),
        "period": _period_table(periods),
        "code": codes.select("code", "history", "skeleton", "in_force", "incomplete", "header"),
        "history": distinct,
        "fact": histories.unfold(distinct, periods, ages),
        "span": spans,
        "flag": flags,
        "age_group": ages,
        "discharge_status": sources.table("mce_discharge_status.csv"),
        "icd9": icd9_codes_and_headers(icd9),
        "conversion": conversions_with_ends(sources.table("icd10cm_conversions.csv.gz"), spans),
        "title": dated_titles(tabular, codes["code"], earlier),
        "node": tabular.nodes,
        "note": tabular.notes,
        "seventh": tabular.sevenths,
        "seventh_of_stem": sevenths_of_stems(tabular, codes),
        "list_fact": list_fact,
        "hcc": hcc,
        **rule_tables(sources, codes["code"], computed_pairs),
    }


def rule_tables(
    sources: ReferenceSources, codes: pl.Series, computed_pairs: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The tables that rules name, shipped and added: value sets, pairs, keyed facts, and the days of each."""
    sets = read_value_sets(sources.value_set_files, codes)
    shipped = {"value_set": sets.members, "value_set_about": sets.about}
    file_pairs = read_pair_files(sources.pair_files, codes)
    shipped |= {name: pl.concat([table, computed_pairs[name]]) for name, table in file_pairs.items()}
    shipped["table_covers"] = covered_days(sources.manifest["covers_from"], sources.manifest["covers_to"])
    added = merged_tables(sources.added_files)
    return {
        **added,
        **{name: pl.concat([table, added[name]]) for name, table in shipped.items()},
        "keyed_icd10pcs": procedure_codes(sources.table("icd10pcs_spans.csv.gz")),
    }


def covered_days(first: date, last: date) -> pl.DataFrame:
    """The days that a shipped table speaks about, where that is not always."""
    return pl.DataFrame(
        {
            "name": ["icd10pcs"],
            "setting": [None],
            "covers_from": [first],
            "covers_to": [last],
        },
        schema=COVERS,
    )


def procedure_codes(spans: pl.DataFrame) -> pl.DataFrame:
    """ICD-10-PCS codes as a keyed table: one row per code and stretch of days with the same facts.

    `status` is that of the days between; the engine knows from the rows beside what a code is on other days.
    """
    facts = [column for column in spans.columns if column not in ("code", "valid_from", "valid_to")]
    return spans.select(
        "code",
        pl.lit(None, pl.String).alias("setting"),
        "valid_from",
        "valid_to",
        pl.lit("in_force").alias("status"),
        *(pl.col(fact) == "1" for fact in facts),
    )


def payment_conditions(table: pl.DataFrame) -> pl.DataFrame:
    """code, hcc_v24, hcc_v28, hcc_chronic; blank where the model pays for no condition of the code."""
    return table.with_columns(pl.col("hcc_chronic") == "1")


def check_releases(releases: list[dict[str, object]], spans: pl.DataFrame, icd9: pl.DataFrame) -> None:
    """Rows, billable codes, headers and hash of every release are what releases.yaml states."""
    problems = []
    for release in releases:
        if release["system"] == "ICD-10-CM":
            day = pl.lit(release["valid_from"])
            standing = spans.filter(
                (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
            ).select("code", flag=(pl.col("kind") == "billable").cast(pl.UInt8))
            lines = standing.sort("code").select(pl.format("{},{}\n", "code", "flag")).to_series()
            billable = int(standing["flag"].sum())
            found: dict[str, object] = {
                "rows": standing.height,
                "billable": billable,
                "headers": standing.height - billable,
            }
        else:
            lines = icd9["code"] + "\n"
            found = {"rows": icd9.height}
        found["sha256"] = hashlib.sha256("".join(lines).encode()).hexdigest()
        for key, value in found.items():
            if value != release[key]:
                name = f"{release['system']} {release['name']}"
                problems.append(f"{name}: {key} is {value}, releases.yaml says {release[key]}")
    if problems:
        raise ReferenceError(
            "the fact tables do not make the releases that were checked:\n  " + "\n  ".join(problems),
            fix="Run scripts/derive_reference.py again, or restore reference/ from the repository.",
        )


def icd9_codes_and_headers(icd9: pl.DataFrame) -> pl.DataFrame:
    """ICD-9-CM codes and their headers: prefixes of three characters or more, four for the E codes."""
    lengths = pl.col("code").str.len_chars()
    shortest = pl.when(pl.col("code").str.starts_with("E")).then(4).otherwise(3)
    parts = [
        icd9.filter((lengths >= length) & (shortest <= length)).select(pl.col("code").str.slice(0, length))
        for length in (3, 4)
    ]
    return pl.concat([icd9, *parts]).unique().sort("code")


def conversions_with_ends(conversions: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """code, newer, valid_from, ended: whether the code ended the day before the newer one began."""
    ends = spans.filter((pl.col("kind") == "billable") & pl.col("valid_to").is_not_null())
    day_after = pl.col("valid_to").dt.offset_by("1d").alias("valid_from")
    ended = ends.select("code", day_after, ended=pl.lit(True))
    return conversions.join(ended, on=["code", "valid_from"], how="left", maintain_order="left").with_columns(
        pl.col("ended").fill_null(False)
    )


def sevenths_of_stems(tabular: TabularList, codes: pl.DataFrame) -> pl.DataFrame:
    """stem, character, meaning, position: what each 7th character means on each six-character stem."""
    return (
        codes.filter((pl.col("incomplete") != 0) & (pl.col("code").str.len_chars() == histories.STEM_LENGTH))
        .select("code")
        .pipe(named_node, tabular)
        .join(tabular.reach, on="node")
        .join(tabular.sevenths, left_on="governs", right_on="node")
        .select("character", "meaning", "position", stem="code")
        .sort("stem", "position")
    )


def dated_titles(tabular: TabularList, codes: pl.Series, earlier: pl.DataFrame) -> pl.DataFrame:
    """code, until, title: a code has the first title whose `until` is not before the date."""
    earlier = earlier.select("code", pl.col("until").fill_null(_LAST_DAY), "title")
    ended = earlier.filter(pl.col("until") == _LAST_DAY)
    current = current_titles(tabular, codes).join(ended, on="code", how="anti")
    current = current.select("code", _LAST_DAY.alias("until"), "title")
    return pl.concat([earlier, current]).sort("code", "until")


def _period_table(periods: tuple[Period, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [(one.number, one.release, one.valid_from, one.valid_to) for one in periods],
        schema={"number": pl.UInt8, "release": pl.String, "valid_from": pl.Date, "valid_to": pl.Date},
        orient="row",
    )


def _write(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            connection.register("incoming", table.to_arrow())
            connection.sql(f'create table "{name}" as select * from incoming')
            connection.unregister("incoming")
        connection.sql("checkpoint")
