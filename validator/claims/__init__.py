"""Claim files of any layout become the canonical tables; every row is accounted for."""
