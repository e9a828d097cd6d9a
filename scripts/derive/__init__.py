"""What the derivation of the reference facts reads: records of packages that carry official files."""
