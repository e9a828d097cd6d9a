"""The memory between nights: which findings are new, open, resolved or not seen again."""
