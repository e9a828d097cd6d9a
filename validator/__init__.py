"""Checks the coding of health-care claims against official, dated references and readable rules."""

__version__ = "0.1.0"
