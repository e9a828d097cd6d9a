"""Read several files at once and use what they give in their order, whichever is ready first."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")

_WAITING = 1  # items of a file that may wait to be used, beside the one that is being made
_PATIENCE = 0.05  # seconds after which a maker looks whether anybody still waits for it


def in_order(makers: Sequence[Callable[[], Iterator[Item]]], at_once: int) -> Generator[Iterator[Item]]:
    """One iterator for each maker, in their order; up to `at_once` of them run, each in a thread of its own.

    What making an item raises is raised in its place. An iterator must be used before the next one is taken.
    When this one is closed, the makers are stopped and closed too.
    """
    places: list[queue.Queue[Any]] = [queue.Queue(_WAITING) for _ in makers]
    closing = threading.Event()

    def make(maker: Callable[[], Iterator[Item]], place: "queue.Queue[Any]") -> None:
        try:
            items = maker()
            try:
                while not closing.is_set():
                    item = next(items, _END)
                    _put(place, item, closing)
                    if item is _END:
                        return
            finally:
                close = getattr(items, "close", None)
                if close:
                    close()
        except BaseException as error:
            _put(place, _Raised(error), closing)

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            # Threads take the makers in order, so that whoever is waited for is never behind one that waits.
            for maker, place in zip(makers, places, strict=True):
                pool.submit(make, maker, place)
            for place in places:
                yield _items(place)
        finally:
            closing.set()


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


_END = object()


def _put(place: "queue.Queue[Any]", item: object, closing: threading.Event) -> None:
    while not closing.is_set():
        try:
            place.put(item, timeout=_PATIENCE)
            return
        except queue.Full:
            continue


def _items(place: "queue.Queue[Any]") -> Iterator[Any]:
    while (item := place.get()) is not _END:
        if isinstance(item, _Raised):
            raise item.error
        yield item
