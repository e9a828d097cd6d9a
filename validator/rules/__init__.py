"""YAML becomes checked, frozen rule trees; checks, locks and documents them."""
