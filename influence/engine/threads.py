"""One thread an operation, many operations at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


@contextmanager
def one_thread_an_operation() -> Iterator[int]:
    """Within it, torch's operations take one thread each; yields how many torch was set to.

    Tiles are small. Spread over threads, each operation would wait for the slowest of them, a
    hundred times longer than it takes where other work shares the machine; and a tile would leave
    the cache of its core.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def for_each(task: Callable[[T], None], items: Iterable[T], workers: int) -> None:
    """Run a task for each item, on so many threads of Python; raises what a task raises."""
    with ThreadPoolExecutor(workers, initializer=_start) as pool:
        list(pool.map(task, items))


def _start() -> None:
    torch.set_num_threads(1)
    # denormal numbers would slow a well-trained network's tiles down a hundredfold
    torch.set_flush_denormal(True)
