"""One thread per operation, many operations at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


@contextmanager
def one_thread_an_operation() -> Iterator[int]:
    """Limit each torch operation to one thread; yields the number of threads set before.

    Tiles are small. If an operation on one were spread over threads, it would wait for the slowest
    of them (on a busy machine a hundred times the time of the operation itself), and the tile
    would leave the cache of its core.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def for_each(task: Callable[[T], None], items: Iterable[T], workers: int) -> None:
    """Run a task for each item on ``workers`` Python threads; raises what a task raises."""
    with ThreadPoolExecutor(workers, initializer=_start) as pool:
        list(pool.map(task, items))


def _start() -> None:
    torch.set_num_threads(1)
    # denormal numbers would slow down the tiles of a well-trained network a hundredfold
    torch.set_flush_denormal(True)
