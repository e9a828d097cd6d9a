"""X12 837 claim files (professional, institutional, dental) as flat rows, one for each claim and line."""
