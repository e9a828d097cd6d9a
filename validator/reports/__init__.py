"""The run folder: page, workbook, tables, run.json."""
