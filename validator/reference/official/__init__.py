"""Official tables that a user adds: told by their content, normalised, built into the reference."""
