"""A finding about a provider stands on no claim, and every report can show it."""

import io
from dataclasses import replace

import polars as pl

from tests.unit.reports.make_content import make_content
from validator.reports import tables
from validator.reports.content import RunContent
from validator.reports.order import riskiest_first
from validator.reports.page import write_page
from validator.reports.worklist import write_worklist

ON_A_CLAIM = (
    "claim_id", "claim_key", "source_file", "source_row", "line_number", "diagnosis_role", "diagnosis_position",
)  # fmt: skip


def with_a_provider_finding() -> RunContent:
    content = make_content(20)
    found = content.findings
    about = found.head(1).with_columns(
        *(pl.lit(None, found.schema[name]).alias(name) for name in ON_A_CLAIM),
        pl.lit("about-a-provider").alias("finding_id"),
        pl.lit(0).cast(found.schema["amount_at_risk"]).alias("amount_at_risk"),
    )
    return replace(content, findings=pl.concat([found, about]))


def test_it_comes_after_what_has_money_at_stake_and_is_not_lost() -> None:
    rows, height = riskiest_first(with_a_provider_finding(), rows_at_most=100)
    assert rows["finding_id"].to_list().count("about-a-provider") == 1
    assert rows["finding_id"][-1] == "about-a-provider"
    assert height == rows.height


def test_page_worklist_and_table_can_show_it() -> None:
    content = with_a_provider_finding()
    for write in (
        lambda file: write_page(content, file),
        lambda file: write_worklist(content, file),
        lambda file: tables.write_csv(content.findings, file, columns=content.findings.columns),
    ):
        file = io.BytesIO()
        write(file)
        assert file.getvalue()
