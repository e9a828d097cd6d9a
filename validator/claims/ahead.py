"""Make the next item of an iteration while the last one is being used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order; what making one raises is raised in its place.

    `items` runs in a thread of its own, never twice at once.
    """
    end = object()
    with ThreadPoolExecutor(max_workers=1) as maker:
        coming = maker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = maker.submit(next, items, end)
            yield item  # type: ignore[misc]
