"""Rule trees, canonical tables and reference facts become findings, as a pure function of one partition."""
