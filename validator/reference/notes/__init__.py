"""The tabular list's notes as data: what each note cites, which pairs of codes follow, facts of a code."""
