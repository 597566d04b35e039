"""Queries to MLflow whose answers come in pages."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mlflow.store.entities import PagedList

T = TypeVar("T")


def paged(page: Callable[[str | None], PagedList[T]]) -> Iterator[T]:
    """The items of all pages, one after another; ``page`` takes the token of a page."""
    token = None
    while True:
        with _without_cyclic_gc():
            found = page(token)
        yield from found
        token = found.token
        if not token:
            return


@contextmanager
def _without_cyclic_gc() -> Iterator[None]:
    """The cyclic garbage collector would take two thirds of a query's time for its new rows."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
