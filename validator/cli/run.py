"""`validator run`."""


def run() -> None:
    """Judge claim files and write the run folder."""
