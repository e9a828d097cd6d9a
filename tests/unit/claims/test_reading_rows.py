"""Rows are told apart whatever their quotes, encodings and line ends; bad ones are rejected by number."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.claims.claim_files import (
    Read,
    as_bytes,
    compressed,
    one_line,
    read,
    read_rows,
    read_text,
    whole,
)
from validator.claims import lines
from validator.claims.text import TextReader

HEAD = "claim_id,diagnosis_1,plan_id\n"


def _claims(found: Read) -> list[tuple[str, str | None]]:
    return found.tables.claims.select("claim_id", "plan_id").rows()


def test_ragged_rows_are_rejected_and_their_neighbours_kept(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD + "C1,I10,a\nC2,I10\nC3,I10,b,c\nC4,I10,d\n")
    assert _claims(found) == [("C1", "a"), ("C4", "d")]
    assert found.rejected.rows() == [
        ("claims.csv", 3, None, "the number of cells differs from the number of headings"),
        ("claims.csv", 4, None, "the number of cells differs from the number of headings"),
    ]


def test_quoted_cells_hold_separators_quotes_and_line_breaks(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD + 'C1,I10,"a, ""b"""\nC2,I10,"c\nd"\n"C3","I10","e"\n')
    assert _claims(found) == [("C1", 'a, "b"'), ("C2", "c\nd"), ("C3", "e")]
    assert found.tables.claims["source_row"].to_list() == [2, 3, 5]


def test_a_mark_inside_a_cell_is_text(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD + '"C1",I10,5" pipe\nC2,I10,6" pipe\n')
    assert _claims(found) == [("C1", '5" pipe'), ("C2", '6" pipe')]


def test_a_quote_that_is_never_closed_takes_its_own_row_only(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD + 'C1,I10,"open\nC2,I10,b\nC3,I10,c\n')
    assert _claims(found) == [("C2", "b"), ("C3", "c")]
    assert found.account.rejected_by_reason == {"quotation marks do not pair up": 1}


def test_a_ragged_record_over_several_lines_makes_no_claim_of_its_parts(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD + 'C1,I10,"a\nb",x\nC2,I10,c\n')
    assert _claims(found) == [("C2", "c")]
    assert found.account.rows_rejected == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_blank_lines_are_read(tmp_path: Path, end: str) -> None:
    text = end.join(["", "claim_id,diagnosis_1,plan_id", "C1,I10,a", "", "C2,I10,b", "\x1a"])
    found = read_text(tmp_path, text)
    assert _claims(found) == [("C1", "a"), ("C2", "b")]
    assert found.tables.claims["source_row"].to_list() == [3, 5]
    assert found.account.rows_read == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_are_recognised(tmp_path: Path, encoding: str) -> None:
    found = read_text(tmp_path, (HEAD + "C1,I10,Zoë\n").encode(encoding))
    assert _claims(found) == [("C1", "Zoë")]
    assert found.account.notes == ()


def test_other_bytes_are_read_as_windows_1252_and_counted(tmp_path: Path) -> None:
    found = read_text(tmp_path, (HEAD + "C1,I10,Zo\xeb\nC2,I10,na\xefve\n").encode("cp1252"))
    assert _claims(found) == [("C1", "Zoë"), ("C2", "naïve")]
    assert found.account.notes == ("2 bytes are not UTF-8; they were read as Windows-1252",)


def test_nul_characters_are_blanks(tmp_path: Path) -> None:
    assert _claims(read_text(tmp_path, HEAD + "C1,I10,\0\0\n")) == [("C1", None)]


def test_long_rows_and_long_cells_are_rejected_without_their_neighbours(tmp_path: Path) -> None:
    long_cell, long_row = "x" * 10_001, "x" * (lines.ROW_LIMIT + 1)
    found = read_text(tmp_path, HEAD + f"C1,I10,{long_cell}\nC2,I10,{long_row}\nC3,I10,c\n")
    assert _claims(found) == [("C3", "c")]
    assert found.account.rejected_by_reason == {
        "a cell is longer than 10,000 characters": 1,
        "the row is longer than 1,048,576 bytes": 1,
    }


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_a_row_longer_than_a_chunk_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    monkeypatch.setattr(lines, "CHUNK", 1 << 16)
    monkeypatch.setattr(lines, "ROW_LIMIT", 1 << 15)
    rows = [one_line(), one_line(claim_id="C2", plan_id="x" * 300_000), one_line(claim_id="C3")]
    found = read_rows(tmp_path, *rows, format_=format_)
    assert found.tables.claims["claim_id"].to_list() == ["C1", "C3"]
    assert found.account.rows_read == 3
    assert found.rejected["row"].to_list() == [2 if format_ == "ndjson" else 3]


@pytest.mark.parametrize("format_", ["csv", "tsv", "pipe", "ndjson"])
@pytest.mark.parametrize("size", [97, 1000])
def test_the_size_of_a_chunk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, size: int
) -> None:
    rows = [
        one_line(
            claim_id=f"C{n // 3}",
            line_number=str(n % 3),
            from_date="?",
            plan_id='a "b"\nc' if n % 2 else None,
        )
        for n in range(60)
    ]
    whole = read_rows(tmp_path, *rows, format_=format_)
    monkeypatch.setattr(lines, "CHUNK", size)
    again = read_rows(tmp_path, *rows, format_=format_)
    assert whole.accounts == again.accounts
    for name, frame in whole.tables:
        assert frame.equals(getattr(again.tables, name))


def test_lines_of_ndjson_that_are_no_objects_are_rejected(tmp_path: Path) -> None:
    good = '{"claim_id": "C%s", "diagnosis_1": "I10", "units": 2.5}\n'
    found = read_text(tmp_path, good % 1 + '{bad\n[1]\n"x"\n\n' + good % 2 + '{"claim_id": null}\n')
    assert found.tables.claims["claim_id"].to_list() == ["C1", "C2"]
    assert found.account.rejected_by_reason == {"not a JSON object": 3, "no claim number": 1}
    assert found.rejected["row"].to_list() == [2, 3, 4, 7]


def test_a_key_that_first_stands_in_the_last_line_is_read(tmp_path: Path) -> None:
    rows = [one_line(claim_id=f"C{n}") for n in range(50)] + [one_line(claim_id="last", diagnosis_2="E11.9")]
    found = read_rows(tmp_path, *rows, format_="ndjson")
    assert found.tables.diagnoses["code"].to_list()[-1] == "E119"


def test_lists_in_ndjson_and_parquet_are_read(tmp_path: Path) -> None:
    text = (
        '{"claim_id": "C1", "diagnosis_1": "I10", "diagnosis_pointers": [1, 2], "modifiers": ["25", "59"]}\n'
    )
    from_json = read_text(tmp_path, text).tables.lines
    frame = pl.DataFrame(
        {
            "claim_id": ["C1"],
            "diagnosis_1": ["I10"],
            "diagnosis_pointers": [[1, 2]],
            "modifiers": [["25", "59"]],
        }
    )
    frame.write_parquet(tmp_path / "claims.parquet")
    from_parquet = read(tmp_path / "claims.parquet").tables.lines
    for found in (from_json, from_parquet):
        assert found.select("diagnosis_pointers", "modifiers").rows() == [([1, 2], ["25", "59"])]


def test_parquet_columns_may_have_types_of_their_own(tmp_path: Path) -> None:
    text = pl.DataFrame(
        {
            "claim_id": ["7"],
            "diagnosis_1": ["I10"],
            "from_date": ["2026-02-10"],
            "line_charge": ["120.5"],
            "units": ["2"],
            "line_number": ["1"],
            "revenue_code": ["0450"],
            "denied": ["true"],
        }
    )
    typed = text.select(
        pl.col("claim_id").cast(pl.Int64),
        pl.col("diagnosis_1").cast(pl.Categorical),
        pl.col("from_date").str.to_datetime("%Y-%m-%d"),
        pl.col("line_charge").cast(pl.Float64),
        pl.col("units").cast(pl.Int8),
        pl.col("line_number").cast(pl.Float32),
        pl.lit(450.0).alias("revenue_code"),
        pl.lit(True).alias("denied"),
    )
    text.write_parquet(tmp_path / "text.parquet")
    typed.write_parquet(tmp_path / "typed.parquet")
    one, other = read(tmp_path / "text.parquet").tables, read(tmp_path / "typed.parquet").tables
    for name, frame in one:
        assert frame.drop("source_file", "claim_key", strict=False).equals(
            getattr(other, name).drop("source_file", "claim_key", strict=False)
        )


@pytest.mark.parametrize("format_", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_compression_is_recognised_from_the_content(tmp_path: Path, format_: str, compression: str) -> None:
    content = compressed(as_bytes([one_line()], format_), compression)
    found = read_text(tmp_path, content, name="claims.txt")
    assert found.account.format == f"{format_} {compression}".strip()
    assert found.account.bytes == len(content)
    assert found.tables.claims["claim_id"].to_list() == ["C1"]


def test_a_file_with_headings_only_is_an_empty_night(tmp_path: Path) -> None:
    found = read_text(tmp_path, HEAD)
    assert found.partitions == []
    assert (found.account.rows_read, found.account.layout) == (0, "native")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["a", "", " ", "I10", "é"]), min_size=1, max_size=5), max_size=12),
    st.sampled_from([",", "|", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_rows_that_are_cut_at_once_are_those_that_are_cut_one_by_one(
    rows: list[list[str]], delimiter: str, end: str, ends: bool
) -> None:
    """A cell too many in one row and one too few in another add up; the rows are told apart all the same."""
    body = end.join(delimiter.join(cells) for cells in rows) + (end if ends and rows else "")
    text = f"claim_id{delimiter}dx{delimiter}note\nC1{delimiter}I10{delimiter}x\n{body}"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # Small chunks, so that most of the rows do not stand in one with the headings.
        patch.setattr(lines, "CHUNK", 24)
        at_once = read_text(Path(folder), text)
        patch.setattr(TextReader, "_at_once", lambda *_: None)
        one_by_one = read_text(Path(folder), text)
    assert at_once.accounts == one_by_one.accounts
    assert at_once.rejected.equals(one_by_one.rejected)
    assert whole(at_once.partitions)["claims"].equals(whole(one_by_one.partitions)["claims"])


def test_a_file_of_good_rows_is_cut_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK", 64)
    looked_at: list[int] = []
    piece = TextReader._piece

    def counted(self: TextReader, rows: pl.Series, *rest: Any) -> Any:
        looked_at.append(rows.len())
        return piece(self, rows, *rest)

    monkeypatch.setattr(TextReader, "_piece", counted)
    text = "claim_id,dx\n" + "".join(f"C{n},I10\n" for n in range(100))
    assert read_text(tmp_path, text).account.rows_accepted == 100
    assert sum(looked_at) < 20
