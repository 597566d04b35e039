"""Threads are lent and given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from influence.engine.threads import for_each, one_thread_an_operation


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_one_thread_within_and_all_after() -> None:
    with one_thread_an_operation() as threads:
        assert threads == 3
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_given_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), one_thread_an_operation():
        _ = 1 / 0
    assert torch.get_num_threads() == 3


def test_every_item_is_worked_on_and_each_operation_takes_one_thread() -> None:
    seen: list[int] = []
    threads: set[int] = set()
    lock = threading.Lock()

    def work(item: int) -> None:
        with lock:
            seen.append(item)
            threads.add(torch.get_num_threads())

    for_each(work, range(20), workers=3)
    assert sorted(seen) == list(range(20))
    assert threads == {1}


def test_an_error_of_a_worker_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        for_each(lambda item: print(1 / item), [1, 0, 1], workers=2)
