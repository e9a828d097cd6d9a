"""`validator code`."""


def code() -> None:
    """Show the code card."""
