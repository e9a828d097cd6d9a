"""Fields of canonical rows under their rule names, made for just the rows that a rule looks at."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from validator.claims.schema import CODE_SYSTEMS, RULE_TABLES, ClaimTables, Column, rule_columns
from validator.engine.codes import CODE_FIELDS, Kinds, code_system, kinds_of
from validator.engine.keyed import KEYED_FACTS, keyed_fields, known_name
from validator.engine.marks import every, marks
from validator.engine.settings import Settings
from validator.reference.schema import ICD10_FACTS, LIST_FACTS

if TYPE_CHECKING:
    from validator.reference.lookup import Reference

_COLUMNS = rule_columns()
_PERIOD_FACTS = frozenset(f"icd10.{fact.name}" for fact in ICD10_FACTS)
_LIST_FACTS = frozenset(f"icd10.{fact.name}" for fact in LIST_FACTS)
_CODE_SYSTEM = "diagnosis.code_system"
_TELL_CODE_SYSTEM = ("code", "code_as_sent", "declared_code_system", "coding_date")
_KEYED_BY = {"line": ("procedure_code", "from_date"), "procedure": ("code", "date")}
Made = TypeVar("Made")
_ALWAYS = ("row", "claim_no", "batch.date")


def recorded_name(field_name: str) -> str:
    """The column that says whether the feed of this row carries the field."""
    return f"recorded:{field_name}"


@dataclass
class Frames:
    """The rows of one partition. Whole columns are made once and kept; some rows are made when asked for."""

    tables: ClaimTables
    reference: "Reference"
    settings: Settings

    def __post_init__(self) -> None:
        self._whole: dict[str, pl.DataFrame] = {}
        self._coded: dict[tuple[str, str], tuple[pl.Series, pl.Series]] = {}
        self._told: dict[tuple[str, tuple[str, ...]], pl.Series] = {}
        self._made: dict[tuple[str, ...], Any] = {}

    def base(self, table: str) -> pl.DataFrame:
        """The canonical table that a rule table stands for."""
        frame: pl.DataFrame = getattr(self.tables, RULE_TABLES[table])
        return frame

    @cached_property
    def _is_tonight(self) -> pl.Series | None:
        """Per claim, whether it is to be judged; None where the batch has no earlier claims."""
        if not self.tables.earlier:
            return None
        return ~self.tables.claims["source_file"].is_in(sorted(self.tables.earlier))

    def marked(self, table: str, rows: pl.Series) -> pl.Series:
        """Per row of the table, whether it is among `rows`: looking up by place beats a join."""
        return marks(rows, self.base(table).height)

    def coded(self, table: str, name: str) -> tuple[pl.Series, pl.Series]:
        """The distinct values of a field, and for each row which of them it has (blank: none)."""
        if (table, name) not in self._coded:
            values = self.fields(table, [name])[name].cast(pl.String)
            distinct = values.drop_nulls().unique().sort()
            numbers = pl.DataFrame({"value": distinct}).with_row_index("number")
            places = (
                values.alias("value").to_frame().join(numbers, on="value", how="left", maintain_order="left")
            )
            self._coded[table, name] = distinct, places["number"]
        return self._coded[table, name]

    def add(self, table: str, column: pl.Series) -> None:
        """Give the rows of a table a column that rules read by its name."""
        self._whole[table] = self._whole_of(table).with_columns(column)

    def all_rows(self, table: str) -> pl.Series:
        """Positions of all rows, those of earlier claims too."""
        return pl.int_range(self.base(table).height, dtype=pl.UInt32, eager=True).alias("row")

    def judged(self, table: str) -> pl.Series:
        """Positions of the rows that are judged; those of earlier claims are only looked at by others."""
        rows = self.all_rows(table)
        if self._is_tonight is None:
            return rows
        return rows.filter(self._is_tonight[self.base(table)["claim_no"]])

    def fields(self, table: str, names: Iterable[str], rows: pl.Series | None = None) -> pl.DataFrame:
        """`row`, `claim_no`, `batch.date` and the fields, of all rows in order or of those at `rows`.

        Beside a field stands what its blank may mean: `recorded:<field>` where only some feeds carry it,
        `icd10.status`, `icd10.in_tabular` and `known:<table>` beside facts.
        """
        wanted = sorted(self._with_company(set(names)))
        base = self.base(table)
        whole = self._whole_of(table)
        missing = [name for name in wanted if name not in whole.columns]
        if plain := [name for name in missing if self._is_plain(table, name)]:
            whole = whole.hstack([base[_COLUMNS[name][1].name].alias(name) for name in plain])
            missing = [name for name in missing if name not in whole.columns]
        if missing and (rows is None or rows.len() * 2 >= base.height):
            whole = whole.hstack(self._make(table, None, missing))
            missing = []
        self._whole[table] = whole
        if rows is None or rows.len() == base.height:
            return whole[[*_ALWAYS, *wanted]]
        kept = [name for name in wanted if name not in missing]
        chosen = whole[[*_ALWAYS, *kept]][rows]
        if not missing:
            return chosen
        return chosen.hstack(self._make(table, rows, missing))[[*_ALWAYS, *wanted]]

    def _whole_of(self, table: str) -> pl.DataFrame:
        if table not in self._whole:
            every = pl.DataFrame([self.all_rows(table), self.base(table)["claim_no"]])
            self._whole[table] = every.with_columns(pl.lit(self.settings.batch_date).alias("batch.date"))
        return self._whole[table]

    def _is_plain(self, table: str, name: str) -> bool:
        """Whether the field is a column of the table as it stands, which costs nothing to show."""
        if name not in _COLUMNS or name == _CODE_SYSTEM:
            return False
        owner, column = _COLUMNS[name]
        known_here = not column.derived or self.recorded(name) is True
        return owner == RULE_TABLES[table] and known_here and not has_unknown(column)

    def _with_company(self, names: set[str]) -> set[str]:
        """The fields, and those that tell what a blank in them means."""
        company = {recorded_name(n) for n in names if n in _COLUMNS and self.recorded(n) is None}
        if names & (_PERIOD_FACTS | _LIST_FACTS):
            company.add("icd10.status")
        if names & _LIST_FACTS:
            company.add("icd10.in_tabular")
        company |= {known_name(name) for name in names if name in KEYED_FACTS}
        return (names - {"batch.date", "icd10.title"}) | company

    def _make(self, table: str, rows: pl.Series | None, names: Collection[str]) -> list[pl.Series]:
        base = self.base(table)
        if rows is not None:
            base = base[self._columns_read(table, names)][rows]
        made: list[pl.Series] = []
        if claims_and_own := [n for n in names if n in _COLUMNS and n != _CODE_SYSTEM]:
            made += self._canonical(table, base, claims_and_own)
        if mixed := [n for n in names if n.startswith("recorded:")]:
            sources = self.tables.claims["source_file"][base["claim_no"]]
            made += [sources.is_in(self._carriers(n.removeprefix("recorded:"))).alias(n) for n in mixed]
        if facts := [n for n in names if n in CODE_FIELDS]:
            of_row = self.kinds.of_rows(rows)
            columns = self.kinds.fields(facts)
            made += [columns[name][of_row] for name in facts]
        if _CODE_SYSTEM in names:
            made.append(self._code_system(base, rows))
        keyed = [n for n in names if n in KEYED_FACTS or n.startswith("known:")]
        if keyed:
            made += keyed_fields(keyed, self._keys_of(table, base), self.reference)
        return made

    def _columns_read(self, table: str, names: Collection[str]) -> list[str]:
        """The columns of the table that fields are made from."""
        owned = [_COLUMNS[name] for name in names if name in _COLUMNS]
        read = {"claim_no", *(column.name for owner, column in owned if owner == RULE_TABLES[table])}
        if _CODE_SYSTEM in names:
            read |= set(_TELL_CODE_SYSTEM)
        if any(name in KEYED_FACTS or name.startswith("known:") for name in names):
            read |= set(_KEYED_BY[table])
        return [name for name in self.base(table).columns if name in read]

    def _canonical(self, table: str, base: pl.DataFrame, names: Collection[str]) -> list[pl.Series]:
        """Columns of the table itself and of its claim; derived ones blank where their feed cannot know."""
        expressions = []
        sources: pl.Expr | None = None
        for name in names:
            owner, column = _COLUMNS[name]
            own = owner == RULE_TABLES[table]
            values = pl.col(column.name) if own else self._of_claim(column.name)
            values = known(values, column)
            if column.derived and not (carried := self.recorded(name)):
                if sources is None:
                    sources = self._of_claim("source_file")
                can = pl.lit(False) if carried is False else sources.is_in(self._carriers(name))
                values = pl.when(can).then(values)
            expressions.append(values.alias(name))
        return base.select(expressions).get_columns()

    def _of_claim(self, column: str) -> pl.Expr:
        return pl.lit(self.tables.claims[column]).gather(pl.col("claim_no"))

    def _code_system(self, base: pl.DataFrame, rows: pl.Series | None) -> pl.Series:
        evident = ["icd10.well_formed", "icd10.ever_listed", "icd9.exists"]
        of_row = self.kinds.of_rows(rows)
        columns = self.kinds.fields(evident)
        # Nearly all codes are listed in ICD-10-CM alone, whatever the feed and the date say.
        told = every("icd10cm", base.height, pl.Enum(CODE_SYSTEMS))
        open_ = columns["icd9.exists"] | ~columns["icd10.ever_listed"]
        asked = open_[of_row].arg_true()
        sent = base[list(_TELL_CODE_SYSTEM)][asked]
        sent = sent.with_columns(columns[name][of_row[asked]] for name in evident)
        answer = sent.select(code_system()).to_series()
        return told.scatter(asked, answer).alias(_CODE_SYSTEM)

    def _keys_of(self, table: str, base: pl.DataFrame) -> pl.DataFrame:
        """code, on, setting: what keyed tables are asked by."""
        code, on = ("procedure_code", pl.coalesce("from_date", self._of_claim("from_date")))
        if table != "line":
            code, on = "code", self._day_of_procedure()
        return base.select(
            pl.col(code).alias("code"),
            on.alias("on"),
            self.edit_setting().alias("setting"),
        )

    def _day_of_procedure(self) -> pl.Expr:
        """The codes of a stay, of procedures too, are those of the day of discharge."""
        of_stay = pl.coalesce(self._of_claim("discharge_date"), self._of_claim("through_date"))
        of_visit = pl.coalesce("date", self._of_claim("from_date"))
        return pl.when(self._of_claim("setting") == "inpatient").then(of_stay).otherwise(of_visit)

    def edit_setting(self) -> pl.Expr:
        """Which of CMS's files of edits speaks about the claim of a row: practitioner's or hospital's."""
        form = self._of_claim("claim_type")
        return (
            pl.when(form == "professional")
            .then(pl.lit("practitioner"))
            .when(form == "institutional")
            .then(pl.lit("hospital"))
        )

    @cached_property
    def kinds(self) -> Kinds:
        """The distinct diagnosis codes and periods of the partition, with their facts."""
        return kinds_of(self.tables.diagnoses, self.reference)

    def recorded(self, field_name: str) -> bool | None:
        """Whether the feeds carry the column: True all, False none, None some of them."""
        table, column = _COLUMNS[field_name]
        if column.blank == "never":
            return True
        has = {f"{table}.{column.name}" in columns for columns in self._feeds.values()}
        return has.pop() if len(has) == 1 else None if has else False

    @cached_property
    def _feeds(self) -> dict[str, frozenset[str]]:
        files = self.tables.claims["source_file"].unique().sort().to_list()
        return {file: self.tables.carried.get(file, frozenset()) for file in files}

    def _carriers(self, name: str) -> list[str]:
        table, column = _COLUMNS[name]
        return [file for file, columns in self._feeds.items() if f"{table}.{column.name}" in columns]

    def carries(self, name: str) -> pl.Series:
        """Per claim, whether its feed carries the column."""
        return self.tables.claims["source_file"].is_in(self._carriers(name))

    def carries_rows_of(self, table: str, roles: tuple[str, ...] = ()) -> pl.Series:
        """Per claim, whether its feed delivers rows of this table at all (diagnoses: in one of the roles)."""
        if (table, roles) not in self._told:
            telling = {"diagnosis": "diagnoses.code", "procedure": "procedures.code"}.get(table)
            prefix = RULE_TABLES[table] + "."
            files = [
                file
                for file, columns in self._feeds.items()
                if (telling in columns if telling else any(name.startswith(prefix) for name in columns))
                and (not roles or _delivers_one_of(roles, columns))
            ]
            self._told[table, roles] = self.tables.claims["source_file"].is_in(files)
        return self._told[table, roles]

    @cached_property
    def diagnosis_pairs(self) -> pl.DataFrame:
        """row, other.row of every two main-list diagnoses on one claim, both ways round."""
        rows = self.all_rows("diagnosis")
        main = self.tables.diagnoses["role"].is_in(["principal", "secondary"])
        listed = pl.DataFrame([self.tables.diagnoses["claim_no"], rows]).filter(main)
        pairs = listed.join(listed.rename({"row": "other.row"}), on="claim_no", how="inner")
        return pairs.filter(pl.col("row") != pl.col("other.row")).select("row", "other.row")

    @cached_property
    def claim_ranks(self) -> pl.Series:
        """Per claim its place in the stated order of claims."""
        by = ["received_date", "from_date", "claim_id", "source_file", "source_row"]
        ordered = self.tables.claims.select("claim_no", *by).sort(by, nulls_last=True)["claim_no"]
        ranks = every(0, ordered.len(), pl.UInt32)
        return ranks.scatter(ordered, pl.int_range(ordered.len(), dtype=pl.UInt32, eager=True))

    @cached_property
    def sole_rendering_npi(self) -> pl.Series:
        """Per claim its rendering provider, where all its lines name the same one."""
        npi = pl.col("rendering_npi")
        told = self.tables.lines.group_by("claim_no").agg(npi.n_unique().alias("several"), npi.first())
        sole = told.filter(pl.col("several") == 1)
        whole = every(None, self.tables.claims.height, pl.String)
        return whole.scatter(sole["claim_no"], sole["rendering_npi"])

    @cached_property
    def patient_numbers(self) -> pl.Series:
        """Per claim a number that its patient's claims share; blank where the patient is not named."""
        patients = self.tables.claims["patient_id"]
        numbers = patients.rank("dense").cast(pl.UInt32)
        return numbers.set(patients.is_null(), None)

    def of_patients(self, claims: pl.Series) -> pl.Series:
        """Per claim, whether it is of a patient to whom one of the marked claims belongs."""
        numbers = self.patient_numbers.filter(claims).drop_nulls()
        return marks(numbers, claims.len() + 1)[self._patient_places]

    @cached_property
    def _patient_places(self) -> pl.Series:
        """The numbers of the patients; 0, which is nobody's, where the patient is not named."""
        return self.patient_numbers.fill_null(0)

    def once(self, key: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """What `make` makes, made when it is first asked for under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def _delivers_one_of(roles: tuple[str, ...], columns: frozenset[str]) -> bool:
    """Whether a feed delivers diagnoses in one of the roles; one that does not say which delivers all."""
    told = {name for name in columns if name.startswith("diagnoses.role=")}
    return not told or any(f"diagnoses.role={role}" in told for role in roles)


def known(values: pl.Expr, column: Column) -> pl.Expr:
    """The values with `unknown` as a blank: a claim whose type nobody knows fits no type, for or against."""
    return pl.when(values != "unknown").then(values) if has_unknown(column) else values


def has_unknown(column: Column) -> bool:
    """Whether one of the values of the column says that nobody knows."""
    return isinstance(column.type, pl.Enum) and "unknown" in column.type.categories.to_list()
