"""Random native claims, written in every format and read back, are the claims that were written."""

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.claims.claim_files import Read, as_bytes, compressed, headings_of, read_text
from validator.claims.fields import BLANKS
from validator.errors import ClaimFileError

FORMATS = ("csv", "tsv", "pipe", "semicolon", "ndjson", "parquet", "xlsx")

# Any text that a program may put into a free field, but for what means blank and for control characters,
# which line-based formats cannot carry.
texts = (
    st.text(
        st.characters(blacklist_categories=("Cc", "Cs", "Cn"), blacklist_characters="\u2028\u2029"),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(lambda text: text not in BLANKS["*"])
)
multiline = st.builds("{}\n{}".format, texts, texts)
numbers = st.text("ABC019-", min_size=1, max_size=6).filter(lambda text: text not in BLANKS["*"])
codes = st.sampled_from(
    ["M54.50", "M5450", "e11.9", "I10", "S72.001A", "E880.9", "25000", "9999999", " Z00.00"]
)
dates = st.dates(date(1932, 1, 1), date(2173, 12, 31))
amounts = st.decimals(Decimal("-99999999.99"), Decimal("9999999999.99"), places=2)
units = st.decimals(Decimal(0), Decimal(99999), places=4)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


lines = st.fixed_dictionaries(
    {
        "line_from_date": maybe(dates),
        "procedure_code": maybe(st.sampled_from(["99213", "J0696", "0042T"])),
        "modifiers": st.lists(st.sampled_from(["25", "59", "RT"]), max_size=4),
        "units": maybe(units),
        "line_charge": maybe(amounts),
        "revenue_code": maybe(st.sampled_from(["0450", "0300"])),
        "pointers": st.lists(st.integers(0, 25), max_size=5),
    }
)
claims = st.fixed_dictionaries(
    {
        "patient_id": maybe(texts),
        "plan_id": maybe(texts | multiline),
        "birth_date": maybe(dates),
        "from_date": maybe(dates),
        "total_charge": maybe(amounts),
        "denied": maybe(st.booleans()),
        "type_of_bill": maybe(st.sampled_from(["111", "131", "13I"])),
        "diagnoses": st.dictionaries(st.integers(1, 25), codes, min_size=1, max_size=4),
        "poa": maybe(st.sampled_from(["Y", "N", "W"])),
        "admitting": maybe(codes),
        "causes": st.dictionaries(st.integers(1, 12), codes, max_size=2),
        "lines": st.lists(lines, min_size=1, max_size=3),
    }
)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "Y" if value else "N"
    return None if value is None else str(value)


def rows_of(claim_id: str, claim: dict[str, Any]) -> list[dict[str, str | None]]:
    """A claim as native rows."""
    plain = ("patient_id", "plan_id", "birth_date", "from_date", "total_charge", "denied", "type_of_bill")
    header = {"claim_id": claim_id, **{name: _text(claim[name]) for name in plain}}
    header |= {f"diagnosis_{slot}": code for slot, code in claim["diagnoses"].items()}
    header |= {f"poa_{slot}": claim["poa"] for slot in claim["diagnoses"]}
    header |= {"admitting_diagnosis": claim["admitting"]}
    header |= {f"external_cause_{slot}": code for slot, code in claim["causes"].items()}
    own = ("line_from_date", "procedure_code", "units", "line_charge", "revenue_code")
    return [
        header
        | {"line_number": str(number), **{name: _text(line[name]) for name in own}}
        | {f"modifier_{n}": modifier for n, modifier in enumerate(line["modifiers"], start=1)}
        | {"diagnosis_pointers": ":".join(map(str, line["pointers"])) or None}
        for number, line in enumerate(claim["lines"], start=1)
    ]


def _code(sent: str) -> str:
    return sent.strip().upper().replace(".", "")


def _expected(batch: dict[str, dict[str, Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """The canonical rows, made from the claims in the plainest way there is."""
    expected: dict[str, list[tuple[Any, ...]]] = {"claims": [], "diagnoses": [], "lines": []}
    for claim_id, claim in batch.items():
        charges = [line["line_charge"] for line in claim["lines"]]
        total = claim["total_charge"]
        if total is None and None not in charges:
            total = sum(charges) if abs(sum(charges)) < Decimal(10**10) else None
        expected["claims"].append(
            (
                claim_id,
                claim["patient_id"],
                claim["plan_id"],
                claim["birth_date"],
                claim["from_date"],
                claim["denied"],
                total,
            )
        )
        main = sorted(claim["diagnoses"].items())
        listed = [
            ("principal" if slot == 1 else "secondary", slot, code, claim["poa"]) for slot, code in main
        ]
        listed += [("admitting", 1, claim["admitting"], None)] if claim["admitting"] else []
        listed += [("external_cause", slot, code, None) for slot, code in sorted(claim["causes"].items())]
        expected["diagnoses"] += [
            (claim_id, role, slot, code, _code(code), poa) for role, slot, code, poa in listed
        ]
        expected["lines"] += [
            (
                claim_id,
                number,
                line["line_from_date"],
                line["procedure_code"],
                line["modifiers"] or None,
                line["units"],
                line["line_charge"],
                line["revenue_code"],
                line["pointers"] or None,
            )
            for number, line in enumerate(claim["lines"], start=1)
        ]
    return expected


def _found(found: Read) -> dict[str, list[tuple[Any, ...]]]:
    tables = found.tables
    number = tables.claims["claim_id"]
    columns = {
        "claims": ["claim_id", "patient_id", "plan_id", "birth_date", "from_date", "denied", "total_charge"],
        "diagnoses": ["claim_id", "role", "position", "code_as_sent", "code", "present_on_admission"],
        "lines": [
            *("claim_id", "line_number", "from_date", "procedure_code", "modifiers", "units", "charge"),
            *("revenue_code", "diagnosis_pointers"),
        ],
    }
    return {
        name: getattr(tables, name)
        .with_columns(number.gather(getattr(tables, name)["claim_no"]))
        .select(wanted)
        .rows()
        for name, wanted in columns.items()
    }


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(numbers, claims, min_size=1, max_size=4),
    st.sampled_from(["", "gzip", "zstd"]),
    st.permutations(range(40)),
)
def test_random_claims_come_back_from_every_format(
    batch: dict[str, dict[str, Any]], compression: str, order: list[int]
) -> None:
    rows = [row for claim_id, claim in batch.items() for row in rows_of(claim_id, claim)]
    # One row of blanks would be a blank line in a file of one column; headings are the same in all formats.
    headings = headings_of(rows)
    rows = [{heading: row.get(heading) for heading in headings} for row in rows]
    expected = _expected(batch)
    with tempfile.TemporaryDirectory() as folder:
        for format_ in FORMATS:
            found = read_text(Path(folder), compressed(as_bytes(rows, format_), compression), layout="native")
            assert found.account.rows_rejected == 0
            assert found.account.unusable_cells == ()
            assert _found(found) == expected, format_
        mixed = [rows[place % len(rows)] for place in dict.fromkeys(number % len(rows) for number in order)]
        again = read_text(Path(folder), as_bytes(mixed, "csv"), layout="native")
        assert {name: sorted(map(repr, found)) for name, found in _found(again).items()} == {
            name: sorted(map(repr, found)) for name, found in expected.items()
        }


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(["", "gzip", "zstd"]))
def test_no_bytes_crash_the_reader(content: bytes, compression: str) -> None:
    """Whatever is delivered becomes claims, rejections or a ClaimFileError; nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        head = b"claim_id,diagnosis_1,from_date,units,diagnosis_pointers\n"
        for prefix in (b"", head, b'{"claim_id": "C1", "diagnosis_1": "I10"}\n'):
            try:
                found = read_text(Path(folder), compressed(prefix + content, compression))
            except ClaimFileError:
                continue
            assert found.account.rows_read >= found.account.claims


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r |é\0'), max_size=80))
def test_rows_add_up_whatever_the_quotes_do(text: str) -> None:
    """Every line that is not blank is part of a row that was accepted or rejected."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = read_text(Path(folder), "claim_id,diagnosis_1\nC1,I10\n" + text)
        except ClaimFileError:
            return
        assert found.account.rows_read >= 1
        assert pl.concat([part.claims for part in found.partitions])["claim_id"][0] == "C1"
